/// The entries of a cache by key, beside their order: a cached read is one hash instead of a binary search.
///
/// The dictionary is not generic on purpose: it is compiled for its types, whatever the cache's values are.
struct EntryTable<Value: Sendable> {
    private var slotOf: [StoreKey: Int] = [:]
    private var slots: [CacheEntry<Value>?] = []
    private var free: [Int] = []

    subscript(key: String) -> CacheEntry<Value>? {
        guard let slot = slotOf[StoreKey(key)] else { return nil }
        return slots[slot]
    }

    mutating func set(_ entry: CacheEntry<Value>) {
        let key = StoreKey(entry.key)
        if let slot = slotOf[key] {
            slots[slot] = entry
        } else if let slot = free.popLast() {
            slots[slot] = entry
            slotOf[key] = slot
        } else {
            slotOf[key] = slots.count
            slots.append(entry)
        }
    }

    mutating func remove(_ key: String) {
        guard let slot = slotOf.removeValue(forKey: StoreKey(key)) else { return }
        slots[slot] = nil
        free.append(slot)
    }
}
