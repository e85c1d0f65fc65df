/// How many requests one registry still takes from one account. Pure: the caller brings the time.
///
/// It holds back work that nobody waits for; what users ask for is always tried (spec/users-want.md, section 6, 3).
struct RateBudget: Hashable, Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Below this share of the limit only users' requests are made.
    static let reserve = 0.2
    /// The pause after a refusal without `Retry-After`; twice as long with each further one.
    static let firstPause: Duration = .seconds(30)
    static let longestPause: Duration = .seconds(3_600)
    /// `Retry-After` is taken at its word up to here.
    static let longestRetryAfter: Duration = .seconds(86_400)
    /// Where a registry counts down and does not say until when, it is asked again after this.
    static let unknownReset: Duration = .seconds(900)

    private(set) var limit: Int?
    private(set) var remaining: Int?
    /// When the registry begins to count anew, as far as known.
    private(set) var resets: Instant?
    private(set) var refusedUntil: Instant?
    private var refusals = 0
    /// When anything was heard last: what is older says nothing.
    private(set) var heard: Instant?

    /// Takes in what an answer says.
    mutating func observe(_ headers: RateLimitHeaders, now: Instant) {
        if headers.isRefusal {
            refusals += 1
            let pause = min(Self.firstPause * (1 << min(refusals - 1, 7)), Self.longestPause)
            let until = now + min(headers.retryAfter ?? pause, Self.longestRetryAfter)
            refusedUntil = max(until, refusedUntil ?? until)
            heard = now
        } else if refusedUntil ?? now <= now {
            refusals = 0
            refusedUntil = nil
        }
        guard let remaining = headers.remaining else { return }
        heard = now
        self.remaining = remaining
        limit = headers.limit ?? limit
        resets = now + (headers.reset ?? min(headers.window ?? Self.unknownReset, Self.unknownReset))
    }

    /// Until when work that nobody waits for is held back; nil for not at all.
    func pause(_ now: Instant) -> Instant? {
        var until: Instant?
        if let refusedUntil, refusedUntil > now { until = refusedUntil }
        if let remaining, let resets, resets > now, Double(remaining) < threshold {
            until = max(until ?? resets, resets)
        }
        return until
    }

    /// Whether the registry said that it takes nothing at all before a time.
    func isRefused(_ now: Instant) -> Bool { refusedUntil.map { $0 > now } ?? false }

    private var threshold: Double { limit.map { Double($0) * Self.reserve } ?? 10 }
}
