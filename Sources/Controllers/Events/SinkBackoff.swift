/// When a delivery that failed is tried again. Pure.
struct SinkBackoff: Sendable {
    static let first: Duration = .seconds(1)
    static let longest: Duration = .seconds(300)
    static let longestRetryAfter: Duration = .seconds(3_600)

    /// Attempts in a row that failed.
    private(set) var attempts = 0

    /// The pause after one more failure: twice as long each time, or what the sink asks for.
    ///
    /// - Parameter jitter: from 0 to 1; up to a quarter more.
    mutating func failed(retryAfter: Duration?, jitter: Double) -> Duration {
        attempts += 1
        let pause = min(Self.first * (1 << min(attempts - 1, 16)), Self.longest)
        return max(pause + pause * (jitter / 4), min(retryAfter ?? .zero, Self.longestRetryAfter))
    }

    mutating func succeeded() { attempts = 0 }
}
