import Dispatch
import Synchronization

/// The current state of one prefix in memory, with its recent events: one per resource.
///
/// It is filled and moved by its ``Store``; get it from ``Store/cache(prefix:ringCapacity:ringBytes:derive:)``. What it keeps of
/// an object is what `derive` returns: for a large resource that can be an index without the bytes, which
/// ``Store/get(_:at:)`` then fetches. All methods may be called from any task and none waits for the engine, except
/// a cursor that starts further back than the ring reaches.
public final class RangeCache<Value: Sendable>: Sendable {
    typealias Entry = CacheEntry<Value>

    struct State {
        var entries = OrderedMap<CacheEntry<Value>>()
        var table = EntryTable<Value>()
        var ring: EventRing<Value>
        var revision: Int64 = 0
        var isEnded = false
        var cursors = WatchWaiters()
        var revisions: [UInt64: RevisionWaiter] = [:]
        var nextWaiter: UInt64 = 0

        /// - Returns: the entry replaced, if any.
        mutating func set(_ entry: CacheEntry<Value>) -> CacheEntry<Value>? {
            table.set(entry)
            return entries.set(entry.key, entry)
        }

        mutating func remove(_ key: String) -> CacheEntry<Value>? {
            table.remove(key)
            return entries.remove(key)
        }
    }

    struct RevisionWaiter {
        let revision: Int64
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Bool, Never>
    }

    /// Every key of the cache starts with it.
    public let prefix: String
    let range: KeyRange
    let engine: any StoreEngine
    let timer: DeadlineTimer
    let derive: @Sendable (KeyValue) -> Value
    let state: Mutex<State>

    init(
        prefix: String, ringCapacity: Int, ringBytes: Int, engine: any StoreEngine, timer: DeadlineTimer,
        derive: @escaping @Sendable (KeyValue) -> Value
    ) {
        self.prefix = prefix
        range = .prefix(prefix)
        self.engine = engine
        self.timer = timer
        self.derive = derive
        state = Mutex(State(ring: EventRing(capacity: ringCapacity, maximumBytes: ringBytes, floor: 0)))
    }

    /// The store revision this cache has seen. It moves with every commit of the store, also of other prefixes.
    public var revision: Int64 { state.withLock { $0.revision } }

    public var count: Int { state.withLock { $0.entries.count } }

    public func value(for key: String) -> CacheEntry<Value>? {
        state.withLock { $0.table[key] }
    }

    /// The entries of a range (`nil` = all of the cache) at one moment, in order.
    ///
    /// Taking it does not hold up writers: the entries are collected from a copy-on-write copy.
    /// - Parameter limit: at most so many entries; 0 or less = all. The next page: `range.after(lastKey)`.
    public func snapshot(of range: KeyRange? = nil, limit: Int = 0) -> CacheSnapshot<Value> {
        let (entries, revision) = state.withLock { ($0.entries, $0.revision) }
        let wanted = range ?? self.range
        let values = entries.values(in: wanted, limit: limit)
        let remaining = limit > 0 ? entries.count(in: wanted) - values.count : 0
        return CacheSnapshot(entries: values, revision: revision, remaining: remaining)
    }

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
