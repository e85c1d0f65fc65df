import APIMachinery
import APIServer
import Logging

/// Takes tokens of one issuer (OpenID Connect Core 1.0, 3.1.3.7): claims become user and groups.
public struct OIDCIssuer: TokenAuthenticator {
    /// Seconds that clocks may differ.
    private static let leeway: Int64 = 60
    /// Longer names and more groups come from no sane issuer.
    private static let maximumNameBytes = 1024
    private static let maximumGroups = 1024
    /// What no issuer may give away: names of the system's own.
    private static let reserved = "system:"

    /// Where an issuer's keys are from.
    public enum KeySource: Sendable {
        case fetched(any OIDCDocuments)
        /// A key set (RFC 7517).
        case fixed([UInt8])
    }

    private enum Keys: Sendable {
        case fetched(OIDCKeys)
        case fixed(VerificationKeys)
    }

    private let settings: OIDCIssuerSettings
    private let keys: Keys
    private let clock: @Sendable () -> Timestamp
    private let logger: Logger

    /// - Throws: where a fixed key set cannot be read, or holds no key that could be used.
    public init(
        _ settings: OIDCIssuerSettings, keys: KeySource, clock: @escaping @Sendable () -> Timestamp, logger: Logger
    ) async throws {
        let source: Keys
        switch keys {
        case .fetched(let documents): source = .fetched(OIDCKeys(issuer: settings.url, documents: documents))
        case .fixed(let text):
            let keys = try await VerificationKeys(jwks: text)
            guard !keys.isEmpty else {
                throw OIDCIssuerSettings.Invalid(description: "the key set holds no usable key")
            }
            source = .fixed(keys)
        }
        self.init(settings, source: source, clock: clock, logger: logger)
    }

    init(
        _ settings: OIDCIssuerSettings, keys: OIDCKeys, clock: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.init(settings, source: .fetched(keys), clock: clock, logger: logger)
    }

    private init(
        _ settings: OIDCIssuerSettings, source: Keys, clock: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.settings = settings
        keys = source
        self.clock = clock
        self.logger = logger
    }

    public func authenticate(
        _ token: String, audiences: TokenAudiences, expiredWithin seconds: Int64
    ) async throws -> AuthenticatedToken? {
        guard let token = JSONWebToken(token), token.claims.issuer == settings.url else { return nil }
        // What costs nothing comes first: nobody makes the server fetch keys for a token that is no good anyway.
        guard token.claims.audiences.contains(where: settings.audiences.contains),
            token.claims.isCurrent(now: clock(), leeway: Self.leeway, expiredWithin: seconds), try await verify(token),
            let user = user(token.claims)
        else { throw APIError.unauthorized }
        return audiences.whereUnnamed(user)
    }

    // MARK: Signature

    private func verify(_ token: JSONWebToken) async throws -> Bool {
        let source: OIDCKeys
        switch keys {
        case .fixed(let keys): return keys.verify(token)
        case .fetched(let keys): source = keys
        }
        do {
            let known = try await source.current()
            if known.verify(token) { return true }
            // The issuer may have got new keys.
            guard token.keyID.map({ !known.contains(keyID: $0) }) ?? true, let fresh = try await source.refreshed()
            else { return false }
            return fresh.verify(token)
        } catch {
            logger.warning("keys of an issuer are not to be had", metadata: ["error": "\(error)"])
            throw APIError.serviceUnavailable("the keys of the token's issuer are not to be had", retryAfter: 10)
        }
    }

    // MARK: Claims

    private func user(_ claims: JSONWebClaims) -> UserInfo? {
        for (name, value) in settings.requiredClaims where claims[name]?.stringValue != value { return nil }
        guard let claim = claims[settings.usernameClaim]?.stringValue, !claim.isEmpty else { return nil }
        // An address that the issuer has not checked is whatever its user typed.
        if settings.usernameClaim == "email", let verified = claims["email_verified"], verified.boolValue != true {
            return nil
        }
        let name = settings.usernamePrefix + claim
        guard Self.isUsable(name) else { return nil }
        let groups = settings.groupsClaim.map { claims.strings($0) } ?? []
        return UserInfo(
            name: name, uid: "",
            groups: groups.prefix(Self.maximumGroups).map { settings.groupsPrefix + $0 }.filter(Self.isUsable))
    }

    private static func isUsable(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(reserved) && name.utf8.count <= maximumNameBytes
            && !name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }
}
