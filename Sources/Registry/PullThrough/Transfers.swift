import Blobs
import Importing
import OCI
import Synchronization

/// The blobs that are being fetched: one transfer for each, however many want it.
///
/// A class because all requests share it.
final class Transfers: Sendable {
    private struct State {
        var running: [Digest: Transfer] = [:]
    }

    private let state = Mutex(State())
    /// At a time; who wants more is asked to come again.
    private let maximum: Int

    init(maximum: Int = 64) { self.maximum = maximum }

    enum Claim {
        case running(Transfer)
        /// This caller has to fetch it.
        case new(Transfer)
        case tooMany
    }

    /// The transfer of a blob, which begins with the first who asks for it.
    func claim(_ digest: Digest, size: Int64) -> Claim {
        state.withLock { state in
            if let transfer = state.running[digest] { return .running(transfer) }
            guard state.running.count < maximum else { return .tooMany }
            let transfer = Transfer(size: size)
            state.running[digest] = transfer
            return .new(transfer)
        }
    }

    func running(_ digest: Digest) -> Transfer? { state.withLock { $0.running[digest] } }

    func end(_ digest: Digest) { state.withLock { state in state.running[digest] = nil } }
}
