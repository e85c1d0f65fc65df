import Dispatch
import GRDB
import Store

extension SQLiteEngine {
    public func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            enum Role { case closer, waiter, late }
            let role: Role = waiting.withLock { waiting in
                if waiting.closed {
                    guard !waiting.finished else { return .late }
                    waiting.closers.append(continuation)
                    return .waiter
                }
                waiting.closed = true
                waiting.closers.append(continuation)
                return .closer
            }
            switch role {
            case .closer: finish()
            case .waiter: break
            case .late: continuation.resume()
            }
        }
    }

    /// Commits what was accepted, marks the clean end, and closes the connections off the cooperative pool.
    private func finish() {
        pool.asyncWriteWithoutTransaction { [self] db in
            while case let group = takeGroup(), !group.isEmpty { commitGroup(group, db) }
            try? Schema.setMeta(db, "clean", 1)
            DispatchQueue.global().async { [self] in
                try? pool.close()
                // Only now may another process open the directory.
                lock.withLock { $0 = nil }
                let closers = waiting.withLock { waiting in
                    waiting.finished = true
                    waiting.observer = nil
                    defer { waiting.closers = [] }
                    return waiting.closers
                }
                for closer in closers { closer.resume() }
            }
        }
    }
}
