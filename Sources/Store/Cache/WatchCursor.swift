import Synchronization

/// A position in the events of a ``RangeCache``.
///
/// It holds no events and no place in a queue: a cursor that nobody waits on costs nothing, one that waits costs a
/// continuation. Use it from one task at a time.
public final class WatchCursor<Value: Sendable>: Sendable {
    private struct State {
        var position: Int64
        /// Whether the cursor has reached the ring; from then on it must keep up with it.
        var hasJoined = false
        var isEnded = false
    }

    /// Events of one `next`, about.
    private static var batchLimit: Int { 256 }
    /// Events of one `next` that come from the history: those are this cursor's own, and there may be thousands of them
    /// after a restart.
    private static var historyLimit: Int { 32 }

    private let cache: RangeCache<Value>
    private let range: KeyRange?
    private let bucket: StoreKey
    private let state: Mutex<State>

    init(cache: RangeCache<Value>, after revision: Int64, range: KeyRange?) {
        self.cache = cache
        self.range = range
        bucket = WatchWaiters.bucket(for: range)
        state = Mutex(State(position: revision))
    }

    /// Every change up to this revision has been returned. It also moves while nothing of the range changes, so it
    /// is what a bookmark may say after ``next(deadline:)`` returned.
    public var revision: Int64 { state.withLock { $0.position } }

    /// Whether the store was closed: no more events will come.
    public var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Waits for changes.
    ///
    /// - Returns: the changes after ``revision``, in order, never a part of a revision; empty at the deadline, when the
    ///   task is cancelled, and when the store was closed (``isEnded``).
    /// - Throws: `.compacted` when the cursor was too slow and its next events have left the ring.
    public func next(
        deadline: ContinuousClock.Instant? = nil
    ) async throws(StoreError) -> [CacheEvent<Value>] {
        while true {
            if let events = try await take() { return events }
            guard await wait(deadline: deadline) else { return [] }
        }
    }

    /// The changes after ``revision`` that are there already, in order, never a part of a revision.
    ///
    /// Who waits should wait outside of this: it needs memory that thousands of waiting tasks should not keep.
    /// - Returns: nil when there are none yet; empty when the task is cancelled, and when the store was closed
    ///   (``isEnded``).
    /// - Throws: `.compacted` when the cursor was too slow and its next events have left the ring.
    @inline(never)
    public func take() async throws(StoreError) -> [CacheEvent<Value>]? {
        while true {
            let position = revision
            switch cache.poll(after: position, range: range, limit: Self.batchLimit) {
            case .events(let events, let through):
                advance(to: through, hasJoined: true)
                return events
            case .ended:
                state.withLock { $0.isEnded = true }
                return []
            case .behind(let floor):
                guard !state.withLock({ $0.hasJoined }) else { throw .compacted(oldest: floor) }
                if Task.isCancelled { return [] }
                let (events, through) = try await cache.history(
                    after: position, range: range, limit: Self.historyLimit)
                advance(to: through, hasJoined: false)
                if !events.isEmpty { return events }
            case .nothing(let through):
                advance(to: through, hasJoined: true)
                return nil
            }
        }
    }

    /// Waits until ``take()`` may have something to give, or the store is closed.
    /// - Returns: false at the deadline, and when the task is cancelled.
    public func wait(deadline: ContinuousClock.Instant?) async -> Bool {
        if Task.isCancelled { return false }
        if let deadline, deadline <= ContinuousClock.now { return false }
        switch await cache.wait(after: revision, in: bucket, deadline: deadline) {
        case .events(let after):
            advance(to: after, hasJoined: true)
            return true
        case .quiet(let through):
            advance(to: through, hasJoined: true)
            return false
        case .ended: return true
        }
    }

    private func advance(to position: Int64, hasJoined: Bool) {
        state.withLock { state in
            state.position = max(state.position, position)
            state.hasJoined = state.hasJoined || hasJoined
        }
    }
}
