/// Decides what may be compacted so that at least a given time of history stays.
///
/// A value without a clock: it is told the time. After a restart it knows no past, so history then lives longer.
struct CompactionSchedule {
    let history: Duration
    private var samples: [(at: ContinuousClock.Instant, revision: Int64)] = []

    init(history: Duration) {
        self.history = history
    }

    /// Notes the newest revision.
    /// - Returns: the newest revision that was already the newest one before the kept time began.
    mutating func note(_ revision: Int64, at now: ContinuousClock.Instant) -> Int64? {
        samples.append((now, revision))
        var due: Int64?
        while let first = samples.first, first.at.duration(to: now) >= history {
            due = first.revision
            samples.removeFirst()
        }
        return due
    }
}
