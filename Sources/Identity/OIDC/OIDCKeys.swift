import APIMachinery
import JSON
import Synchronization

/// Fetches the documents of an issuer.
public protocol OIDCDocuments: Sendable {
    /// - Returns: the body of a 200, at most 1 MiB.
    func document(at url: String) async throws -> [UInt8]
}

/// The keys of an issuer: fetched when they are first needed, again when a token names another one, but not more often
/// than once a minute, whoever sends what.
final class OIDCKeys: Sendable {
    /// The issuer's documents are not what they must be.
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    private struct State {
        var keys: VerificationKeys?
        var attempted: ContinuousClock.Instant?
        var attempt: Task<VerificationKeys, any Error>?
    }

    /// At least so long between two attempts.
    private static let pause: Duration = .seconds(60)

    private let issuer: String
    private let documents: any OIDCDocuments
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(
        issuer: String, documents: any OIDCDocuments,
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.issuer = issuer
        self.documents = documents
        self.clock = clock
    }

    /// The keys that were fetched last; fetched now where there are none.
    /// - Throws: where there are none to be had.
    func current() async throws -> VerificationKeys {
        if let keys = state.withLock({ $0.keys }) { return keys }
        if let keys = try await refreshed() { return keys }
        throw Unusable(description: "the keys of \(issuer) could not be fetched a moment ago")
    }

    /// Fetches the keys again.
    /// - Returns: nil where that was done a moment ago.
    /// - Throws: where it fails; the keys that were there stay.
    func refreshed() async throws -> VerificationKeys? {
        let now = clock()
        let attempt: Task<VerificationKeys, any Error>? = state.withLock { state in
            if let attempt = state.attempt { return attempt }
            if let last = state.attempted, last + Self.pause > now { return nil }
            let attempt = Task { try await self.fetch() }
            state.attempt = attempt
            state.attempted = now
            return attempt
        }
        guard let attempt else { return nil }
        let result = await attempt.result
        return try state.withLock { state in
            if state.attempt == attempt { state.attempt = nil }
            let keys = try result.get()
            state.keys = keys
            return keys
        }
    }

    private func fetch() async throws -> VerificationKeys {
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        let description = try JSONValue.parse(
            try await documents.document(at: base + "/.well-known/openid-configuration"),
            limits: JSONLimits(depth: 32, bytes: 1 << 20))
        // Otherwise somebody else's description would name the keys (OpenID Connect Discovery 1.0, 4.3).
        guard description["issuer"]?.stringValue == issuer else {
            throw Unusable(description: "the description of \(issuer) is another issuer's")
        }
        guard let address = description["jwks_uri"]?.stringValue, address.hasPrefix("https://") else {
            throw Unusable(description: "\(issuer) names no https address of its keys")
        }
        return try await VerificationKeys(jwks: try await documents.document(at: address))
    }
}
