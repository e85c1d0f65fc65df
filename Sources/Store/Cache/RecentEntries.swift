/// The entries of a cache that were used last, up to an amount of bytes.
///
/// What to drop is found by a hand that goes round and spares once what was used since it came by: a read costs one
/// bit.
struct RecentEntries<Value: Sendable> {
    private struct Slot {
        var entry: CacheEntry<Value>
        var bytes: Int
        var wasUsed: Bool
    }

    /// Reads of a key from the engine that are under way.
    private struct Loads {
        var count: Int
        /// Whether the key changed meanwhile: what they bring may be old.
        var areStale: Bool
    }

    /// What an entry takes beside its bytes, about.
    private static var overhead: Int { 256 }

    private let maximumBytes: Int
    private(set) var bytes = 0
    private var slotOf: [StoreKey: Int] = [:]
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var hand = 0
    private var loads: [StoreKey: Loads] = [:]

    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    var count: Int { slotOf.count }

    mutating func entry(for key: String) -> CacheEntry<Value>? {
        guard let index = slotOf[StoreKey(key)] else { return nil }
        slots[index]?.wasUsed = true
        return slots[index]?.entry
    }

    // MARK: Changes

    /// The key has changed.
    mutating func set(_ entry: CacheEntry<Value>, bytes: Int) {
        let key = StoreKey(entry.key)
        loads[key]?.areStale = true
        insert(entry, key, bytes: bytes)
    }

    /// The key has gone.
    mutating func remove(_ key: String) {
        let key = StoreKey(key)
        loads[key]?.areStale = true
        if let index = slotOf[key] { drop(index) }
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
        if let entry, !state.areStale { insert(entry, key, bytes: bytes) }
    }

    // MARK: Room

    private mutating func insert(_ entry: CacheEntry<Value>, _ key: StoreKey, bytes: Int) {
        if let index = slotOf[key] { drop(index) }
        let bytes = bytes + Self.overhead
        guard bytes <= maximumBytes else { return }
        while self.bytes + bytes > maximumBytes { dropOne() }
        let slot = Slot(entry: entry, bytes: bytes, wasUsed: false)
        if let index = free.popLast() {
            slots[index] = slot
            slotOf[key] = index
        } else {
            slotOf[key] = slots.count
            slots.append(slot)
        }
        self.bytes += bytes
    }

    /// Drops the next entry that was not used since the hand came by. There is one: `bytes` is not 0.
    private mutating func dropOne() {
        while true {
            if hand >= slots.count { hand = 0 }
            defer { hand += 1 }
            guard let slot = slots[hand] else { continue }
            if !slot.wasUsed { return drop(hand) }
            slots[hand]?.wasUsed = false
        }
    }

    private mutating func drop(_ index: Int) {
        guard let slot = slots[index] else { return }
        slotOf[StoreKey(slot.entry.key)] = nil
        slots[index] = nil
        free.append(index)
        bytes -= slot.bytes
    }
}
