/// How often somebody showed who they are, and was let do what they wanted (spec/api-machinery.md 8.7).
struct IdentityMetrics: Sendable {
    private let authenticated: Counter
    private let unauthenticated: Counter
    private let failed: Counter
    private let mail: Counter
    private let otherUser: Counter
    private let allowed: Counter
    private let denied: Counter
    private let undecided: Counter

    init(_ registry: MetricsRegistry) {
        let attempts = registry.counters(
            "authentication_attempts", help: "Requests by whether they showed who makes them.", labels: ["result"])
        authenticated = attempts.counter("success")
        unauthenticated = attempts.counter("anonymous")
        failed = attempts.counter("failure")
        let users = registry.counters(
            "authenticated_user_requests", help: "Requests of known users, by the kind of their name.",
            labels: ["username"])
        mail = users.counter("email_id")
        otherUser = users.counter("other")
        let decisions = registry.counters(
            "authorization_attempts_total", help: "Requests by what authorization said.", labels: ["result"])
        allowed = decisions.counter("allowed")
        denied = decisions.counter("denied")
        undecided = decisions.counter("error")
    }

    /// - Parameter user: nil where the request shows nothing.
    func authenticated(_ user: UserInfo?) {
        guard let user else {
            unauthenticated.add()
            return
        }
        authenticated.add()
        // Names are no labels: there are too many, and they are nobody else's business.
        if user.name.utf8.contains(UInt8(ascii: "@")) { mail.add() } else { otherUser.add() }
    }

    func authenticationFailed() { failed.add() }

    /// - Parameter decision: nil where there was none.
    func authorized(_ decision: AccessDecision?) {
        guard let decision else {
            undecided.add()
            return
        }
        if decision.isAllowed { allowed.add() } else { denied.add() }
    }
}
