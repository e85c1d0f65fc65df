import OCI
import Synchronization

/// Which blobs were reported to clients lately, before the store knows it (spec/registry.md GC-3).
///
/// The collector of this process asks here first, so a blob that was just reported is safe at once. After a crash the
/// last minute is missing: the grace periods are counted longer by as much.
public final class TouchLog: Sendable {
    /// What was touched: a row, by its key.
    public struct Touch: Hashable, Sendable {
        public var key: String
        /// Milliseconds since 1970.
        public var time: Int64
    }

    /// A touch that is younger than this is not worth another one, in milliseconds.
    public static let granularity: Int64 = 600_000

    private struct State {
        var pending: [String: Int64] = [:]
        /// Those that are being written; they count until they have been.
        var flushing: [String: Int64] = [:]
        /// When there was no room for a touch: anything may have been used then.
        var overflow: Int64?
    }

    private let state = Mutex(State())
    /// Beyond so many between two flushes, everything counts as touched.
    static let capacity = 100_000

    public init() {}

    /// Notes that the row at `key` was used.
    /// - Parameter known: when its row says it was used last.
    func touch(_ key: String, known: Int64, now: Int64) {
        guard now - known > Self.granularity else { return }
        state.withLock { state in
            guard state.pending.count < Self.capacity || state.pending[key] != nil else {
                state.overflow = now
                return
            }
            state.pending[key] = now
        }
    }

    /// When a row was used last, if that is not in the store yet.
    public func time(of key: String) -> Int64? {
        state.withLock { state in
            [state.pending[key], state.flushing[key], state.overflow].compactMap { $0 }.max()
        }
    }

    /// What is to be written. Call `endFlush` when it has been.
    func beginFlush() -> [Touch] {
        state.withLock { state in
            for (key, time) in state.pending { state.flushing[key] = time }
            state.pending.removeAll()
            return state.flushing.map { Touch(key: $0.key, time: $0.value) }
        }
    }

    func endFlush(_ touches: [Touch]) {
        state.withLock { state in
            for touch in touches where state.flushing[touch.key] == touch.time { state.flushing[touch.key] = nil }
        }
    }
}
