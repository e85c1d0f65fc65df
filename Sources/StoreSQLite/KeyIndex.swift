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
/// The log on disk needs no index of keys then, of which each write would dirty a page of its own. The keys lie in order in
/// chunks of some hundred, so an insert moves a few KiB however many keys there are. A copy is a snapshot that costs one
/// retain; the next change after it copies only the list of chunks and one chunk. So a read takes one and needs the lock no
/// more.
struct KeyIndex: Sendable {
    /// A place in the index, valid until the next change.
    private struct Position {
        var chunk: Int
        var offset: Int
    }

    private var chunks: [KeyChunk] = []
    /// The first key of each chunk.
    private var firsts: [String] = []

    /// The newest version, unless the key does not exist now.
    subscript(key: String) -> Version? {
        versions(of: key).flatMap { $0.newest.isDeletion ? nil : $0.newest }
    }

    /// The version that a read at a revision sees.
    func version(of key: String, at revision: Int64) -> Version? {
        versions(of: key)?.version(at: Schema.lastID(of: revision)).flatMap { $0.isDeletion ? nil : $0 }
    }

    /// The first keys of a range that exist at a revision, and how many there are in all.
    func range(_ range: KeyRange, at revision: Int64, order: RangeOrder, limit: Int) -> (
        page: [(key: String, version: Version)], count: Int
    ) {
        let id = Schema.lastID(of: revision)
        let start = lowerBound(range.start)
        let end = range.end.map(lowerBound) ?? Position(chunk: chunks.count, offset: 0)
        var page: [(key: String, version: Version)] = []
        var count = 0
        for part in Self.indices(from: start.chunk, to: min(end.chunk + 1, chunks.count), order) {
            let chunk = chunks[part]
            let first = part == start.chunk ? start.offset : 0
            let last = part == end.chunk ? end.offset : chunk.count
            guard first < last else { continue }
            guard limit <= 0 || count < limit else {
                count += chunk.existing(first..<last, at: id)
                continue
            }
            for offset in Self.indices(from: first, to: last, order) {
                guard let version = chunk.versions[offset].version(at: id), !version.isDeletion else { continue }
                count += 1
                if limit <= 0 || count <= limit { page.append((chunk.keys[offset], version)) }
            }
        }
        return (page, count)
    }

    private static func indices(from start: Int, to end: Int, _ order: RangeOrder) -> StrideTo<Int> {
        order == .ascending ? stride(from: start, to: end, by: 1) : stride(from: end - 1, to: start - 1, by: -1)
    }

    // MARK: Changes

    /// Adds a version that is newer than all others.
    mutating func append(_ version: Version, to key: String) {
        guard !chunks.isEmpty else {
            chunks = [KeyChunk([key], [KeyVersions(newest: version)])]
            firsts = [key]
            return
        }
        let index = SortedKeys.lastNotAfter(firsts, key)
        makeUnique(index)
        let (offset, isKnown) = chunks[index].keys.search(key)
        if isKnown { return chunks[index].supersede(offset, by: version) }
        chunks[index].insert(key, KeyVersions(newest: version), at: offset)
        if offset == 0 { firsts[index] = key }
        if chunks[index].count > KeyChunk.limit { split(index) }
    }

    /// Forgets what a version superseded, and the version too if it is a deletion.
    mutating func compact(_ key: String, supersededBy version: Version) {
        guard let position = find(key) else { return }
        makeUnique(position.chunk)
        guard chunks[position.chunk].compact(position.offset, supersededBy: version) else { return }
        chunks[position.chunk].remove(at: position.offset)
        mergeIfSmall(position.chunk)
    }

    private mutating func makeUnique(_ index: Int) {
        if !isKnownUniquelyReferenced(&chunks[index]) { chunks[index] = KeyChunk(copying: chunks[index]) }
    }

    private mutating func split(_ index: Int) {
        // Keys often arrive in order: a full last chunk is left almost full then.
        let isLast = index == chunks.count - 1
        let at = isLast ? chunks[index].count - KeyChunk.limit / 8 : chunks[index].count / 2
        let rest = chunks[index].split(at: at)
        firsts.insert(rest.keys[0], at: index + 1)
        chunks.insert(rest, at: index + 1)
    }

    private mutating func mergeIfSmall(_ index: Int) {
        if chunks[index].count == 0 {
            chunks.remove(at: index)
            firsts.remove(at: index)
            return
        }
        firsts[index] = chunks[index].keys[0]
        let next = index + 1
        guard next < chunks.count, chunks[index].count + chunks[next].count <= KeyChunk.limit / 2 else { return }
        chunks[index] = KeyChunk(joining: chunks[index], chunks[next])
        chunks.remove(at: next)
        firsts.remove(at: next)
    }

    // MARK: Search

    private func versions(of key: String) -> KeyVersions? {
        find(key).map { chunks[$0.chunk].versions[$0.offset] }
    }

    private func find(_ key: String) -> Position? {
        guard !chunks.isEmpty else { return nil }
        let index = SortedKeys.lastNotAfter(firsts, key)
        let (offset, isFound) = chunks[index].keys.search(key)
        return isFound ? Position(chunk: index, offset: offset) : nil
    }

    private func lowerBound(_ key: String) -> Position {
        guard !chunks.isEmpty else { return Position(chunk: 0, offset: 0) }
        let index = SortedKeys.lastNotAfter(firsts, key)
        return Position(chunk: index, offset: chunks[index].keys.search(key).index)
    }
}

extension KeyIndex {
    /// Makes an index from all versions in the order of their keys, those of one key in order.
    struct Builder {
        private var index = KeyIndex()
        private var keys: [String] = []
        private var versions: [KeyVersions] = []

        /// The key of the version that was added last.
        var last: String? { keys.last }

        /// Adds a newer version of the last key.
        mutating func append(_ version: Version) {
            guard !versions.isEmpty else { return }
            versions[versions.count - 1].supersede(by: version)
        }

        /// Adds the oldest version of a further key.
        mutating func append(_ version: Version, to key: String) {
            if keys.count == KeyChunk.limit * 7 / 8 { flush() }
            keys.append(key)
            versions.append(KeyVersions(newest: version))
        }

        mutating func finish() -> KeyIndex {
            flush()
            return index
        }

        private mutating func flush() {
            guard let first = keys.first else { return }
            index.chunks.append(KeyChunk(keys, versions))
            index.firsts.append(first)
            keys.removeAll(keepingCapacity: true)
            versions.removeAll(keepingCapacity: true)
        }
    }
}
