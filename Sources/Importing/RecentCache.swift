import Synchronization

/// What was found out about some things, of the whole process; bounded. Forgets what was not asked for longest.
package final class RecentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var values: [Key: (value: Value, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    package init(capacity: Int) { self.capacity = max(8, capacity) }

    package subscript(key: Key) -> Value? {
        get {
            state.withLock { state in
                guard let value = state.values[key]?.value else { return nil }
                state.clock += 1
                state.values[key] = (value, state.clock)
                return value
            }
        }
        set {
            state.withLock { state in
                guard let newValue else {
                    state.values[key] = nil
                    return
                }
                state.clock += 1
                state.values[key] = (newValue, state.clock)
                guard state.values.count > capacity else { return }
                // An eighth at a time, so that sorting is rare.
                for old in state.values.sorted(by: { $0.value.used < $1.value.used }).prefix(capacity / 8) {
                    state.values[old.key] = nil
                }
            }
        }
    }
}
