import Dispatch
import Synchronization

/// How much of its range a ``RangeCache`` keeps in memory.
public enum CacheContents: Sendable, Hashable {
    /// Every value: reads never wait.
    case all
    /// What was used last, up to about so many bytes of stored values. The rest is read from the engine when it is
    /// asked for.
    case recent(bytes: Int)
}

/// The current state of one prefix, with its recent events: one per resource.
///
/// It is filled and moved by its ``Store``; get it from ``Store/cache(prefix:contents:ringCapacity:ringBytes:derive:)``.
/// What it keeps of an object is what `derive` returns. All methods may be called from any task. With
/// ``CacheContents/all`` none waits for the engine, except a cursor that starts further back than the ring reaches.
public final class RangeCache<Value: Sendable>: Sendable {
    typealias Entry = CacheEntry<Value>

    struct State {
        /// Empty where only recent entries are kept.
        var complete = CompleteEntries<Value>()
        /// Nil where all entries are kept.
        var recent: RecentEntries<Value>?
        /// Keys of the range.
        var count = 0
        var ring: EventRing<Value>
        var revision: Int64 = 0
        var isEnded = false
        var cursors = WatchWaiters()
        var revisions: [UInt64: RevisionWaiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    struct RevisionWaiter {
        let revision: Int64
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Bool, Never>
    }

    /// Every key of the cache starts with it.
    public let prefix: String
    public let contents: CacheContents
    let range: KeyRange
    let engine: any StoreEngine
    let timer: DeadlineTimer
    let derive: @Sendable (KeyValue) -> Value
    let state: Mutex<State>

    init(
        prefix: String, contents: CacheContents, ringCapacity: Int, ringBytes: Int, engine: any StoreEngine,
        timer: DeadlineTimer, derive: @escaping @Sendable (KeyValue) -> Value
    ) {
        self.prefix = prefix
        self.contents = contents
        range = .prefix(prefix)
        self.engine = engine
        self.timer = timer
        self.derive = derive
        var state = State(ring: EventRing(capacity: ringCapacity, maximumBytes: ringBytes, floor: 0))
        if case .recent(let bytes) = contents { state.recent = RecentEntries(maximumBytes: bytes) }
        self.state = Mutex(state)
    }

    /// The store revision this cache has seen. It moves with every commit of the store, also of other prefixes.
    public var revision: Int64 { state.withLock { $0.revision } }

    /// The number of keys.
    public var count: Int { state.withLock { $0.count } }

    /// Waits until the cache has seen a revision.
    /// - Returns: whether it has; `false` after the timeout, on cancellation and when the store is closed.
    public func waitUntil(revision: Int64, timeout: Duration) async -> Bool {
        if self.revision >= revision { return true }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        let id = newWaiter()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.revision >= revision { return true }
                    if state.isEnded || Task.isCancelled { return false }
                    state.revisions[id] = RevisionWaiter(
                        revision: revision, deadline: deadline, continuation: continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) } else { timer.arm(deadline) }
            }
        } onCancel: {
            state.withLock { $0.revisions.removeValue(forKey: id) }?.continuation.resume(returning: false)
        }
    }

    func newWaiter() -> UInt64 {
        state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
    }
}
