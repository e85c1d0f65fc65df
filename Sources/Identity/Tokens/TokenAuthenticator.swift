import APIServer

/// Whom a bearer token belongs to, and for whom it was made out.
public struct AuthenticatedToken: Sendable, Hashable {
    public var user: UserInfo
    /// Those of the audiences that were asked for which the token is for; never empty.
    public var audiences: [String]

    public init(user: UserInfo, audiences: [String]) {
        self.user = user
        self.audiences = audiences
    }
}

/// Knows one sort of bearer token (spec/api-machinery.md 9.1).
public protocol TokenAuthenticator: Sendable {
    /// - Parameters:
    ///   - audiences: who is asked for; the token must be for at least one of them. Tokens that name no audience are for
    ///     the API itself.
    ///   - seconds: how long ago a good token may have expired. All else must hold now.
    /// - Returns: nil where the token is none of this sort.
    /// - Throws: `APIError.unauthorized` where it is of this sort and not good; anything else where that cannot be told.
    func authenticate(
        _ token: String, audiences: TokenAudiences, expiredWithin seconds: Int64
    ) async throws -> AuthenticatedToken?
}

extension TokenAuthenticator {
    /// For a token that has not expired.
    public func authenticate(_ token: String, audiences: TokenAudiences) async throws -> AuthenticatedToken? {
        try await authenticate(token, audiences: audiences, expiredWithin: 0)
    }
}

/// The audiences that a token is wanted for, and those that mean the API itself.
public struct TokenAudiences: Sendable, Hashable {
    public var wanted: [String]
    public var api: [String]

    /// - Parameter wanted: empty for those of the API.
    public init(wanted: [String] = [], api: [String]) {
        self.wanted = wanted.isEmpty ? api : wanted
        self.api = api
    }

    /// What both sides name, in the order in which it was wanted.
    public func common(with audiences: [String]) -> [String] { wanted.filter(audiences.contains) }

    /// A token that names no audience: it is for the API.
    /// - Returns: nil where the API is not among those wanted.
    func whereUnnamed(_ user: UserInfo) -> AuthenticatedToken? {
        let common = common(with: api)
        return common.isEmpty ? nil : AuthenticatedToken(user: user, audiences: common)
    }
}
