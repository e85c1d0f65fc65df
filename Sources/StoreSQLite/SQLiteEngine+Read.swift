import GRDB
import Store

// Which rows a read wants is decided by a snapshot of the key index, at a revision that is published; SQLite only gives
// their values. Its own snapshot may already hold newer rows: they are not asked for.
extension SQLiteEngine {
    public func get(_ key: String, at revision: Int64?) async throws(StoreError) -> KeyValue? {
        try await atRevision(revision) { [self] index, revision throws(StoreError) in
            guard let version = index.version(of: key, at: revision) else { return nil }
            return try await load([(key, version)]).first
        }
    }

    public func range(
        _ range: KeyRange, at revision: Int64?, order: RangeOrder, limit: Int, keysOnly: Bool
    ) async throws(StoreError) -> RangeResult {
        try await atRevision(revision) { [self] index, revision throws(StoreError) in
            let (page, count) = index.range(range, at: revision, order: order, limit: limit)
            let kvs = keysOnly ? page.map { Self.kv($0.key, $0.version, []) } : try await load(page)
            return RangeResult(kvs: kvs, revision: revision, more: count > page.count, count: count)
        }
    }

    /// Runs a read at a revision that exists from begin to end of the read.
    private func atRevision<Result>(
        _ asked: Int64?, _ body: (KeyIndex, Int64) async throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        while true {
            guard !waiting.withLock({ $0.closed }) else { throw .closed }
            let (index, current, compacted) = committed.withLock { ($0.index, $0.revision, $0.compacted) }
            let revision = asked ?? current
            guard revision <= current else { throw .futureRevision(current: current) }
            guard revision >= compacted else { throw .compacted(oldest: compacted) }
            let result = try await body(index, revision)
            // `compacted` rises before rows go, so this finds every read that may have missed some.
            let oldest = compactedRevision
            if revision >= oldest { return result }
            if asked != nil { throw .compacted(oldest: oldest) }
        }
    }

    /// The values of some rows. A row that compaction dropped meanwhile gives an empty value; the caller notices.
    private func load(_ rows: [(key: String, version: Version)]) async throws(StoreError) -> [KeyValue] {
        guard !rows.isEmpty else { return [] }
        return try await read { db in
            let select = try PreparedStatement(db, "SELECT value FROM log WHERE id = ?1")
            defer { select.reset() }
            var kvs: [KeyValue] = []
            kvs.reserveCapacity(rows.count)
            for (key, version) in rows {
                select.reset()
                select.bind(1, version.id)
                kvs.append(Self.kv(key, version, try select.step() ? select.bytes(0) : []))
            }
            return kvs
        }
    }

    private static func kv(_ key: String, _ version: Version, _ value: [UInt8]) -> KeyValue {
        KeyValue(key: key, value: value, createRevision: version.created, modRevision: version.revision)
    }
}
