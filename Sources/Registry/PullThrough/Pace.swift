/// Whether bytes come, or are taken, fast enough: drops would hold a connection for ever (spec/registry.md 4.12).
struct Pace: Sendable {
    /// Bytes of each `interval` that is spent waiting.
    static let minimum = 64 << 10
    static let interval: Duration = .seconds(60)

    private var waited: Duration = .zero
    private var bytes = 0

    /// - Parameter time: that somebody waited for these bytes.
    /// - Returns: false where it is too slow.
    mutating func allows(_ count: Int, after time: Duration) -> Bool {
        waited += time
        bytes += count
        guard waited >= Self.interval else { return true }
        // What took many intervals is slow however much it is at their end.
        let isFast = Double(bytes) >= Double(Self.minimum) * (waited / Self.interval)
        (waited, bytes) = (.zero, 0)
        return isFast
    }
}
