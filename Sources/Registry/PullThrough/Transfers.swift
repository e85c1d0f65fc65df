import OCI
import Synchronization

/// The blobs that are being fetched: one transfer for all who want the same from the same place with the same rights.
///
/// Two namespaces never share one: what one of them may see elsewhere says nothing of the other, and what one of them
/// names as its source must not hold up the other (spec/registry.md PT-6, V-2). A class because all requests share it.
final class Transfers: Sendable {
    struct Key: Hashable, Sendable {
        var digest: Digest
        var namespace: String
        var source: UpstreamSource
    }

    private struct State {
        var running: [Key: Transfer] = [:]
        var perHost: [String: Int] = [:]
    }

    private let state = Mutex(State())
    /// At a time from one host; who wants more is asked to come again.
    private let maximumPerHost: Int

    init(maximumPerHost: Int = 64) { self.maximumPerHost = maximumPerHost }

    enum Claim {
        case running(Transfer)
        /// This caller has to fetch it.
        case new(Transfer)
        case tooMany
    }

    /// The transfer of a blob, which begins with the first who asks for it.
    func claim(_ key: Key, size: Int64) -> Claim {
        let host = key.source.repository.host
        return state.withLock { state in
            if let transfer = state.running[key] { return .running(transfer) }
            guard state.perHost[host, default: 0] < maximumPerHost else { return .tooMany }
            let transfer = Transfer(size: size)
            state.running[key] = transfer
            state.perHost[host, default: 0] += 1
            return .new(transfer)
        }
    }

    func end(_ key: Key) {
        let host = key.source.repository.host
        state.withLock { state in
            guard state.running.removeValue(forKey: key) != nil else { return }
            let rest = state.perHost[host, default: 1] - 1
            state.perHost[host] = rest > 0 ? rest : nil
        }
    }
}
