import DequeModule

/// The most recent events of a cache, in order, bounded by their number and by their bytes.
struct EventRing<Value: Sendable> {
    private struct Slot {
        var event: CacheEvent<Value>
        var bytes: Int
    }

    let capacity: Int
    /// Bytes of values that are kept, not counting the newest event.
    let maximumBytes: Int
    /// Every event with a revision above this one is here.
    private(set) var floor: Int64
    /// Oldest first.
    private var slots = Deque<Slot>()
    private(set) var bytes = 0

    init(capacity: Int, maximumBytes: Int = .max, floor: Int64) {
        self.capacity = max(1, capacity)
        self.maximumBytes = maximumBytes
        self.floor = floor
    }

    var count: Int { slots.count }

    /// - Parameter bytes: what the event's value takes; the previous value is that of an older event, or of the cache.
    mutating func append(_ event: CacheEvent<Value>, bytes: Int) {
        while count == capacity || count > 0 && self.bytes > maximumBytes { dropOldest() }
        slots.append(Slot(event: event, bytes: bytes))
        self.bytes += bytes
    }

    private mutating func dropOldest() {
        guard let oldest = slots.popFirst() else { return }
        // Others of the same revision may still be here, but the revision is not whole any more.
        floor = oldest.event.revision
        bytes -= oldest.bytes
    }

    /// Events of a range after a revision: about `limit` of them, up to the end of a revision.
    /// - Returns: the events, and the revision up to which nothing is missing; `nil` for "all the ring has".
    func events(
        after revision: Int64, in range: KeyRange?, limit: Int
    ) -> (events: [CacheEvent<Value>], through: Int64?) {
        var found: [CacheEvent<Value>] = []
        for index in firstIndex(after: revision)..<count {
            let event = slots[index].event
            if let range, !range.contains(event.key) { continue }
            if found.count >= limit, let last = found.last, last.revision != event.revision {
                return (found, last.revision)
            }
            found.append(event)
        }
        return (found, nil)
    }

    private func firstIndex(after revision: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].event.revision > revision { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
