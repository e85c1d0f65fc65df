/// The most recent events of a cache, in order, bounded by their number.
struct EventRing<Value: Sendable> {
    let capacity: Int
    /// Every event with a revision above this one is here.
    private(set) var floor: Int64
    private var slots: [CacheEvent<Value>] = []
    /// The slot of the oldest event once the ring is full.
    private var head = 0

    init(capacity: Int, floor: Int64) {
        self.capacity = max(1, capacity)
        self.floor = floor
    }

    mutating func append(_ event: CacheEvent<Value>) {
        guard slots.count == capacity else {
            slots.append(event)
            return
        }
        // Others of the same revision may still be here, but the revision is not whole any more.
        floor = slots[head].revision
        slots[head] = event
        head = head + 1 == capacity ? 0 : head + 1
    }

    /// Events of a range after a revision: about `limit` of them, up to the end of a revision.
    /// - Returns: the events, and the revision up to which nothing is missing; `nil` for "all the ring has".
    func events(
        after revision: Int64, in range: KeyRange?, limit: Int
    ) -> (events: [CacheEvent<Value>], through: Int64?) {
        var found: [CacheEvent<Value>] = []
        for index in firstIndex(after: revision)..<slots.count {
            let event = self[index]
            if let range, !range.contains(event.key) { continue }
            if found.count >= limit, let last = found.last, last.revision != event.revision {
                return (found, last.revision)
            }
            found.append(event)
        }
        return (found, nil)
    }

    private subscript(_ index: Int) -> CacheEvent<Value> {
        let slot = head + index
        return slots[slot < slots.count ? slot : slot - slots.count]
    }

    private func firstIndex(after revision: Int64) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].revision > revision { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
