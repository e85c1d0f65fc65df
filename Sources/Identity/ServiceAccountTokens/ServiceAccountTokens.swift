import APIMachinery
import APIServer
import JSON

/// Signs tokens of service accounts, and knows them again (spec/api-machinery.md 9.3).
public struct ServiceAccountTokens: TokenAuthenticator {
    /// Seconds that clocks may differ.
    private static let leeway: Int64 = 60

    public let issuer: String
    let key: SigningKey
    private let keys: VerificationKeys
    private let accounts: any ServiceAccountLookup
    private let clock: @Sendable () -> Timestamp
    private let genuine = GenuineTokens()

    /// - Parameter issuer: the `iss` of all tokens.
    public init(
        issuer: String, key: SigningKey, accounts: any ServiceAccountLookup, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.issuer = issuer
        self.key = key
        keys = key.verificationKeys
        self.accounts = accounts
        self.clock = clock
    }

    /// - Returns: nil for a token of another issuer.
    public func authenticate(
        _ token: String, audiences: TokenAudiences, expiredWithin seconds: Int64
    ) async throws -> AuthenticatedToken? {
        guard let token = genuine.token(token, verify: keys.verify, isOurs: { $0.claims.issuer == issuer }) else {
            return nil
        }
        let common = audiences.common(with: token.claims.audiences)
        let now = clock()
        guard token.isGenuine, !common.isEmpty,
            token.claims.isCurrent(now: now, leeway: Self.leeway, expiredWithin: seconds),
            let identity = ServiceAccountIdentity(token.claims), try await isAlive(identity, now: now)
        else { throw APIError.unauthorized }
        return AuthenticatedToken(
            user: identity.user(tokenID: token.claims["jti"]?.stringValue ?? ""), audiences: common)
    }

    /// Whether the account is still the one that the token was made for, and so is what the token is bound to.
    private func isAlive(_ identity: ServiceAccountIdentity, now: Timestamp) async throws -> Bool {
        guard let account = try await accounts.serviceAccount(identity.name, namespace: identity.namespace),
            account.uid == identity.uid, !account.isGone(now: now)
        else { return false }
        guard let bound = identity.secret else { return true }
        guard let secret = try await accounts.secret(bound.name, namespace: identity.namespace) else { return false }
        return secret.uid == bound.uid && !secret.isGone(now: now)
    }

    /// - Parameter lifetime: in seconds.
    func issue(
        _ identity: ServiceAccountIdentity, audiences: [String], lifetime: Int64, now: Timestamp
    ) throws -> String {
        let start = now.secondsSince1970
        return try key.sign(
            .object(
                JSONObject(members: [
                    ("aud", .array(audiences.map { .string($0) })), ("exp", .integer(start + lifetime)),
                    ("iat", .integer(start)), ("iss", .string(issuer)), ("jti", .string(UUID4.random())),
                    ("kubernetes.io", identity.claim), ("nbf", .integer(start)), ("sub", .string(identity.subject)),
                ])))
    }
}
