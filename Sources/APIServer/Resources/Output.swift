import APIMachinery
import JSON

/// An object on its way to a client.
///
/// Stored objects travel as the bytes that were encoded when they were written (design, section 1.2); computed ones as
/// values that are encoded once. Either form gives the other.
public struct Output<Object: APIObject>: Sendable {
    private enum Form: Sendable {
        case encoded(EncodedObject)
        case both(EncodedObject, Object, EncodedMembers?)
        case value(Object)
    }
    private let form: Form

    public init(_ object: Object) { form = .value(object) }
    public init(_ encoded: EncodedObject) { form = .encoded(encoded) }
    /// - Parameters:
    ///   - decoded: what `encoded` decodes to.
    ///   - members: of `encoded`, if they are at hand.
    public init(_ encoded: EncodedObject, decoded: Object, members: EncodedMembers? = nil) {
        form = .both(encoded, decoded, members)
    }

    /// The object's JSON.
    public var encoded: EncodedObject {
        switch form {
        case .encoded(let encoded), .both(let encoded, _, _): encoded
        case .value(let object): EncodedObject(object)
        }
    }

    /// Where the members of the JSON lie; nil where that cannot be told.
    var members: EncodedMembers? {
        if case .both(_, _, let members?) = form { members } else { EncodedMembers(encoded.json) }
    }

    /// Bytes of the JSON; nil where the object was not encoded yet.
    var encodedSize: Int? {
        if case .encoded(let encoded) = form { encoded.json.count } else { nil }
    }

    /// The decoded object.
    /// - Throws: `APIError` (500) where stored bytes do not decode.
    public func object() throws -> Object {
        switch form {
        case .value(let object), .both(_, let object, _): return object
        case .encoded(let encoded):
            do { return try Object.decode(encoded.json) } catch {
                throw APIError.internalError("stored \(Object.groupVersionKind.kind) does not decode: \(error)")
            }
        }
    }
}

/// A list on its way to a client.
public struct OutputList<Object: APIObject>: Sendable {
    /// All items, or the first ones.
    public var items: [Output<Object>]
    /// The further items, which are read while the first ones are sent; nil where there are none.
    public var rest: OutputPages<Object>?
    public var metadata: ListMeta

    public init(
        items: [Output<Object>], rest: OutputPages<Object>? = nil, metadata: ListMeta = ListMeta()
    ) {
        self.items = items
        self.rest = rest
        self.metadata = metadata
    }

    /// All items, all in memory.
    func allItems() async throws -> [Output<Object>] {
        guard let rest else { return items }
        var items = items
        for try await page in rest { items += page }
        return items
    }

    /// What `transform` makes of each item, which may be much smaller.
    func map<Result>(_ transform: (Output<Object>) throws -> Result) async throws -> [Result] {
        var results = try items.map(transform)
        guard let rest else { return results }
        for try await page in rest { results += try page.map(transform) }
        return results
    }
}

/// Items of a list, some at a time.
public struct OutputPages<Object: APIObject>: AsyncSequence, Sendable {
    let pages: ObjectPages<Object>

    public struct AsyncIterator: AsyncIteratorProtocol {
        var pages: ObjectPages<Object>

        public mutating func next() async throws -> [Output<Object>]? {
            try await pages.next()?.map { Output($0.value.encoded) }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages: pages) }
}

/// The JSON of one object: compact, `kind` and `apiVersion` first, no newline at the end.
public struct EncodedObject: Sendable {
    public let json: [UInt8]
    /// Where the object goes on behind kind and apiVersion: an item of a typed list is `{` and the bytes from here.
    public let itemStart: Int

    public init(json: [UInt8], itemStart: Int) {
        self.json = json
        self.itemStart = itemStart
    }

    public init<Object: APIObject>(_ object: Object) {
        json = object.jsonBytes()
        itemStart = Self.headLength(of: Object.groupVersionKind)
    }

    /// The length of `{"kind":"…","apiVersion":"…",`.
    public static func headLength(of kind: GroupVersionKind) -> Int {
        #"{"kind":"","apiVersion":"","#.utf8.count + kind.kind.utf8.count + kind.apiVersion.utf8.count
    }
}
