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
        var lost: Int64?
        /// The `lost` that the store knows.
        var writtenLost: Int64?
    }

    private let state = Mutex(State())
    /// Beyond so many that are not written yet, everything counts as touched.
    static let capacity = 100_000

    public init() {}

    /// Notes that the row at `key` was used.
    /// - Parameter known: when its row says it was used last.
    func touch(_ key: String, known: Int64, now: Int64) {
        guard now - known > Self.granularity else { return }
        let isNoted = state.withLock { state in
            guard state.pending.count + state.flushing.count < Self.capacity || state.pending[key] != nil else {
                return false
            }
            state.pending[key] = now
            return true
        }
        if !isNoted { lose(now) }
    }

    /// When a row was used last, if that is not in the store yet.
    public func time(of key: String) -> Int64? {
        state.withLock { state in
            [state.pending[key], state.flushing[key], state.lost].compactMap { $0 }.max()
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

    /// Those have been written. The others are tried again.
    func endFlush(_ touches: ArraySlice<Touch>) {
        state.withLock { state in
            for touch in touches where state.flushing[touch.key] == touch.time { state.flushing[touch.key] = nil }
        }
    }

    // MARK: What was lost

    /// A touch is lost.
    func lose(_ now: Int64) { state.withLock { $0.lost = now } }

    /// When a touch was lost last, if the store does not know it yet.
    var unwrittenLoss: Int64? {
        state.withLock { $0.lost == $0.writtenLost ? nil : $0.lost }
    }

    /// The store knows of a loss, now or since a process before this one.
    func noteWritten(loss time: Int64) {
        state.withLock { state in
            state.lost = max(state.lost ?? time, time)
            state.writtenLost = time
        }
    }
}
