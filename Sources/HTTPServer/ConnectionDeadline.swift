import NIOCore

/// Until when the client must do something. One timer a connection, which is set rarely and looks at the clock when it
/// fires, rather than one for each request.
struct ConnectionDeadline {
    /// What the connection waits for.
    enum Phase {
        /// The header of a request.
        case request(since: NIODeadline, isFirst: Bool)
        /// The rest of a request's body.
        case body(since: NIODeadline)
        /// The rest of a body whose request is answered.
        case discard(since: NIODeadline)
        /// The server: it bounds its own time.
        case answer
    }

    var phase: Phase
    private let limits: ConnectionLimits
    private var timer: Scheduled<Void>?
    /// When the timer fires, if it is set.
    private var due = NIODeadline.distantFuture

    init(phase: Phase, limits: ConnectionLimits) {
        self.phase = phase
        self.limits = limits
    }

    private var end: NIODeadline? {
        switch phase {
        case .request(let since, let isFirst): since + (isFirst ? limits.handshakeTimeout : limits.idleTimeout)
        case .body(let since): since + limits.bodyTimeout
        case .discard(let since): since + limits.discardTimeout
        case .answer: nil
        }
    }

    /// - Parameter blockedSince: since when the client has not read its answer; nil where it has.
    func hasPassed(now: NIODeadline = .now(), blockedSince: NIODeadline?) -> Bool {
        if let blockedSince, now >= blockedSince + limits.writeTimeout { return true }
        return end.map { now >= $0 } ?? false
    }

    /// Sets the timer, unless it is set or nothing has to be waited for.
    mutating func schedule(
        on loop: any EventLoop, isBlocked: Bool, isSooner: Bool, _ check: @escaping @Sendable () -> Void
    ) {
        // A client that stops reading may be due before what the timer was set for; it is rare enough to set it anew.
        guard timer == nil || isBlocked || isSooner else { return }
        let now = NIODeadline.now()
        guard let next = isBlocked ? now + limits.writeTimeout : end else { return }
        // Never too far away: the phase may change to a shorter one meanwhile.
        let due = min(max(next, now + .milliseconds(100)), now + Self.interval)
        if timer != nil && self.due <= due { return }
        timer?.cancel()
        self.due = due
        timer = loop.scheduleTask(deadline: due, check)
    }

    /// The timer has fired.
    mutating func fired() { timer = nil }

    mutating func cancel() {
        timer?.cancel()
        timer = nil
    }

    private static let interval = TimeAmount.seconds(30)
}
