import Dispatch

/// What a ``Store`` does with its caches, whatever their values are.
protocol StoreCache: Sendable {
    var range: KeyRange { get }
    var contents: CacheContents { get }
    /// Adds entries of the state at the start, in order.
    func load(_ kvs: [KeyValue])
    /// Takes the number of keys in the state at the start, where the entries themselves are not kept.
    func load(count: Int)
    /// Takes the changes that led to the loaded state into the ring, and becomes current at `revision`.
    func begin(at revision: Int64, history: History, after floor: Int64)
    /// Applies committed changes. Called one at a time, in order of the revisions.
    func apply(_ batches: [EventBatch])
    func expire(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant?
    func end()
}

extension RangeCache: StoreCache {
    func load(_ kvs: [KeyValue]) {
        let entries = derived(kvs)
        state.withLock { state in
            for entry in entries { state.complete.set(entry) }
            state.count = state.complete.count
        }
    }

    /// The entries of a page, made on all processors: at the start of a large store this is most of the work.
    private func derived(_ kvs: [KeyValue]) -> [CacheEntry<Value>] {
        let share = 64
        return Array(unsafeUninitializedCapacity: kvs.count) { buffer, count in
            nonisolated(unsafe) let slots = buffer
            DispatchQueue.concurrentPerform(iterations: (kvs.count + share - 1) / share) { number in
                for index in number * share..<min((number + 1) * share, kvs.count) {
                    slots.initializeElement(at: index, to: entry(kvs[index]))
                }
            }
            count = kvs.count
        }
    }

    func load(count: Int) {
        state.withLock { $0.count = count }
    }

    func begin(at revision: Int64, history: History, after floor: Int64) {
        // Values that are still current, and the previous value of each later event, are there already.
        var known: [StoreKey: CacheEntry<Value>] = [:]
        let entries = state.withLock { $0.complete }
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
                ring.append(Self.event(event, old: old, new: new), bytes: ringBytes(of: event))
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
        var changes: [(event: Event, old: CacheEntry<Value>?, new: CacheEntry<Value>?)] = []
        for batch in batches {
            for event in batch.events where range.contains(event.key) {
                // Where all entries are kept, the old one is among them.
                let old = contents == .all ? nil : event.previous.map(entry)
                changes.append((event, old, event.current.map(entry)))
            }
        }
        var woken: [WatchWaiters.Woken] = []
        let reached = state.withLock { state in
            for (event, previous, new) in changes {
                let old = state.apply(event, new) ?? previous
                state.ring.append(Self.event(event, old: old, new: new), bytes: ringBytes(of: event))
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

    /// What an event keeps in memory that nothing else does.
    private func ringBytes(of event: Event) -> Int {
        contents == .all ? event.value.count : event.value.count + (event.previous?.value.count ?? 0)
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

extension RangeCache.State {
    /// - Returns: the entry that was replaced or removed, where all are kept.
    fileprivate mutating func apply(_ event: Event, _ new: CacheEntry<Value>?) -> CacheEntry<Value>? {
        if event.previous == nil {
            count += 1
            lastCreation = event.modRevision
        } else {
            if new == nil { count -= 1 }
            lastChange = event.modRevision
        }
        guard recent != nil else {
            guard let new else { return complete.remove(event.key) }
            return complete.set(new)
        }
        if let new { recent?.set(new, bytes: event.value.count) } else { recent?.remove(event.key) }
        return nil
    }
}
