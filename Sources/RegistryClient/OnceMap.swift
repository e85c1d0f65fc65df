import Synchronization

/// Computes a value per key once; whoever asks meanwhile waits for the same computation.
///
/// A class because it is shared by the tasks of an import. The computation does not end with the caller that started
/// it, so it must be bounded in time by itself.
final class OnceMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, RegistryError>

    private let entries = Mutex<[Key: Task<Outcome, Never>]>([:])

    func outcome(of key: Key, compute: @escaping @Sendable () async -> Outcome) async -> Outcome {
        let task = entries.withLock { entries in
            if let task = entries[key] { return task }
            let task = Task { await compute() }
            entries[key] = task
            return task
        }
        return await task.value
    }

    /// The next one who asks computes anew.
    func forget(_ key: Key) {
        entries.withLock { $0[key] = nil }
    }
}
