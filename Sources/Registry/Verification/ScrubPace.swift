/// Lets a reader take no more than so many bytes a second. Used by one task.
struct ScrubPace {
    private let bytesPerSecond: Double
    /// Seconds that what was read should still take.
    private var debt = 0.0
    private var last: ContinuousClock.Instant

    /// Shorter ones cost more than they are good for.
    private static let shortestPause = 0.02

    init(bytesPerSecond: Int64, now: ContinuousClock.Instant = .now) {
        self.bytesPerSecond = Double(max(1, bytesPerSecond))
        last = now
    }

    /// - Returns: how long to rest now; nil for not at all.
    mutating func read(_ bytes: Int, now: ContinuousClock.Instant = .now) -> Duration? {
        // Time that nobody read in is no credit.
        debt = max(0, debt - (now - last).inSeconds) + Double(bytes) / bytesPerSecond
        last = now
        return debt < Self.shortestPause ? nil : .seconds(debt)
    }
}
