import GRDB
import Store

// Compaction follows the `previous` links of the changes up to the compacted revision: what such a change superseded
// can't be read any more. Its cost is the number of changes since the last compaction, not the size of the store.
//
// Two marks are durable: `compacted` is set before the first row goes, `swept` moves with the rows of each step.
// A crash in between leaves rows that nobody can read; the next compaction sweeps them.
extension SQLiteEngine {
    public func compact(to revision: Int64) async throws(StoreError) {
        try await write { [self] db in
            let (current, compacted) = committed.withLock { ($0.revision, $0.compacted) }
            guard revision <= current else { throw StoreError.futureRevision(current: current) }
            guard revision > compacted else { return }
            try db.inTransaction(.immediate) {
                try Schema.setMeta(db, "compacted", revision)
                return .commit
            }
            committed.withLock { $0.compacted = revision }
        }
        // One step a turn of the writer: transactions that wait go in between.
        while try await write({ [self] db in try sweep(db) }) {}
    }

    /// Drops what a bounded number of changes superseded.
    /// - Returns: whether there is more to do.
    private func sweep(_ db: Database) throws -> Bool {
        let target = committed.withLock { $0.compacted }
        let swept = try Schema.meta(db, "swept", path: path)
        guard swept < Schema.lastID(of: target) else { return false }
        var visited = swept
        var dropped: [Int64] = []
        var superseding: [(key: String, version: Version)] = []
        var rows: Int64 = 0
        do {
            let changes = try PreparedStatement(
                db, "SELECT id, previous, created, key FROM log WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3")
            defer { changes.reset() }
            changes.bind(1, swept)
            changes.bind(2, Schema.lastID(of: target))
            changes.bind(3, configuration.sweepRows)
            while try changes.step() {
                rows += 1
                visited = changes.int(0)
                guard changes.int(1) != 0 else { continue }
                dropped.append(changes.int(1))
                let version = Version(id: visited, created: changes.int(2))
                // A deletion itself says nothing that the absence of the key doesn't.
                if version.isDeletion { dropped.append(visited) }
                superseding.append((changes.text(3), version))
            }
        }
        let finished = rows < configuration.sweepRows
        try db.inTransaction(.immediate) {
            let delete = try PreparedStatement(db, "DELETE FROM log WHERE id = ?1")
            for id in dropped {
                delete.bind(1, id)
                try delete.run()
            }
            try Schema.setMeta(db, "swept", finished ? Schema.lastID(of: target) : visited)
            return .commit
        }
        committed.withLock { committed in
            for (key, version) in superseding { committed.index.compact(key, supersededBy: version) }
        }
        return !finished
    }
}
