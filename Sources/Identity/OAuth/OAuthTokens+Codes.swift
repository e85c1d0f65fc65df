import APIMachinery
import APIServer

extension OAuthTokens {
    /// Seconds between a log-in and the exchange of its code, at most.
    static let codeLifetime: Int64 = 300

    /// A code that its client may exchange for a token, once.
    func issueCode(to user: User, _ request: AuthorizeRequest, _ context: RequestContext) async throws -> String {
        let (code, name) = OAuthTokenName.make()
        var own = context
        own.resource = OAuthTokenRules.authorizeTokens.descriptor.groupResource
        _ = try await authorizeTokens.create(
            OAuthAuthorizeToken(
                metadata: ObjectMeta(name: name), clientName: request.client.rawValue, expiresIn: Self.codeLifetime,
                scopes: request.scopes.map(\.rawValue), redirectURI: request.address.redirect,
                userName: user.metadata.name, userUID: user.metadata.uid,
                codeChallenge: request.challenge?.challenge ?? "",
                codeChallengeMethod: request.challenge?.method.rawValue ?? ""),
            strategy: OAuthAuthorizeTokenStrategy(), options: WriteOptions(), own)
        return code
    }

    /// What a client shows for a token.
    struct Redemption: Sendable {
        var client: OAuthClient
        var code: String
        /// Nil where the request names none: then the client's own.
        var redirectURI: String?
        var verifier: String?
    }

    /// Exchanges a code. It is used up by the first attempt, also by one that fails: of two at a time one gets nothing.
    ///
    /// - Returns: the token and what it is for.
    /// - Throws: `OAuthError`, or `APIError` where the store fails.
    func redeem(
        _ redemption: Redemption, issuer: String, lifetime: Int64, _ context: RequestContext
    ) async throws -> (token: String, scopes: [OAuthScope]) {
        let refusal = OAuthError(.invalidGrant)
        guard let name = OAuthTokenName.name(of: redemption.code),
            let stored = try await authorizeTokens.object(name, namespace: "")
        else { throw refusal }
        var own = context
        own.resource = OAuthTokenRules.authorizeTokens.descriptor.groupResource
        do { _ = try await authorizeTokens.delete(name, options: DeleteOptions(), own) } catch let error as APIError
            where error.reason == "NotFound"
        { throw refusal }
        guard
            !OAuthTokenRules.isExpired(
                created: stored.metadata.creationTimestamp, seconds: stored.expiresIn, now: context.now),
            stored.clientName == redemption.client.rawValue,
            stored.redirectURI == redemption.redirectURI ?? redemption.client.standardRedirect(issuer: issuer),
            Self.isProven(stored, by: redemption.verifier),
            let user = try await user(stored.userName, uid: stored.userUID)
        else { throw refusal }
        let scopes = stored.scopes.compactMap { OAuthScope($0) }
        let token = try await issue(
            to: user, client: stored.clientName, scopes: scopes, redirectURI: stored.redirectURI, lifetime: lifetime,
            code: name, context)
        return (token, scopes)
    }

    /// A verifier where none was announced is as wrong as a missing one: somebody has taken the challenge away.
    private static func isProven(_ stored: OAuthAuthorizeToken, by verifier: String?) -> Bool {
        guard !stored.codeChallenge.isEmpty else { return verifier == nil }
        guard let verifier,
            let challenge = CodeChallenge(challenge: stored.codeChallenge, method: stored.codeChallengeMethod)
        else { return false }
        return challenge.isMet(by: verifier)
    }
}
