/// What is known of the number of manifests without a tag in one namespace. Pure.
struct UntaggedTally: Sendable {
    /// How well they were counted.
    enum Exactness: Sendable {
        /// All manifests, with those that have a tag.
        case all
        /// Those without a tag alone.
        case untagged
    }

    enum Outcome: Hashable, Sendable {
        /// There is room, which is taken.
        case taken
        /// They must be counted first: all of them, because nothing is known, or those without a tag, because with the
        /// others there are too many.
        case uncounted(Exactness)
        /// The same, and that was done just before: not yet.
        case resting(until: ContinuousClock.Instant)
        case refused
    }

    /// Of the namespace.
    let uid: String
    private(set) var count: Int
    /// Pushes that have taken room and have not ended: whoever counts may or may not find them.
    private(set) var running: Int
    private var exactness: Exactness
    /// When it was counted.
    private let begin: ContinuousClock.Instant
    /// Before, it is not counted again: counting takes a tenth of the time at the most.
    private let rest: ContinuousClock.Instant
    /// Nobody has taken room since, who may have got a tag by now.
    private var isFresh = true

    /// Tags come and go without being counted: after so long it is done again.
    private static let lifetime: Duration = .seconds(3_600)
    private static let longestRest: Duration = .seconds(30)

    /// - Parameters:
    ///   - count: what was found.
    ///   - running: pushes that had taken room when counting began.
    ///   - begin: when counting began.
    ///   - end: when it ended.
    init(
        uid: String, count: Int, running: Int = 0, _ exactness: Exactness, begin: ContinuousClock.Instant,
        end: ContinuousClock.Instant
    ) {
        self.uid = uid
        self.count = count + running
        self.running = running
        self.exactness = exactness
        self.begin = begin
        rest = end + min((end - begin) * 10, Self.longestRest)
    }

    /// Takes room for one more.
    mutating func take(within limit: Int, now: ContinuousClock.Instant) -> Outcome {
        if now - begin > Self.lifetime { return .uncounted(.all) }
        if count < limit {
            count += 1
            running += 1
            isFresh = false
            return .taken
        }
        if case .all = exactness { return .uncounted(.untagged) }
        if now >= rest { return .uncounted(.untagged) }
        return isFresh ? .refused : .resting(until: rest)
    }

    /// A push has ended.
    mutating func end(hasFailed: Bool) {
        running = max(0, running - 1)
        if hasFailed { count = max(0, count - 1) }
    }
}
