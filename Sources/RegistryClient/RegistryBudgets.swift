import Synchronization

/// What the registries still take from us, by host and account, for all work of the process.
///
/// A class because everything that talks to registries feeds it and asks it.
public final class RegistryBudgets: Sendable {
    struct Key: Hashable, Sendable {
        let host: String
        /// The user's name; nil for nobody in particular, who is counted by our address.
        let account: String?
    }

    /// What is known of one registry and account.
    public struct Entry: Sendable {
        public let host: String
        /// Empty for requests without credentials.
        public let account: String
        public let limit: Int?
        public let remaining: Int?
        /// In how long the registry counts anew; nil where that is not known, or over.
        public let resetsIn: Duration?
        /// For how long work that nobody waits for is held back.
        public let pausedFor: Duration?
    }

    /// Registries and accounts that are remembered.
    static let capacity = 10_000
    /// For how long.
    static let lifetime: Duration = .seconds(86_400)

    private let budgets = Mutex<[Key: RateBudget]>([:])

    public init() {}

    func observe(host: String, account: String?, _ headers: RateLimitHeaders, now: ContinuousClock.Instant = .now) {
        let key = Key(host: host, account: account)
        budgets.withLock { budgets in
            if budgets[key] == nil {
                // Registries that never limit anything, most of them, take no place.
                guard headers.isRefusal || headers.remaining != nil else { return }
                if budgets.count >= Self.capacity {
                    budgets = budgets.filter { ($0.value.heard ?? now) > now - Self.lifetime }
                    if budgets.count >= Self.capacity { budgets = [:] }
                }
            }
            budgets[key, default: RateBudget()].observe(headers, now: now)
        }
    }

    /// For how long work that nobody waits for is held back at a registry; nil for not at all.
    ///
    /// - Parameter host: the one that serves the API, with the port where it has one.
    public func pause(host: String, account: String?, now: ContinuousClock.Instant = .now) -> Duration? {
        budgets.withLock { $0[Key(host: host, account: account)]?.pause(now) }.map { now.duration(to: $0) }
    }

    /// For how long the registry said that it takes nothing at all; nil for not at all.
    func refusal(host: String, account: String?, now: ContinuousClock.Instant = .now) -> Duration? {
        let until = budgets.withLock {
            $0[Key(host: host, account: account)].flatMap { $0.isRefused(now) ? $0.refusedUntil : nil }
        }
        return until.map { now.duration(to: $0) }
    }

    /// All that is known, by host and account.
    public func entries(now: ContinuousClock.Instant = .now) -> [Entry] {
        budgets.withLock { $0 }.map { key, budget in
            Entry(
                host: key.host, account: key.account ?? "", limit: budget.limit, remaining: budget.remaining,
                resetsIn: budget.resets.flatMap { $0 > now ? now.duration(to: $0) : nil },
                pausedFor: budget.pause(now).map { now.duration(to: $0) })
        }.sorted { ($0.host, $0.account) < ($1.host, $1.account) }
    }
}
