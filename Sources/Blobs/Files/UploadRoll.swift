/// Which uploads there are, and who holds them. Pure.
struct UploadRoll: Sendable {
    struct Entry: Sendable {
        var info: [UInt8]
        /// Seconds since 1970.
        var startedAt: Int64
    }

    private(set) var entries: [UploadID: Entry] = [:]
    private var held: [String: Set<UploadID>] = [:]
    private let holders: UploadInfo.Holders

    init(_ entries: [UploadID: Entry] = [:], holders: @escaping UploadInfo.Holders) {
        self.holders = holders
        for (id, entry) in entries { insert(id, entry) }
    }

    subscript(id: UploadID) -> Entry? { entries[id] }

    /// - Throws: `.tooManyUploads` where a holder has as many as it may.
    mutating func insert(_ id: UploadID, _ entry: Entry, within bounds: [String: Int] = [:]) throws(BlobError) {
        let names = holders(entry.info)
        for name in names {
            if let bound = bounds[name], ids(of: name).count >= bound { throw .tooManyUploads(holder: name) }
        }
        insert(id, entry, names)
    }

    private mutating func insert(_ id: UploadID, _ entry: Entry) { insert(id, entry, holders(entry.info)) }

    private mutating func insert(_ id: UploadID, _ entry: Entry, _ names: [String]) {
        entries[id] = entry
        for name in names { held[name, default: []].insert(id) }
    }

    /// - Returns: whether it was there.
    @discardableResult
    mutating func remove(_ id: UploadID) -> Bool {
        guard let entry = entries.removeValue(forKey: id) else { return false }
        for name in holders(entry.info) {
            held[name]?.remove(id)
            if held[name]?.isEmpty == true { held[name] = nil }
        }
        return true
    }

    func ids(of holder: String) -> Set<UploadID> { held[holder] ?? [] }
}
