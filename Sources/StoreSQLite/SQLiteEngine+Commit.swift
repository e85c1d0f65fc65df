import Dispatch
import GRDB
import Store

/// A transaction that waits for the writer.
struct PendingTransaction: Sendable {
    var transaction: Transaction
    var continuation: CheckedContinuation<Result<Int64, StoreError>, Never>
}

// Group commit: while one group is synced, the next one gathers.
extension SQLiteEngine {
    public func commit(_ transaction: Transaction) async throws(StoreError) -> Int64 {
        try transaction.validate()
        let result = await withCheckedContinuation { continuation in
            enqueue(PendingTransaction(transaction: transaction, continuation: continuation))
        }
        return try result.get()
    }

    private func enqueue(_ pending: PendingTransaction) {
        enum Next { case wakeWriter, wait, refuse }
        let next: Next = waiting.withLock { waiting in
            guard !waiting.closed else { return .refuse }
            waiting.transactions.append(pending)
            guard !waiting.draining else { return .wait }
            waiting.draining = true
            return .wakeWriter
        }
        switch next {
        case .wait: break
        case .wakeWriter: queueTurn()
        case .refuse: pending.continuation.resume(returning: .failure(.closed))
        }
    }

    /// One turn commits one group. Further groups queue up again, so that compaction gets its turns in between.
    func queueTurn() {
        pool.asyncWriteWithoutTransaction { [self] db in
            commitGroup(takeGroup(), db)
            let goesOn = waiting.withLock { waiting in
                waiting.draining = !waiting.transactions.isEmpty
                return waiting.draining
            }
            if goesOn { queueTurn() }
        }
    }

    /// Takes what waits, within the limits of a group; at least one transaction.
    func takeGroup() -> [PendingTransaction] {
        waiting.withLock { waiting in
            var count = 0
            var bytes = 0
            for pending in waiting.transactions {
                bytes += pending.transaction.byteCount
                if count > 0, count >= configuration.groupTransactions || bytes > configuration.groupBytes { break }
                count += 1
            }
            if count == waiting.transactions.count {
                defer { waiting.transactions = [] }
                return waiting.transactions
            }
            defer { waiting.transactions.removeFirst(count) }
            return Array(waiting.transactions.prefix(count))
        }
    }

    /// Applies a group in one SQLite transaction, publishes it and resumes its callers.
    func commitGroup(_ group: [PendingTransaction], _ db: Database) {
        guard !group.isEmpty else { return }
        var stage = CommitStage(engine: self)
        var results: [Result<Int64, StoreError>] = []
        results.reserveCapacity(group.count)
        do {
            try db.inTransaction(.immediate) {
                for pending in group { results.append(try stage.apply(pending.transaction, db)) }
                // Only conflicts: nothing to sync.
                return stage.batches.isEmpty ? .rollback : .commit
            }
        } catch {
            let error = SQLiteFailure.storeError(error, path: path)
            if case .full = error, group.count > 1 {
                // One of them may be the large one that does not fit.
                for pending in group { commitGroup([pending], db) }
                return
            }
            // Conflicts found on the way may come from changes that were taken back: all of the group fails.
            for pending in group { pending.continuation.resume(returning: .failure(error)) }
            return
        }
        publish(stage)
        for (pending, result) in zip(group, results) { pending.continuation.resume(returning: result) }
    }

    private func publish(_ stage: CommitStage) {
        guard !stage.batches.isEmpty else { return }
        committed.withLock { committed in
            for (key, version) in stage.versions { committed.index.append(version, to: key) }
            committed.revision = stage.revision
        }
        waiting.withLock { $0.observer }?(stage.batches)
    }
}

extension Transaction {
    /// Bytes of its keys and values.
    fileprivate var byteCount: Int {
        mutations.reduce(0) { sum, mutation in
            guard case .put(let key, let value) = mutation else { return sum + mutation.key.utf8.count }
            return sum + key.utf8.count + value.count
        }
    }
}
