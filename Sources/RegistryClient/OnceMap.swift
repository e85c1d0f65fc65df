import Synchronization

/// Computes a value per key once; whoever asks meanwhile waits for the same computation.
///
/// A class because it is shared by the tasks of an import. The computation does not end with the caller that started
/// it, so it must be bounded in time by itself. A caller that is cancelled does not wait for it.
package final class OnceMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    package typealias Outcome = Result<Value, RegistryError>

    private struct Entry {
        let computation: Computation
        let number: UInt64
        let began: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())
    /// For how long an outcome is good; nil for ever.
    private let lifetime: Duration?
    private let keepsFailures: Bool
    /// Beyond so many entries all are forgotten: rare, and the work is only done again.
    private let capacity: Int
    /// Where successes are looked for, and kept, that others may have as well.
    private let parent: OnceMap?

    package init(
        lifetime: Duration? = nil, keepsFailures: Bool = true, capacity: Int = .max, parent: OnceMap? = nil
    ) {
        self.lifetime = lifetime
        self.keepsFailures = keepsFailures
        self.capacity = capacity
        self.parent = parent
    }

    /// - Returns: a failure where the caller is cancelled first.
    package func outcome(of key: Key, compute: @escaping @Sendable () async -> Outcome) async -> Outcome {
        let now = ContinuousClock.now
        let computation = state.withLock { state in
            if let entry = state.entries[key], lifetime.map({ entry.began + $0 > now }) ?? true {
                return entry.computation
            }
            if state.entries.count >= capacity { state.entries = [:] }
            state.lastNumber += 1
            let entry = Entry(computation: Computation(), number: state.lastNumber, began: now)
            state.entries[key] = entry
            Task {
                let outcome = await self.compute(key, compute)
                if !keepsFailures, case .failure = outcome { self.forget(key, number: entry.number) }
                entry.computation.end(outcome)
            }
            return entry.computation
        }
        return await computation.outcome()
            ?? .failure(.network(method: "Get", url: "", NetworkFailure(.other, "context canceled")))
    }

    private func compute(_ key: Key, _ compute: @escaping @Sendable () async -> Outcome) async -> Outcome {
        if let parent { await parent.outcome(of: key, compute: compute) } else { await compute() }
    }

    private func forget(_ key: Key, number: UInt64) {
        state.withLock { if $0.entries[key]?.number == number { $0.entries[key] = nil } }
    }

    /// The next one who asks computes anew.
    package func forget(_ key: Key) {
        state.withLock { $0.entries[key] = nil }
    }

    /// One computation, and who waits for it. A class because they share it.
    private final class Computation: Sendable {
        private struct State {
            var outcome: Outcome?
            var waiters: [UInt64: CheckedContinuation<Outcome?, Never>] = [:]
            var lastWaiter: UInt64 = 0
        }

        private let state = Mutex(State())

        func end(_ outcome: Outcome) {
            let waiters = state.withLock { state in
                state.outcome = outcome
                defer { state.waiters = [:] }
                return state.waiters.values
            }
            for waiter in waiters { waiter.resume(returning: outcome) }
        }

        /// - Returns: nil where the caller is cancelled first.
        func outcome() async -> Outcome? {
            let number = state.withLock { state in
                state.lastWaiter += 1
                return state.lastWaiter
            }
            return await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isOver = state.withLock { state in
                        guard state.outcome == nil, !Task.isCancelled else { return true }
                        state.waiters[number] = continuation
                        return false
                    }
                    if isOver { continuation.resume(returning: state.withLock { $0.outcome }) }
                }
            } onCancel: {
                let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
                waiter?.resume(returning: nil)
            }
        }
    }
}
