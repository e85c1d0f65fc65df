/// Values that were used last, up to an amount of bytes.
///
/// What to drop is found by a hand that goes round and spares once what was used since it came by: a read costs one
/// hash and one bit.
package struct BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot {
        var key: Key
        var value: Value
        var bytes: Int
        var wasUsed: Bool
    }

    /// What a value takes beside its bytes, about.
    private static var overhead: Int { 256 }

    private let maximumBytes: Int
    package private(set) var bytes = 0
    private var slotOf: [Key: Int] = [:]
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var hand = 0

    package init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    package var count: Int { slotOf.count }

    package mutating func value(for key: Key) -> Value? {
        guard let index = slotOf[key] else { return nil }
        slots[index]?.wasUsed = true
        return slots[index]?.value
    }

    /// - Parameter bytes: what the value takes. One that takes more than there is room for in all is not kept.
    /// - Returns: what had to go for it. Whoever holds a lock keeps that until it is released: to let go of values may take
    ///   longer than all the rest.
    @discardableResult
    package mutating func set(_ key: Key, _ value: Value, bytes: Int) -> [Value] {
        var dropped: [Value] = []
        if let index = slotOf[key], let old = drop(index) { dropped.append(old) }
        let bytes = bytes + Self.overhead
        guard bytes <= maximumBytes else { return dropped }
        while self.bytes + bytes > maximumBytes {
            if let old = dropOne() { dropped.append(old) }
        }
        let slot = Slot(key: key, value: value, bytes: bytes, wasUsed: false)
        if let index = free.popLast() {
            slots[index] = slot
            slotOf[key] = index
        } else {
            slotOf[key] = slots.count
            slots.append(slot)
        }
        self.bytes += bytes
        return dropped
    }

    package mutating func remove(_ key: Key) {
        if let index = slotOf[key] { _ = drop(index) }
    }

    /// Drops the next value that was not used since the hand came by. There is one: `bytes` is not 0.
    private mutating func dropOne() -> Value? {
        while true {
            if hand >= slots.count { hand = 0 }
            defer { hand += 1 }
            guard let slot = slots[hand] else { continue }
            if !slot.wasUsed { return drop(hand) }
            slots[hand]?.wasUsed = false
        }
    }

    private mutating func drop(_ index: Int) -> Value? {
        guard let slot = slots[index] else { return nil }
        slotOf[slot.key] = nil
        slots[index] = nil
        free.append(index)
        bytes -= slot.bytes
        return slot.value
    }
}
