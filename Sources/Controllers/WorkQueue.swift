import Synchronization

/// Keys waiting to be worked on: each at most once in the queue and at most once at work.
///
/// A key that is added while it is worked on comes again afterwards. Safe to use from any task.
final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct State {
        /// In their order from `first` on; what lies before has been taken.
        var waiting: [Key] = []
        var first = 0
        var queued: Set<Key> = []
        var active: Set<Key> = []
        /// Added while active.
        var again: Set<Key> = []
        var failures: [Key: Int] = [:]
        var takers: [Int: CheckedContinuation<Key?, Never>] = [:]
        var nextTaker = 0
        var isClosed = false

        mutating func enqueue(_ key: Key) {
            if active.contains(key) {
                again.insert(key)
            } else if queued.insert(key).inserted {
                waiting.append(key)
            }
        }

        /// Pairs waiting keys with waiting takers.
        mutating func dispatch() -> [(CheckedContinuation<Key?, Never>, Key)] {
            var pairs: [(CheckedContinuation<Key?, Never>, Key)] = []
            while first < waiting.count, let taker = takers.keys.min(),
                let continuation = takers.removeValue(forKey: taker)
            {
                let key = waiting[first]
                first += 1
                queued.remove(key)
                active.insert(key)
                pairs.append((continuation, key))
            }
            // Taken keys are let go by halves: with many thousands waiting, moving all for each would take over.
            if first > waiting.count / 2 {
                waiting.removeFirst(first)
                first = 0
            }
            return pairs
        }
    }

    private let state = Mutex(State())

    /// Keys that nobody works on yet.
    var waitingCount: Int { state.withLock { $0.waiting.count - $0.first } }

    func add(_ key: Key) {
        let pairs = state.withLock { state in
            state.enqueue(key)
            return state.dispatch()
        }
        for (continuation, key) in pairs { continuation.resume(returning: key) }
    }

    /// The next key; nil when the queue was closed or the task cancelled. Call `done` for every key taken.
    func take() async -> Key? {
        let number = state.withLock { state in
            state.nextTaker += 1
            return state.nextTaker
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let pairs: [(CheckedContinuation<Key?, Never>, Key)]? = state.withLock { state in
                    if state.isClosed || Task.isCancelled { return nil }
                    state.takers[number] = continuation
                    return state.dispatch()
                }
                guard let pairs else { return continuation.resume(returning: nil) }
                for (continuation, key) in pairs { continuation.resume(returning: key) }
            }
        } onCancel: {
            state.withLock { $0.takers.removeValue(forKey: number) }?.resume(returning: nil)
        }
    }

    /// Ends the work on a key.
    /// - Returns: how often the key has failed in a row, this time included; 0 after success.
    @discardableResult
    func done(_ key: Key, hasFailed: Bool) -> Int {
        let (failures, pairs) = state.withLock { state in
            state.active.remove(key)
            let failures = hasFailed ? state.failures[key, default: 0] + 1 : 0
            state.failures[key] = hasFailed ? failures : nil
            if state.again.remove(key) != nil { state.enqueue(key) }
            return (failures, state.dispatch())
        }
        for (continuation, key) in pairs { continuation.resume(returning: key) }
        return failures
    }

    /// Forgets how often a key has failed.
    func forget(_ key: Key) {
        state.withLock { $0.failures[key] = nil }
    }

    /// Lets everybody who waits go.
    func close() {
        let takers = state.withLock { state in
            state.isClosed = true
            defer { state.takers = [:] }
            return Array(state.takers.values)
        }
        for taker in takers { taker.resume(returning: nil) }
    }
}
