/// All entries of a cache: in order, and by key beside that, so that a read is one hash instead of a binary search.
struct CompleteEntries<Value: Sendable> {
    private(set) var ordered = OrderedMap<CacheEntry<Value>>()
    private var table = EntryTable<Value>()

    var count: Int { ordered.count }

    subscript(key: String) -> CacheEntry<Value>? { table[key] }

    /// - Returns: the entry replaced, if any.
    @discardableResult
    mutating func set(_ entry: CacheEntry<Value>) -> CacheEntry<Value>? {
        table.set(entry)
        return ordered.set(entry.key, entry)
    }

    /// - Returns: the entry removed, if any.
    mutating func remove(_ key: String) -> CacheEntry<Value>? {
        table.remove(key)
        return ordered.remove(key)
    }
}
