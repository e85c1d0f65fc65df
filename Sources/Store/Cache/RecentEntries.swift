/// The entries of a cache that were used last, up to an amount of bytes, and the reads that bring further ones.
struct RecentEntries<Value: Sendable> {
    /// Reads of a key from the engine that are under way.
    private struct Loads {
        var count: Int
        /// Whether the key changed meanwhile: what they bring may be old.
        var areStale: Bool
    }

    private var entries: BoundedCache<StoreKey, CacheEntry<Value>>
    private var loads: [StoreKey: Loads] = [:]

    init(maximumBytes: Int) {
        entries = BoundedCache(maximumBytes: maximumBytes)
    }

    mutating func entry(for key: String) -> CacheEntry<Value>? { entries.value(for: StoreKey(key)) }

    // MARK: Changes

    /// The key has changed.
    mutating func set(_ entry: CacheEntry<Value>, bytes: Int) {
        let key = StoreKey(entry.key)
        loads[key]?.areStale = true
        entries.set(key, entry, bytes: bytes + entry.key.utf8.count)
    }

    /// The key has gone.
    mutating func remove(_ key: String) {
        let key = StoreKey(key)
        loads[key]?.areStale = true
        entries.remove(key)
    }

    // MARK: Loads

    /// A read of the key from the engine begins. Call `endLoad` when it is over.
    mutating func beginLoad(_ key: String) {
        loads[StoreKey(key), default: Loads(count: 0, areStale: false)].count += 1
    }

    /// - Parameter entry: what was read; nil where the key does not exist, or the read failed.
    mutating func endLoad(_ key: String, _ entry: CacheEntry<Value>?, bytes: Int) {
        let key = StoreKey(key)
        guard var state = loads[key] else { return }
        state.count -= 1
        loads[key] = state.count == 0 ? nil : state
        if let entry, !state.areStale { entries.set(key, entry, bytes: bytes + entry.key.utf8.count) }
    }
}
