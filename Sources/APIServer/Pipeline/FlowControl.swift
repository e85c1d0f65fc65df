import Synchronization

/// Bounds the requests that are worked on at the same time (spec/api-machinery.md 10.1).
///
/// Reads and writes are counted apart; long-running requests and cluster administrators are not counted.
final class FlowControl: Sendable {
    struct Rejected: Error {}

    private struct InFlight {
        var reads = 0
        var writes = 0
    }

    private let maximumReads: Int
    private let maximumWrites: Int
    private let inFlight = Mutex(InFlight())

    init(reads: Int, writes: Int) {
        maximumReads = reads
        maximumWrites = writes
    }

    /// A place among the requests in flight; give it back once.
    struct Ticket: Sendable {
        fileprivate let giveBack: (@Sendable () -> Void)?
        func release() { giveBack?() }
    }

    /// - Throws: `Rejected` where all places are taken.
    func admit(_ info: RequestInfo, isExempt: Bool) throws(Rejected) -> Ticket {
        if info.isLongRunning || isExempt || info.resource == "imagestreamimports" { return Ticket(giveBack: nil) }
        let isRead = ["get", "list"].contains(info.verb)
        let isAdmitted = inFlight.withLock { state in
            if isRead {
                guard maximumReads == 0 || state.reads < maximumReads else { return false }
                state.reads += 1
            } else {
                guard maximumWrites == 0 || state.writes < maximumWrites else { return false }
                state.writes += 1
            }
            return true
        }
        guard isAdmitted else { throw Rejected() }
        return Ticket { [self] in
            inFlight.withLock { state in if isRead { state.reads -= 1 } else { state.writes -= 1 } }
        }
    }
}
