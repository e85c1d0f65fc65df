import APIMachinery
import APIServer

/// Bounds the requests that are worked on at the same time, reads and writes apart; who finds no place waits, and users
/// take turns (spec/registry.md 3.10 Q-4).
public struct RequestLimits: Sendable {
    /// Places; 0 for as many as come.
    public var reads = 0
    public var writes = 0
    /// Requests that wait for a place, all users together, for reads and for writes each.
    public var waiting = 2_000
    /// How long one waits at most.
    public var patience: Duration = .seconds(60)

    public init() {}
}

/// The places of ``RequestLimits``.
struct RequestGate: Sendable {
    private let reads: FlowLane
    private let writes: FlowLane
    private let patience: Duration

    init(_ limits: RequestLimits) {
        let patience = FlowControl.Patience(maximumPerFlow: limits.waiting, maximum: limits.waiting)
        reads = FlowLane(places: limits.reads, patience)
        writes = FlowLane(places: limits.writes, patience)
        self.patience = limits.patience
    }

    /// Answers a request when there is a place for it. Probes, scrapes, tokens and pings need none.
    /// - Throws: `TOOMANYREQUESTS` where there is none in time, and what `body` throws.
    func admit<Value: Sendable>(
        _ route: RegistryRoute, isRead: Bool, _ user: UserInfo, _ body: () async throws -> Value
    ) async throws -> Value {
        switch route {
        case .base, .metrics, .token, .health: return try await body()
        default: break
        }
        let lane = isRead ? reads : writes
        if !lane.enter(isExempt: false) {
            do { try await lane.wait(flow: FlowControl.flow(of: user), patience: patience) } catch {
                throw RegistryError(
                    429, .tooManyRequests, "Too many requests, please try again later.", headers: [.retryAfter: "1"])
            }
        }
        defer { lane.release(isExempt: false) }
        return try await body()
    }
}
