import GRDB
import Store

// Reads name the revision they want in SQL, so a reader's snapshot that already holds newer, unpublished changes
// answers the same as one that does not.
extension SQLiteEngine {
    public func get(_ key: String, at revision: Int64?) async throws(StoreError) -> KeyValue? {
        try await atRevision(revision) { db, revision in
            let select = try PreparedStatement(
                db,
                "SELECT id, created, value FROM log WHERE key = ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1")
            defer { select.reset() }
            select.bind(1, key)
            select.bind(2, Schema.lastID(of: revision))
            guard try select.step(), select.int(1) != 0 else { return nil }
            return KeyValue(
                key: key, value: select.bytes(2), createRevision: select.int(1),
                modRevision: Schema.revision(of: select.int(0)))
        }
    }

    public func range(
        _ range: KeyRange, at revision: Int64?, limit: Int, keysOnly: Bool
    ) async throws(StoreError) -> RangeResult {
        try await atRevision(revision) { db, revision in
            let found = try Self.keys(of: range, at: revision, limit: limit, db)
            let isPage = limit > 0 && found.count == limit
            let count = isPage ? try Self.count(of: range, at: revision, db) : found.count
            var kvs = found.map(\.kv)
            if !keysOnly {
                let select = try PreparedStatement(db, "SELECT value FROM log WHERE id = ?1")
                defer { select.reset() }
                for (index, row) in found.enumerated() {
                    select.reset()
                    select.bind(1, row.id)
                    if try select.step() { kvs[index].value = select.bytes(0) }
                }
            }
            return RangeResult(kvs: kvs, revision: revision, more: count > kvs.count, count: count)
        }
    }

    private static func keys(
        of range: KeyRange, at revision: Int64, limit: Int, _ db: Database
    ) throws -> [(kv: KeyValue, id: Int64)] {
        // SQLite takes the other columns of a group from the row with the maximum.
        let select = try PreparedStatement(
            db,
            """
            SELECT key, max(id), created FROM log
            WHERE key >= ?1 AND \(upperBound(range)) AND id <= ?3
            GROUP BY key HAVING created <> 0 ORDER BY key LIMIT ?4
            """)
        defer { select.reset() }
        bind(range, at: revision, select)
        select.bind(4, limit > 0 ? Int64(limit) : -1)
        var found: [(kv: KeyValue, id: Int64)] = []
        while try select.step() {
            let id = select.int(1)
            let kv = KeyValue(
                key: select.text(0), value: [], createRevision: select.int(2), modRevision: Schema.revision(of: id))
            found.append((kv, id))
        }
        return found
    }

    private static func count(of range: KeyRange, at revision: Int64, _ db: Database) throws -> Int {
        let select = try PreparedStatement(
            db,
            """
            SELECT count(*) FROM (
                SELECT max(id), created FROM log
                WHERE key >= ?1 AND \(upperBound(range)) AND id <= ?3
                GROUP BY key HAVING created <> 0)
            """)
        defer { select.reset() }
        bind(range, at: revision, select)
        return try select.step() ? Int(select.int(0)) : 0
    }

    private static func upperBound(_ range: KeyRange) -> String {
        // Without a bound the parameter still has to appear.
        range.end == nil ? "?2 IS NOT NULL" : "key < ?2"
    }

    private static func bind(_ range: KeyRange, at revision: Int64, _ select: PreparedStatement) {
        select.bind(1, range.start)
        select.bind(2, range.end ?? "")
        select.bind(3, Schema.lastID(of: revision))
    }

    /// Runs a read at a revision that exists from begin to end of the read.
    private func atRevision<Result: Sendable>(
        _ asked: Int64?, _ body: @escaping @Sendable (Database, Int64) throws -> Result
    ) async throws(StoreError) -> Result {
        while true {
            let (current, compacted) = committed.withLock { ($0.revision, $0.compacted) }
            let revision = asked ?? current
            guard revision <= current else { throw .futureRevision(current: current) }
            guard revision >= compacted else { throw .compacted(oldest: compacted) }
            let result = try await read { db in try body(db, revision) }
            // `compacted` rises before rows go, so this finds every read that may have missed some.
            let oldest = compactedRevision
            if revision >= oldest { return result }
            if asked != nil { throw .compacted(oldest: oldest) }
        }
    }
}
