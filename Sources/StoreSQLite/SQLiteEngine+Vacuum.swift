import GRDB
import Store

extension SQLiteEngine {
    /// Writes the file anew without what was deleted, of which an ordinary deletion leaves the bytes in place.
    ///
    /// Takes as much space again as the store has, and keeps writers waiting.
    /// - Throws: `.full`, `.io`, `.corrupt`, `.closed`. The store is then as it was.
    public func vacuum() async throws(StoreError) {
        try await write { db in
            try db.execute(sql: "VACUUM")
            // Until then the old pages are still in the file, and the new ones in the log.
            try db.checkpoint(.truncate)
        }
    }
}
