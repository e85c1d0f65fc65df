import Synchronization

/// Computes a value per key once; whoever asks meanwhile waits for the same computation.
///
/// A class because it is shared by the tasks of an import. The computation does not end with the caller that started
/// it, so it must be bounded in time by itself.
package final class OnceMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    package typealias Outcome = Result<Value, RegistryError>

    private struct Entry {
        let task: Task<Outcome, Never>
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

    package func outcome(of key: Key, compute: @escaping @Sendable () async -> Outcome) async -> Outcome {
        let now = ContinuousClock.now
        let entry = state.withLock { state in
            if let entry = state.entries[key], lifetime.map({ entry.began + $0 > now }) ?? true { return entry }
            if state.entries.count >= capacity { state.entries = [:] }
            state.lastNumber += 1
            let task = Task { [parent] in
                if let parent { await parent.outcome(of: key, compute: compute) } else { await compute() }
            }
            let entry = Entry(task: task, number: state.lastNumber, began: now)
            state.entries[key] = entry
            return entry
        }
        let outcome = await entry.task.value
        if !keepsFailures, case .failure = outcome {
            state.withLock { if $0.entries[key]?.number == entry.number { $0.entries[key] = nil } }
        }
        return outcome
    }

    /// The next one who asks computes anew.
    package func forget(_ key: Key) {
        state.withLock { $0.entries[key] = nil }
    }
}
