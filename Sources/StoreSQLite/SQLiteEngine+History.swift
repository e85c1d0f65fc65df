import GRDB
import Store

extension SQLiteEngine {
    public func events(
        in range: KeyRange, after revision: Int64, limit: Int
    ) async throws(StoreError) -> History {
        let (current, compacted) = committed.withLock { ($0.revision, $0.compacted) }
        guard revision >= compacted else { throw .compacted(oldest: compacted) }
        guard revision < current else { return History(batches: [], through: revision) }
        let history = try await read { db in
            try Self.history(of: range, after: revision, through: current, limit: limit, db)
        }
        // As with reads: `compacted` rises before rows go.
        let oldest = compactedRevision
        guard revision >= oldest else { throw .compacted(oldest: oldest) }
        return history
    }

    /// Walks the log by id. The `+` keeps SQLite from walking the keys instead and sorting.
    private static func history(
        of range: KeyRange, after: Int64, through: Int64, limit: Int, _ db: Database
    ) throws -> History {
        let select = try PreparedStatement(
            db,
            """
            SELECT log.id, log.key, log.created, log.previous, log.value, old.created, old.value
            FROM log LEFT JOIN log AS old ON old.id = log.previous
            WHERE log.id > ?1 AND log.id <= ?2 AND +log.key >= ?3 AND (?5 OR +log.key < ?4)
            ORDER BY log.id
            """)
        defer { select.reset() }
        select.bind(1, Schema.lastID(of: after))
        select.bind(2, Schema.lastID(of: through))
        select.bind(3, range.start)
        select.bind(4, range.end ?? "")
        select.bind(5, range.end == nil ? 1 : 0)
        var history = History(batches: [], through: through)
        var count = 0
        while try select.step() {
            let revision = Schema.revision(of: select.int(0))
            if history.batches.last?.revision != revision {
                if limit > 0, count >= limit {
                    history.through = history.batches.last?.revision ?? after
                    return history
                }
                history.batches.append(EventBatch(revision: revision, events: []))
            }
            history.batches[history.batches.count - 1].events.append(event(of: select, at: revision))
            count += 1
        }
        return history
    }

    private static func event(of row: PreparedStatement, at revision: Int64) -> Event {
        let key = row.text(1)
        var previous: KeyValue?
        if row.int(3) != 0 {
            previous = KeyValue(
                key: key, value: row.bytes(6), createRevision: row.int(5),
                modRevision: Schema.revision(of: row.int(3)))
        }
        let isPut = row.int(2) != 0
        return Event(
            kind: isPut ? .put : .delete, key: key, value: isPut ? row.bytes(4) : [],
            createRevision: isPut ? row.int(2) : row.int(5), modRevision: revision, previous: previous)
    }
}
