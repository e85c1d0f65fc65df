import DequeModule
import Store

/// One version of a key: a row of the log.
struct Version: Sendable {
    var id: Int64
    /// The create revision; 0 = this version is a deletion.
    var created: Int64

    var isDeletion: Bool { created == 0 }
    var revision: Int64 { Schema.revision(of: id) }
}

/// Every key with the rows of its versions, in memory: what etcd's tree index is.
///
/// The log on disk needs no index of keys then, of which each write would dirty a page of its own. A copy is a snapshot (see
/// ``OrderedMap``), so a read takes one and needs the lock no more.
struct KeyIndex: Sendable {
    fileprivate struct Versions: Sendable {
        var newest: Version
        /// Ascending; versions that a read at a revision may still want.
        var older: [Version] = []

        /// The version that was the newest one when `id` was.
        func version(at id: Int64) -> Version? {
            newest.id <= id ? newest : older.last { $0.id <= id }
        }
    }

    fileprivate var keys = OrderedMap<Versions>()

    /// The newest version, unless the key does not exist now.
    subscript(key: String) -> Version? {
        keys[key].flatMap { $0.newest.isDeletion ? nil : $0.newest }
    }

    /// The version that a read at a revision sees.
    func version(of key: String, at revision: Int64) -> Version? {
        keys[key]?.version(at: Schema.lastID(of: revision)).flatMap { $0.isDeletion ? nil : $0 }
    }

    /// The first keys of a range that exist at a revision, and how many there are in all.
    func range(_ range: KeyRange, at revision: Int64, order: RangeOrder, limit: Int) -> (
        page: [(key: String, version: Version)], count: Int
    ) {
        let id = Schema.lastID(of: revision)
        var page: Deque<(key: String, version: Version)> = []
        var count = 0
        keys.visit(range) { key, versions in
            if let version = versions.version(at: id), !version.isDeletion {
                count += 1
                if order == .descending {
                    page.prepend((key, version))
                    if limit > 0 && page.count > limit { page.removeLast() }
                } else if limit <= 0 || count <= limit {
                    page.append((key, version))
                }
            }
            return true
        }
        return (Array(page), count)
    }

    /// Adds a version that is newer than all others.
    mutating func append(_ version: Version, to key: String) {
        let isKnown = keys.update(key) { versions in
            versions.older.append(versions.newest)
            versions.newest = version
        }
        if !isKnown { keys.set(key, Versions(newest: version)) }
    }

    /// Forgets what a version superseded, and the version too if it is a deletion.
    mutating func compact(_ key: String, supersededBy version: Version) {
        var isGone = false
        _ = keys.update(key) { versions in
            isGone = versions.newest.id == version.id && version.isDeletion
            versions.older.removeAll { $0.id < version.id || ($0.id == version.id && version.isDeletion) }
        }
        if isGone { keys.remove(key) }
    }
}

extension KeyIndex {
    /// Makes an index from all versions in the order of their keys, those of one key in order.
    struct Builder {
        private var index = KeyIndex()
        private var keys: [String] = []
        private var values: [Versions] = []

        /// The key of the version that was added last.
        var last: String? { keys.last }

        /// Adds a newer version of the last key.
        mutating func append(_ version: Version) {
            guard !values.isEmpty else { return }
            let newest = values[values.count - 1].newest
            values[values.count - 1].older.append(newest)
            values[values.count - 1].newest = version
        }

        /// Adds the oldest version of a further key.
        mutating func append(_ version: Version, to key: String) {
            if keys.count == OrderedMap<Versions>.pageSize { flush() }
            keys.append(key)
            values.append(Versions(newest: version))
        }

        mutating func finish() -> KeyIndex {
            flush()
            return index
        }

        private mutating func flush() {
            index.keys.append(keys, values)
            keys.removeAll(keepingCapacity: true)
            values.removeAll(keepingCapacity: true)
        }
    }
}
