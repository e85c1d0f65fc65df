import Dispatch

/// What a ``Store`` does with its caches, whatever their values are.
protocol StoreCache: Sendable {
    var range: KeyRange { get }
    /// Adds entries of the state at the start, in order.
    func load(_ kvs: [KeyValue])
    /// Takes the changes that led to the loaded state into the ring, and becomes current at `revision`.
    func begin(at revision: Int64, history: History, after floor: Int64)
    /// Applies committed changes. Called one at a time, in order of the revisions.
    func apply(_ batches: [EventBatch])
    func expire(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant?
    func end()
}

extension RangeCache: StoreCache {
    func load(_ kvs: [KeyValue]) {
        let entries = kvs.map(entry)
        state.withLock { state in
            for entry in entries { _ = state.set(entry) }
        }
    }

    func begin(at revision: Int64, history: History, after floor: Int64) {
        // Values that are still current, and the previous value of each later event, are there already.
        var known: [StoreKey: CacheEntry<Value>] = [:]
        let entries = state.withLock { $0.entries }
        let (capacity, maximumBytes) = state.withLock { ($0.ring.capacity, $0.ring.maximumBytes) }
        var ring = EventRing<Value>(capacity: capacity, maximumBytes: maximumBytes, floor: floor)
        for batch in history.batches {
            for event in batch.events where range.contains(event.key) {
                let key = StoreKey(event.key)
                let old = event.previous.map { kv in
                    if let entry = known[key], entry.modRevision == kv.modRevision { return entry }
                    return entry(kv)
                }
                let new = event.current.map { kv in
                    if let entry = entries[kv.key], entry.modRevision == kv.modRevision { return entry }
                    return entry(kv)
                }
                known[key] = new
                ring.append(Self.event(event, old: old, new: new), bytes: event.value.count)
            }
        }
        state.withLock { state in
            state.ring = ring
            state.revision = revision
        }
    }

    func apply(_ batches: [EventBatch]) {
        guard let last = batches.last else { return }
        // Deriving may parse: not under the lock. Nobody else changes the entries meanwhile.
        var changes: [(event: Event, new: CacheEntry<Value>?)] = []
        for batch in batches {
            for event in batch.events where range.contains(event.key) {
                changes.append((event, event.current.map(entry)))
            }
        }
        var woken: [WatchWaiters.Woken] = []
        let reached = state.withLock { state in
            for (event, new) in changes {
                let old: CacheEntry<Value>?
                if let new { old = state.set(new) } else { old = state.remove(event.key) }
                state.ring.append(Self.event(event, old: old, new: new), bytes: event.value.count)
                state.cursors.wake(for: event.key, at: event.modRevision, &woken)
            }
            state.revision = max(state.revision, last.revision)
            return removeRevisionWaiters(&state) { $0.revision <= last.revision }
        }
        for waiter in reached { waiter.continuation.resume(returning: true) }
        Self.resume(woken)
    }

    func expire(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (woken, late, next) = state.withLock { state in
            let late = removeRevisionWaiters(&state) { $0.deadline <= now }
            let (woken, next) = state.cursors.expire(now, quietThrough: state.revision)
            return (woken, late, ([next] + state.revisions.values.map(\.deadline)).compactMap(\.self).min())
        }
        for waiter in late { waiter.continuation.resume(returning: false) }
        Self.resume(woken)
        return next
    }

    func end() {
        let (woken, waiters) = state.withLock { state in
            state.isEnded = true
            return (state.cursors.removeAll(.ended), removeRevisionWaiters(&state) { _ in true })
        }
        for waiter in waiters { waiter.continuation.resume(returning: false) }
        Self.resume(woken)
    }

    private func entry(_ kv: KeyValue) -> CacheEntry<Value> {
        CacheEntry(key: kv.key, value: derive(kv), createRevision: kv.createRevision, modRevision: kv.modRevision)
    }

    private static func event(
        _ event: Event, old: CacheEntry<Value>?, new: CacheEntry<Value>?
    ) -> CacheEvent<Value> {
        CacheEvent(
            kind: event.kind, key: event.key, value: new?.value, previous: old?.value, revision: event.modRevision,
            previousRevision: old?.modRevision ?? 0, createRevision: event.createRevision)
    }

    private func removeRevisionWaiters(
        _ state: inout State, where matches: (RevisionWaiter) -> Bool
    ) -> [RevisionWaiter] {
        guard !state.revisions.isEmpty else { return [] }
        let ids = state.revisions.filter { matches($0.value) }.map(\.key)
        return ids.compactMap { state.revisions.removeValue(forKey: $0) }
    }

    /// A crowd is woken on another thread: the caller is the writer, and its committers wait.
    private static func resume(_ woken: [WatchWaiters.Woken]) {
        guard woken.count > 64 else {
            for one in woken { one.resume() }
            return
        }
        DispatchQueue.global().async {
            for one in woken { one.resume() }
        }
    }
}
