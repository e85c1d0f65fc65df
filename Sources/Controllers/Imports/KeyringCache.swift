import ImageStreams
import Importing
import Synchronization

/// The credentials of namespaces, for a short time: a schedule asks for the same ones over and over. A class because
/// all work of the schedule shares it.
final class KeyringCache: Sendable {
    private struct Entry {
        var keyring: RegistryKeyring
        var until: ContinuousClock.Instant
    }

    private static let lifetime: Duration = .seconds(10)
    private static let capacity = 10_000

    private let api: ImageStreamsAPI
    private let entries = Mutex<[String: Entry]>([:])

    init(api: ImageStreamsAPI) { self.api = api }

    /// None where the secrets cannot be read: the registry will say what it thinks of that.
    func keyring(of namespace: String) async -> RegistryKeyring {
        let now = ContinuousClock.now
        if let entry = entries.withLock({ $0[namespace] }), entry.until > now { return entry.keyring }
        guard let secrets = try? await api.pullSecrets(in: namespace) else { return RegistryKeyring([]) }
        let keyring = RegistryKeyring.reading(secrets).keyring
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries = [:] }
            entries[namespace] = Entry(keyring: keyring, until: now + Self.lifetime)
        }
        return keyring
    }
}

/// Lets only so many pass in a minute; the others wait their turn. A class for that reason.
final class Pacer: Sendable {
    private let gap: Duration
    private let next = Mutex(ContinuousClock.now)

    /// - Parameter perMinute: 0 for no bound.
    init(perMinute: Int) { gap = perMinute > 0 ? .seconds(60) / perMinute : .zero }

    /// - Throws: `CancellationError`.
    func pass() async throws {
        if gap == .zero { return }
        let turn = next.withLock { next in
            let turn = max(next, .now)
            next = turn + gap
            return turn
        }
        try await Task.sleep(until: turn)
    }
}
