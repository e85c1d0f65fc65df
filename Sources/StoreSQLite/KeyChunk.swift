/// The versions of one key.
struct KeyVersions: Sendable {
    private(set) var newest: Version
    /// Ascending; versions that a read at a revision may still want.
    private(set) var older: [Version] = []

    init(newest: Version) {
        self.newest = newest
    }

    /// The version that was the newest one when `id` was.
    func version(at id: Int64) -> Version? {
        newest.id <= id ? newest : older.last { $0.id <= id }
    }

    mutating func supersede(by version: Version) {
        older.append(newest)
        newest = version
    }

    /// Forgets what a version superseded, and the version too if it is a deletion.
    /// - Returns: whether the key has gone for good.
    mutating func compact(supersededBy version: Version) -> Bool {
        older.removeAll { $0.id < version.id || ($0.id == version.id && version.isDeletion) }
        if older.isEmpty { older = [] }
        return newest.id == version.id && version.isDeletion
    }
}

/// Neighbours in the index of keys, with their versions.
///
/// A class, so that a copy of the list of chunks costs one retain for each. Only ``KeyIndex`` changes one, and none that it is
/// not the only owner of: whoever else sees it sees it unchanged.
final class KeyChunk: @unchecked Sendable {
    /// Keys of a chunk.
    static let limit = 256

    private(set) var keys: PackedKeys
    private(set) var versions: [KeyVersions]
    /// The highest id of all versions.
    private var highest: Int64
    /// Keys that do not exist now.
    private var deletions: Int

    var count: Int { versions.count }

    /// - Parameter keys: in order, with their versions.
    init(_ keys: [String], _ versions: [KeyVersions]) {
        self.keys = PackedKeys(keys)
        self.versions = versions
        highest = versions.reduce(0) { max($0, $1.newest.id) }
        deletions = versions.count { $0.newest.isDeletion }
    }

    init(copying other: KeyChunk) {
        keys = other.keys
        versions = other.versions
        highest = other.highest
        deletions = other.deletions
    }

    convenience init(joining first: KeyChunk, _ second: KeyChunk) {
        self.init(first.keys.strings + second.keys.strings, first.versions + second.versions)
    }

    /// How many of some keys exist at a revision.
    /// - Parameter id: the highest one of the revision.
    func existing(_ range: Range<Int>, at id: Int64) -> Int {
        if range.count == count, highest <= id { return count - deletions }
        return versions[range].count { $0.version(at: id).map { !$0.isDeletion } ?? false }
    }

    func insert(_ key: String, _ value: KeyVersions, at offset: Int) {
        keys.insert(key, at: offset)
        versions.reserveSparingly(1)
        versions.insert(value, at: offset)
        note(value.newest)
    }

    /// Adds a version that is newer than all others.
    func supersede(_ offset: Int, by version: Version) {
        if versions[offset].newest.isDeletion { deletions -= 1 }
        versions[offset].supersede(by: version)
        note(version)
    }

    /// - Returns: whether the key has gone for good.
    func compact(_ offset: Int, supersededBy version: Version) -> Bool {
        versions[offset].compact(supersededBy: version)
    }

    func remove(at offset: Int) {
        if versions[offset].newest.isDeletion { deletions -= 1 }
        keys.remove(at: offset)
        versions.remove(at: offset)
    }

    /// Takes the keys from `offset` on out of the chunk.
    func split(at offset: Int) -> KeyChunk {
        let all = keys.strings
        let rest = KeyChunk(Array(all[offset...]), Array(versions[offset...]))
        keys = PackedKeys(Array(all[..<offset]))
        versions = Array(versions[..<offset])
        deletions -= rest.deletions
        return rest
    }

    private func note(_ version: Version) {
        highest = max(highest, version.id)
        if version.isDeletion { deletions += 1 }
    }
}
