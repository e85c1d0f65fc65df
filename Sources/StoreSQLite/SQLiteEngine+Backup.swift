import Dispatch
import Foundation
import GRDB
import Store

extension SQLiteEngine {
    /// Copies the store, as it is at one moment, into a new file while it keeps running.
    ///
    /// The copy becomes visible under its name only when it is complete and synced. To restore, put it as `store.db`
    /// into an empty directory.
    /// - Throws: `.invalid` when `path` exists, `.full`, `.io`, `.corrupt`, `.closed`.
    public func backup(to path: String) async throws(StoreError) {
        guard !waiting.withLock({ $0.closed }) else { throw .closed }
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [pool] in
                do {
                    continuation.resume(returning: .success(try Self.copy(pool, to: path)))
                } catch {
                    continuation.resume(returning: .failure(SQLiteFailure.storeError(error, path: path)))
                }
            }
        }
        try result.get()
    }

    private static func copy(_ pool: DatabasePool, to path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else { throw StoreError.invalid("\(path) exists already") }
        let unfinished = path + ".unfinished"
        let remove = { for end in ["", "-wal", "-shm", "-journal"] { unlink(unfinished + end) } }
        remove()
        do {
            let copy = try DatabaseQueue(path: unfinished)
            // One step: a reader's snapshot, whatever is written meanwhile.
            try pool.backup(to: copy)
            try copy.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL; UPDATE meta SET value = 1 WHERE name = 'clean'")
                try db.checkpoint(.truncate)
            }
            try copy.close()
            try sync(unfinished)
            guard rename(unfinished, path) == 0 else {
                throw StoreError.io("can't rename \(unfinished): \(String(cString: strerror(errno)))")
            }
            try sync((path as NSString).deletingLastPathComponent)
        } catch {
            remove()
            throw error
        }
    }

    private static func sync(_ path: String) throws {
        let descriptor = Foundation.open(path.isEmpty ? "." : path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.io("can't open \(path): \(String(cString: strerror(errno)))") }
        defer { Foundation.close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw StoreError.io("can't sync \(path): \(String(cString: strerror(errno)))")
        }
    }
}
