/// When which policy runs next. Pure: the caller brings the time.
struct RetentionSchedule: Sendable {
    /// A policy, by namespace and name.
    struct Key: Hashable, Sendable {
        var namespace: String
        var name: String
    }

    /// What makes a policy run at once where it differs.
    struct Version: Hashable, Sendable {
        var uid: String
        var generation: Int64
    }

    private struct Entry {
        var version: Version
        var interval: Duration
        var due: ContinuousClock.Instant
    }

    private var entries: [Key: Entry] = [:]
    private let minimumInterval: Duration

    init(minimumInterval: Duration) { self.minimumInterval = minimumInterval }

    /// A new or changed policy is due now; a write of the status alone changes nothing.
    mutating func note(_ key: Key, version: Version, interval: Duration, now: ContinuousClock.Instant) {
        if entries[key]?.version == version { return }
        entries[key] = Entry(version: version, interval: max(interval, minimumInterval), due: now)
    }

    mutating func remove(_ key: Key) { entries[key] = nil }

    /// Forgets what is not there any more.
    mutating func keep(only keys: Set<Key>) { entries = entries.filter { keys.contains($0.key) } }

    var nextDue: ContinuousClock.Instant? { entries.values.map(\.due).min() }

    /// The policy that has waited longest, if one is due; its next run is an interval from now.
    mutating func takeDue(_ now: ContinuousClock.Instant) -> Key? {
        guard let (key, entry) = entries.min(by: { $0.value.due < $1.value.due }), entry.due <= now else { return nil }
        entries[key]?.due = now + entry.interval
        return key
    }
}
