import DequeModule

/// Which events have to go: those older than their time, and the oldest where there are too many. Knows no clock.
struct EventQueue {
    struct Key: Hashable {
        var namespace: String
        var name: String
    }

    private struct Entry {
        var key: Key
        var deadline: ContinuousClock.Instant
        /// Tells this write of the event from later ones.
        var serial: Int64
    }

    /// The serial of the newest write of each event.
    private var newest: [Key: Int64] = [:]
    /// In the order of their deadlines; entries of superseded writes among them.
    private var entries: Deque<Entry> = []
    private var serial: Int64 = 0
    private let maximum: Int

    /// - Parameter maximum: how many events may stay.
    init(maximum: Int) { self.maximum = max(0, maximum) }

    var count: Int { newest.count }

    /// When the next event has to go at the latest; nil where there is none.
    var nextDeadline: ContinuousClock.Instant? { entries.first?.deadline }

    /// An event was written. Deadlines come in ascending order; an earlier one counts as the last.
    mutating func note(_ key: Key, deadline: ContinuousClock.Instant) {
        serial += 1
        newest[key] = serial
        entries.append(Entry(key: key, deadline: max(deadline, entries.last?.deadline ?? deadline), serial: serial))
        if entries.count > 2 * newest.count + 1_024 { entries.removeAll { newest[$0.key] != $0.serial } }
    }

    mutating func forget(_ key: Key) { newest[key] = nil }

    /// Takes an event that has to go, the oldest first; nil where none has to.
    mutating func takeExpired(_ now: ContinuousClock.Instant) -> Key? {
        while let entry = entries.first {
            let isCurrent = newest[entry.key] == entry.serial
            guard !isCurrent || newest.count > maximum || entry.deadline <= now else { return nil }
            entries.removeFirst()
            guard isCurrent else { continue }
            newest[entry.key] = nil
            return entry.key
        }
        return nil
    }
}
