import OCI
import Synchronization

/// What uploads were finished with lately: a client whose answer was lost asks again (spec/registry.md U-20).
///
/// A class because all requests share it.
final class FinishedUploads: Sendable {
    private static let lifetime: Duration = .seconds(900)
    private static let capacity = 4096

    private struct Entry {
        var id: String
        var digest: Digest
        var since: ContinuousClock.Instant
    }

    private struct State {
        var digests: [String: Digest] = [:]
        var order: [Entry] = []
        var first = 0
    }

    private let state = Mutex(State())

    func note(_ id: String, _ digest: Digest) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.digests[id] = digest
            state.order.append(Entry(id: id, digest: digest, since: now))
            while state.first < state.order.count,
                state.order.count - state.first > Self.capacity
                    || now - state.order[state.first].since > Self.lifetime
            {
                state.digests[state.order[state.first].id] = nil
                state.first += 1
            }
            guard state.first > Self.capacity else { return }
            state.order.removeFirst(state.first)
            state.first = 0
        }
    }

    func blob(of id: String) -> Digest? { state.withLock { $0.digests[id] } }
}
