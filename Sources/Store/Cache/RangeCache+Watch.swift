extension RangeCache {
    /// Watches the changes after a revision: no gap, no duplicate, in order.
    ///
    /// Recent changes come from the shared ring, older ones from the engine's history. A revision in the future is
    /// silent until then.
    /// - Parameter range: narrows the watch; changes outside it don't wake the cursor. `nil` = all of the cache.
    /// - Throws: `.compacted` when changes after `revision` are gone, `.closed`.
    public func watch(
        after revision: Int64, range: KeyRange? = nil
    ) async throws(StoreError) -> WatchCursor<Value> {
        let (isEnded, floor) = state.withLock { ($0.isEnded, $0.ring.floor) }
        guard !isEnded else { throw .closed }
        if revision < floor {
            let oldest = engine.compactedRevision
            guard revision >= oldest else { throw .compacted(oldest: oldest) }
        }
        return WatchCursor(cache: self, after: revision, range: range.map(self.range.intersection))
    }

    enum Poll {
        /// Events of the range, and the revision up to which they are complete.
        case events([CacheEvent<Value>], through: Int64)
        case nothing(through: Int64)
        /// The ring does not reach back to the cursor.
        case behind(floor: Int64)
        case ended
    }

    func poll(after position: Int64, range: KeyRange?, limit: Int) -> Poll {
        state.withLock { state in
            if position < state.ring.floor { return .behind(floor: state.ring.floor) }
            let (events, through) = state.ring.events(after: position, in: range, limit: limit)
            if !events.isEmpty { return .events(events, through: through ?? state.revision) }
            return state.isEnded ? .ended : .nothing(through: state.revision)
        }
    }

    /// Waits until there may be events after `position`, up to which the cursor has seen everything.
    func wait(
        after position: Int64, in bucket: StoreKey, deadline: ContinuousClock.Instant?
    ) async -> WatchWaiters.Wake {
        let id = newWaiter()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: WatchWaiters.Wake? = state.withLock { state in
                    if state.isEnded { return .ended }
                    // Changes came between the poll and here.
                    if state.revision > position { return .events(after: position) }
                    // The handler below takes this lock after the task is marked as cancelled: no wake is lost.
                    if Task.isCancelled { return .quiet(through: state.revision) }
                    state.cursors.add(
                        id, WatchWaiters.Waiter(continuation: continuation, deadline: deadline), in: bucket)
                    return nil
                }
                if let answer {
                    continuation.resume(returning: answer)
                } else if let deadline {
                    timer.arm(deadline)
                }
            }
        } onCancel: {
            state.withLock { $0.cursors.remove(id, .quiet(through: $0.revision)) }?.resume()
        }
    }

    /// A piece of the engine's history in the form of the cache.
    func history(after position: Int64, range: KeyRange?, limit: Int) async throws(StoreError) -> (
        events: [CacheEvent<Value>], through: Int64
    ) {
        let history = try await engine.events(in: range ?? self.range, after: position, limit: limit)
        let events = history.batches.flatMap { batch in
            batch.events.map { event in
                CacheEvent(
                    kind: event.kind, key: event.key, value: event.current.map(derive),
                    previous: event.previous.map(derive), revision: event.modRevision,
                    previousRevision: event.previous?.modRevision ?? 0, createRevision: event.createRevision)
            }
        }
        return (events, history.through)
    }
}
