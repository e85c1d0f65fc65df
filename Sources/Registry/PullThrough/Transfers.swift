import OCI
import Synchronization

/// The blobs that are being fetched: one transfer for all who want the same from the same place with the same rights.
///
/// Two namespaces never share one: what one of them may see elsewhere says nothing of the other, and what one of them
/// names as its source must not hold up the other (spec/registry.md PT-6, V-2). A class because all requests share it.
final class Transfers: Sendable {
    struct Key: Hashable, Sendable {
        var digest: Digest
        /// The UID: a namespace that is made later under the same name is another one (E-7).
        var namespace: String
        var source: UpstreamSource
    }

    /// How much may be under way.
    struct Bounds: Sendable {
        /// Downloads from one host (4.12); who wants more is asked to come again.
        var perHost = 64
        /// Of those, for one namespace, so that it does not keep a host from the others.
        var perHostAndNamespace = 56
        /// Copies into the storage; beyond, clients get the bytes and nothing is kept (PT-17).
        var copies = 256
        var copiesPerNamespace = 64
    }

    /// Whom a download counts for.
    fileprivate struct Share: Hashable {
        var host: String
        var namespace: String
    }

    private struct Running {
        var transfer: Transfer
        /// The repositories that the blob is to be a part of.
        var homes: Set<Incarnation>
    }

    private struct State {
        var running: [Key: Running] = [:]
        var hosts: [String: Int] = [:]
        var shares: [Share: Int] = [:]
        var copies = 0
        var namespaces: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let bounds: Bounds

    init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    // MARK: Copies

    enum Claim {
        case running(Transfer)
        /// This caller has to fetch it.
        case new(Transfer)
        /// There are too many copies: it can be handed on without.
        case full
        /// Too much comes from the host.
        case tooMany
    }

    /// The transfer of a blob, which begins with the first who asks for it.
    /// - Parameter home: what the blob is to be a part of.
    func claim(_ key: Key, size: Int64, for home: Incarnation) -> Claim {
        let share = Share(host: key.source.repository.host, namespace: key.namespace)
        return state.withLock { state in
            if let transfer = state.running[key]?.transfer {
                state.running[key]?.homes.insert(home)
                return .running(transfer)
            }
            guard state.copies < bounds.copies, state.namespaces[key.namespace, default: 0] < bounds.copiesPerNamespace
            else { return .full }
            guard begin(share, &state) else { return .tooMany }
            state.copies += 1
            state.namespaces[key.namespace, default: 0] += 1
            let transfer = Transfer(size: size)
            state.running[key] = Running(transfer: transfer, homes: [home])
            return .new(transfer)
        }
    }

    /// The repositories that want a blob besides those that have it by now. Where there are none, the transfer takes no
    /// more of them: who comes then begins a new one.
    func homes(_ key: Key, besides done: Set<Incarnation>) -> Set<Incarnation> {
        state.withLock { state in
            guard let homes = state.running[key]?.homes.subtracting(done) else { return [] }
            if homes.isEmpty { state.running[key] = nil }
            return homes
        }
    }

    /// A transfer that `claim` began is over.
    func end(_ key: Key, _ transfer: Transfer) {
        state.withLock { state in
            if state.running[key]?.transfer === transfer { state.running[key] = nil }
            state.copies -= 1
            Self.decrease(&state.namespaces, key.namespace)
            end(Share(host: key.source.repository.host, namespace: key.namespace), &state)
        }
    }

    // MARK: Downloads

    /// A blob on its way to a client, as long as somebody holds this.
    final class Passage: Sendable {
        private let transfers: Transfers
        private let share: Share

        fileprivate init(_ transfers: Transfers, _ share: Share) {
            self.transfers = transfers
            self.share = share
        }

        deinit { transfers.state.withLock { transfers.end(share, &$0) } }
    }

    /// A place for a blob that is handed on and not kept; nil where too much comes from the host.
    /// - Parameter namespace: its UID.
    func pass(from host: String, for namespace: String) -> Passage? {
        let share = Share(host: host, namespace: namespace)
        return state.withLock { begin(share, &$0) } ? Passage(self, share) : nil
    }

    private func begin(_ share: Share, _ state: inout State) -> Bool {
        guard state.hosts[share.host, default: 0] < bounds.perHost,
            state.shares[share, default: 0] < bounds.perHostAndNamespace
        else { return false }
        state.hosts[share.host, default: 0] += 1
        state.shares[share, default: 0] += 1
        return true
    }

    private func end(_ share: Share, _ state: inout State) {
        Self.decrease(&state.hosts, share.host)
        Self.decrease(&state.shares, share)
    }

    private static func decrease<Key: Hashable>(_ counts: inout [Key: Int], _ key: Key) {
        let rest = counts[key, default: 1] - 1
        counts[key] = rest > 0 ? rest : nil
    }
}
