/// Bounds the requests that are worked on at the same time, and shares the places fairly (spec/api-machinery.md 10.1).
///
/// Reads and writes have places apart. While there are any, a request takes one and goes on; when all are taken, it
/// waits in the queue of its user, and the users take turns. Long-running requests, probes, imports and cluster
/// administrators need no place.
package final class FlowControl: Sendable {
    /// A request that got no place: 429.
    package struct Rejected: Error {
        package enum Reason: String, CaseIterable {
            /// Too many requests of the same user wait already.
            case queueFull = "queue-full"
            case timeOut = "time-out"
            /// The client went away.
            case cancelled
        }
        package var reason: Reason
    }

    /// How much may wait, and for how long.
    package struct Patience: Sendable {
        package var maximumPerFlow: Int
        package var maximum: Int
        /// The longest wait of any request.
        package var longest: Duration

        package init(
            maximumPerFlow: Int = 50, maximum: Int = 2_000, longest: Duration = .seconds(15)
        ) {
            self.maximumPerFlow = maximumPerFlow
            self.maximum = maximum
            self.longest = longest
        }
    }

    private let reads: FlowLane
    private let writes: FlowLane
    private let patience: Patience

    /// - Parameter reads: places for reads; 0 for as many as come. So `writes`.
    init(reads: Int, writes: Int, patience: Patience = Patience()) {
        self.reads = FlowLane(places: reads, patience)
        self.writes = FlowLane(places: writes, patience)
        self.patience = patience
    }

    /// A place among the requests in flight; give it back once.
    struct Ticket: Sendable {
        fileprivate let lane: FlowLane?
        fileprivate let isExempt: Bool
        func release() { lane?.release(isExempt: isExempt) }
    }

    /// Gets a place, waiting for one if need be.
    /// - Parameter limit: how long the whole request may take; a quarter of it may be spent here.
    /// - Throws: `Rejected` where there is none in time.
    func admit(
        _ info: RequestInfo, _ user: UserInfo, limit: Duration = .seconds(60)
    ) async throws(Rejected) -> Ticket {
        if info.isLongRunning { return Ticket(lane: nil, isExempt: true) }
        let lane = info.isRead ? reads : writes
        let isExempt = info.isProbe || info.resource == "imagestreamimports" || user.groups.contains(UserInfo.masters)
        if !lane.enter(isExempt: isExempt) {
            try await lane.wait(flow: Self.flow(of: user), patience: min(patience.longest, limit / 4))
        }
        return Ticket(lane: lane, isExempt: isExempt)
    }

    /// Whose turn it is when others wait too: a user; all service accounts of a namespace together.
    package static func flow(of user: UserInfo) -> String {
        let parts = user.name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount" else { return user.name }
        return "system:serviceaccounts:\(parts[2])"
    }

    /// How many requests wait now.
    var waiting: (reads: Int, writes: Int) { (reads.figures.waiting, writes.figures.waiting) }
}

extension RequestInfo {
    fileprivate var isRead: Bool { verb == "get" || verb == "list" || !isResourceRequest && verb == "head" }

    /// Whoever asks whether the server is well must not wait behind those who keep it busy.
    fileprivate var isProbe: Bool {
        !isResourceRequest && (path.hasPrefix("/healthz") || path.hasPrefix("/livez") || path.hasPrefix("/readyz"))
    }
}

extension FlowControl: MetricSource {
    package func write(to text: inout Exposition) {
        let lanes = [("readOnly", reads.figures), ("mutating", writes.figures)]
        func labels(_ lane: String) -> [(name: String, value: String)] {
            [("priority_level", lane), ("flow_schema", "fair")]
        }
        text.begin("apiserver_current_inflight_requests", .gauge, help: "Requests that are worked on now.")
        for (lane, figures) in lanes { text.sample([("request_kind", lane)], figures.executing + figures.exempt) }
        text.begin(
            "apiserver_flowcontrol_current_executing_requests", .gauge,
            help: "Requests that have one of the bounded places now.")
        for (lane, figures) in lanes { text.sample(labels(lane), figures.executing) }
        text.begin("apiserver_flowcontrol_current_inqueue_requests", .gauge, help: "Requests that wait for a place.")
        for (lane, figures) in lanes { text.sample(labels(lane), figures.waiting) }
        text.begin(
            "apiserver_flowcontrol_rejected_requests_total", .counter, help: "Requests that got no place, by reason.")
        for (lane, figures) in lanes {
            for reason in Rejected.Reason.allCases {
                text.sample(labels(lane) + [("reason", reason.rawValue)], figures.rejected[reason] ?? 0)
            }
        }
    }
}
