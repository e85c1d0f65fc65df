extension Store {
    /// Loads the caches and goes live: from then on they follow every commit.
    /// - Throws: what the engine throws; `.invalid` when called twice.
    public func start() async throws(StoreError) {
        let caches: [any StoreCache]? = state.withLock { state in
            guard case .new = state.phase else { return nil }
            state.phase = .loading(pending: [])
            return state.caches
        }
        guard let caches else { throw .invalid("the store was started twice") }
        let revision = try await engine.start { [weak self] batches in self?.receive(batches) }
        for cache in caches { try await load(cache, at: revision) }
        let floor = max(engine.compactedRevision, revision - configuration.preloadedEvents, 0)
        let history = try await engine.events(in: .all, after: floor, limit: 0)
        let recent = History(batches: history.batches.filter { $0.revision <= revision }, through: revision)
        for cache in caches { cache.begin(at: revision, history: recent, after: floor) }
        goLive(caches)
    }

    /// Ends every cursor, then closes the engine. May be called again.
    public func close() async {
        let (caches, compaction) = state.withLock { state in
            state.phase = .closed
            return (state.caches, state.compaction)
        }
        compaction?.cancel()
        for cache in caches { cache.end() }
        await engine.close()
    }

    private func load(_ cache: any StoreCache, at revision: Int64) async throws(StoreError) {
        var rest = cache.range
        guard cache.contents == .all else {
            let keys = try await engine.range(rest, at: revision, order: .ascending, limit: 1, keysOnly: true)
            return cache.load(count: keys.count)
        }
        while true {
            let page = try await engine.range(
                rest, at: revision, order: .ascending, limit: configuration.loadPage, keysOnly: false)
            cache.load(page.kvs)
            guard page.more, let last = page.kvs.last else { return }
            rest = rest.after(last.key)
        }
    }

    /// What the engine delivers: one call at a time, in order.
    private func receive(_ batches: [EventBatch]) {
        let caches: [any StoreCache]? = state.withLock { state in
            switch state.phase {
            case .loading(let pending):
                state.phase = .loading(pending: pending + batches)
                return nil
            case .live: return state.caches
            case .new, .closed: return nil
            }
        }
        for cache in caches ?? [] { cache.apply(batches) }
    }

    /// Catches up with what was committed during the load. The engine keeps delivering to `pending` until it is empty.
    private func goLive(_ caches: [any StoreCache]) {
        while true {
            let batches: [EventBatch] = state.withLock { state in
                guard case .loading(let pending) = state.phase else { return [] }
                if pending.isEmpty {
                    state.phase = .live
                    state.compaction = compactInBackground()
                } else {
                    state.phase = .loading(pending: [])
                }
                return pending
            }
            if batches.isEmpty { return }
            for cache in caches { cache.apply(batches) }
        }
    }

    private func compactInBackground() -> Task<Void, Never> {
        Task { [engine, configuration] in
            var schedule = CompactionSchedule(history: configuration.history)
            while !Task.isCancelled {
                if let due = schedule.note(engine.currentRevision, at: .now), due > engine.compactedRevision {
                    // A full disk or a closing engine: the next turn tries again.
                    try? await engine.compact(to: due)
                }
                try? await Task.sleep(for: configuration.compactionInterval)
            }
        }
    }
}
