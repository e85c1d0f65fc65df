import APIMachinery
import Store

/// What a list or the beginning of a watch shows, some objects at a time: all of one revision, however long it takes.
struct ObjectPages<Object: APIObject>: Sendable {
    private let store: ObjectStore<Object>
    private let options: ListOptions
    private let range: KeyRange
    /// The next entries, before they are selected.
    private var page: CacheSnapshot<StoredObject>?
    /// What comes behind `page`.
    private var rest: KeyRange?

    /// The revision of all objects.
    let revision: Int64

    /// - Parameter first: the first entries of `range`.
    init(
        store: ObjectStore<Object>, options: ListOptions, first: CacheSnapshot<StoredObject>, in range: KeyRange
    ) {
        self.store = store
        self.options = options
        self.range = range
        revision = first.revision
        page = first
        rest = Self.rest(behind: first, of: range)
    }

    /// Whether nothing is left. That the last objects are not selected is not known beforehand.
    var isAtEnd: Bool { page == nil && rest == nil }

    /// The selected ones among the next objects, perhaps none; nil at the end.
    /// - Throws: `APIError`: 410 where reading took so long that the revision is gone.
    mutating func next() async throws -> [CacheEntry<StoredObject>]? {
        if page == nil, let wanted = rest {
            let read = try await store.historic(at: revision, after: nil, in: wanted, limit: store.pageSize)
            page = read
            rest = Self.rest(behind: read, of: range)
        }
        guard let entries = page?.entries else { return nil }
        page = nil
        if options.labelSelector.isEmpty && options.fieldSelector.isEmpty { return entries }
        return entries.filter { store.matches($0.value, key: $0.key, options) }
    }

    private static func rest(behind page: CacheSnapshot<StoredObject>, of range: KeyRange) -> KeyRange? {
        page.remaining > 0 ? page.entries.last.map { range.after($0.key) } : nil
    }
}
