import Dispatch
import Logging
import Synchronization

/// The audit log in a file: one writer behind a bounded queue.
///
/// Requests do not wait for the disk. Only when more events are on their way than the queue takes do they wait until
/// there is room again: events are never dropped for being too many (the reference's `blocking` mode). When the file
/// cannot be written, the events it refuses are lost, counted and complained of, and requests go on.
public final class AuditLog: AuditSink {
    private typealias Waiter = CheckedContinuation<Void, Never>

    private struct State {
        var pending: [AuditEvent] = []
        /// Bytes that the pending events take, about.
        var cost = 0
        var isWriting = false
        /// Those who wait for room.
        var waiters: [Waiter] = []
        /// Those who wait until everything is written.
        var flushers: [Waiter] = []

        /// What the writer takes next, and who need not wait any more. Nothing to take: it has ended.
        mutating func takeTurn() -> (events: [AuditEvent], woken: [Waiter]) {
            defer { (pending, cost, waiters) = ([], 0, []) }
            guard pending.isEmpty else { return (pending, waiters) }
            isWriting = false
            defer { flushers = [] }
            return ([], waiters + flushers)
        }
    }

    private let state = Mutex(State())
    private let file: Mutex<AuditFile>
    private let queue = DispatchQueue(label: "audit.log")
    private let logger: Logger
    private let errors: Counter?
    private let lastComplaint = Mutex<ContinuousClock.Instant?>(nil)
    private let capacity: Int

    /// Opens the file.
    /// - Parameters:
    ///   - path: `-` for standard output.
    ///   - maximumSize: bytes after which a new file is begun; 0 for never.
    ///   - maximumBackups: old files that are kept.
    ///   - capacity: bytes of events that may be on their way.
    /// - Throws: in words for people, where the file cannot be opened.
    public init(
        path: String, maximumSize: Int, maximumBackups: Int, capacity: Int = 16 << 20,
        metrics: MetricsRegistry? = nil, logger: Logger
    ) throws {
        file = Mutex(try AuditFile(path: path, maximumSize: maximumSize, maximumBackups: maximumBackups))
        self.capacity = capacity
        self.logger = logger
        errors = metrics?.counters(
            "apiserver_audit_error_total", help: "Events that could not be written to the audit log.",
            labels: ["plugin"]
        ).counter("log")
    }

    public func append(_ event: AuditEvent) async {
        let (starts, waits) = state.withLock { state in
            state.pending.append(event)
            state.cost += event.cost
            defer { state.isWriting = true }
            return (!state.isWriting, state.cost > capacity)
        }
        if starts { queue.async { self.drain() } }
        guard waits else { return }
        await withCheckedContinuation { waiter in
            let hasRoom = state.withLock { state in
                // The writer may have been here meanwhile.
                guard state.cost > capacity else { return true }
                state.waiters.append(waiter)
                return false
            }
            if hasRoom { waiter.resume() }
        }
    }

    /// Waits until everything that was appended before is with the system.
    public func flush() async {
        await withCheckedContinuation { waiter in
            let isDone = state.withLock { state in
                guard state.isWriting else { return true }
                state.flushers.append(waiter)
                return false
            }
            if isDone { waiter.resume() }
        }
    }

    /// Writes until nothing is pending. On the queue only, so one at a time.
    private func drain() {
        while true {
            let turn = state.withLock { $0.takeTurn() }
            for waiter in turn.woken { waiter.resume() }
            if turn.events.isEmpty { return }
            let (written, failure) = file.withLock { $0.append(turn.events.map(\.line)) }
            if let failure { complain(failure, lost: turn.events.count - written) }
        }
    }

    private func complain(_ failure: AuditFile.Failure, lost: Int) {
        errors?.add(lost)
        let now = ContinuousClock.now
        let isDue = lastComplaint.withLock { last in
            if let last, last.duration(to: now) < .seconds(30) { return false }
            last = now
            return true
        }
        guard isDue else { return }
        logger.error("audit events are lost", metadata: ["error": "\(failure)", "events": "\(lost)"])
    }
}
