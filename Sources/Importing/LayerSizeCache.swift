import OCI
import Synchronization

/// Sizes of layers by digest, of the whole process: a digest's size is a fact wherever it was met (A.12). Forgets what
/// was not asked for longest.
final class LayerSizeCache: Sendable {
    private struct State {
        var sizes: [Digest: (size: Int64, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int = 2048) { self.capacity = max(8, capacity) }

    subscript(digest: Digest) -> Int64? {
        get {
            state.withLock { state in
                guard let size = state.sizes[digest]?.size else { return nil }
                state.clock += 1
                state.sizes[digest] = (size, state.clock)
                return size
            }
        }
        set {
            guard let newValue else { return }
            state.withLock { state in
                state.clock += 1
                state.sizes[digest] = (newValue, state.clock)
                guard state.sizes.count > capacity else { return }
                // An eighth at a time, so that sorting is rare.
                for old in state.sizes.sorted(by: { $0.value.used < $1.value.used }).prefix(capacity / 8) {
                    state.sizes[old.key] = nil
                }
            }
        }
    }
}
