import APIMachinery
import Glibc

/// Writes down who asks for what: a policy, and where its events go (spec/api-machinery.md 9.9).
public struct Auditor: Sendable {
    let policy: AuditPolicy
    let sink: any AuditSink
    /// The time of day, to the microsecond.
    let clock: @Sendable () -> MicroTime
    /// The types of what may come as protobuf.
    var schemas: [GroupVersionKind: TypeSchema] = [:]
    private let levels: CounterFamily?
    private let events: CounterFamily?

    /// - Parameter metrics: where events are counted; nil for nowhere.
    public init(
        policy: AuditPolicy, sink: any AuditSink, metrics: MetricsRegistry? = nil,
        clock: @escaping @Sendable () -> MicroTime = Auditor.now
    ) {
        self.policy = policy
        self.sink = sink
        self.clock = clock
        events = metrics?.counters("apiserver_audit_event_total", help: "Events written to the audit log.")
        levels = metrics?.counters(
            "apiserver_audit_level_total", help: "Requests by the audit level that holds for them.", labels: ["level"])
        // So that it is there before the first event.
        _ = events?.counter()
    }

    /// The system's time.
    @Sendable public static func now() -> MicroTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return MicroTime(microsecondsSince1970: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    func count(_ level: AuditPolicy.Level) { levels?.counter(level.rawValue).add() }

    func write(_ event: AuditEvent) async {
        events?.counter().add()
        await sink.append(event)
    }
}
