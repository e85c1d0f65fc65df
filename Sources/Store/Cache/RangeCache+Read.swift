extension RangeCache {
    /// The entry of a key; nil where there is none.
    ///
    /// A read after a commit of the same process sees the commit.
    /// - Throws: what the engine throws, where it has to be asked.
    public func entry(for key: String) async throws(StoreError) -> CacheEntry<Value>? {
        let (entry, mustLoad) = state.withLock { state in
            guard state.recent != nil else { return (state.complete[key], false) }
            if let entry = state.recent?.entry(for: key) { return (entry, false) }
            state.recent?.beginLoad(key)
            return (nil, true)
        }
        return mustLoad ? try await load(key) : entry
    }

    private func load(_ key: String) async throws(StoreError) -> CacheEntry<Value>? {
        do {
            let kv = try await atPresent { revision throws(StoreError) in
                try await engine.get(key, at: revision)
            }
            let loaded = kv.map(entry)
            state.withLock { $0.recent?.endLoad(key, loaded, bytes: kv?.value.count ?? 0) }
            return loaded
        } catch {
            state.withLock { $0.recent?.endLoad(key, nil, bytes: 0) }
            throw error
        }
    }

    /// The entries of a range (`nil` = all of the cache) at one moment, in order.
    ///
    /// Taking it does not hold up writers: the entries are collected from a copy-on-write copy, or by the engine.
    /// - Parameter limit: at most so many entries; 0 or less = all. The next page: `range.after(lastKey)`.
    /// - Throws: what the engine throws, where it has to be asked.
    public func snapshot(
        of range: KeyRange? = nil, limit: Int = 0
    ) async throws(StoreError) -> CacheSnapshot<Value> {
        let wanted = range ?? self.range
        guard contents == .all else { return try await read(wanted, limit: limit) }
        let (entries, revision) = state.withLock { ($0.complete.ordered, $0.revision) }
        let values = entries.values(in: wanted, limit: limit)
        let remaining = limit > 0 ? entries.count(in: wanted) - values.count : 0
        return CacheSnapshot(entries: values, revision: revision, remaining: remaining)
    }

    /// The keys of a range (`nil` = all of the cache) at one moment, in order. Reads no value.
    /// - Parameter limit: at most so many keys; 0 or less = all. The next page: `range.after(lastKey)`.
    /// - Throws: what the engine throws, where it has to be asked.
    public func keys(in range: KeyRange? = nil, limit: Int = 0) async throws(StoreError) -> [String] {
        let wanted = range ?? self.range
        if contents == .all { return try await snapshot(of: wanted, limit: limit).entries.map(\.key) }
        return try await atPresent { revision throws(StoreError) in
            try await engine.range(wanted, at: revision, order: .ascending, limit: limit, keysOnly: true).kvs.map(\.key)
        }
    }

    /// The entries of a range at a revision, from the engine.
    /// - Throws: `.compacted`, `.futureRevision`, and what else the engine throws.
    public func snapshot(
        of range: KeyRange, at revision: Int64, limit: Int = 0
    ) async throws(StoreError) -> CacheSnapshot<Value> {
        let result = try await engine.range(range, at: revision, limit: limit)
        return CacheSnapshot(
            entries: result.kvs.map(entry), revision: revision, remaining: result.count - result.kvs.count)
    }

    /// The entries of a range as the cache's revision has them, from the engine.
    private func read(_ range: KeyRange, limit: Int) async throws(StoreError) -> CacheSnapshot<Value> {
        try await atPresent { revision throws(StoreError) in
            try await snapshot(of: range, at: revision, limit: limit)
        }
    }

    /// Reads at the revision that the cache has seen: what it says and what the engine says never contradict each other.
    private func atPresent<Result>(
        _ body: (Int64) async throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        while true {
            do throws(StoreError) { return try await body(revision) } catch {
                // So much happened since that the revision has gone: there is a newer one.
                guard case .compacted(let oldest) = error, revision >= oldest else { throw error }
            }
        }
    }

    func entry(_ kv: KeyValue) -> CacheEntry<Value> {
        CacheEntry(key: kv.key, value: derive(kv), createRevision: kv.createRevision, modRevision: kv.modRevision)
    }
}
