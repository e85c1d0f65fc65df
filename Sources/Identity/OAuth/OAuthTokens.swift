import APIMachinery
import APIServer
import Store

/// The tokens that were given to people: what is stored of them, and whom they belong to.
public struct OAuthTokens: TokenAuthenticator {
    public let accessTokens: ObjectStore<OAuthAccessToken>
    let authorizeTokens: ObjectStore<OAuthAuthorizeToken>
    private let users: Users
    private let clock: @Sendable () -> Timestamp

    /// The group of all who come with such a token.
    public static let group = "system:authenticated:oauth"

    /// Registers the caches: before the store starts.
    public init(store: Store, users: Users, clock: @escaping @Sendable () -> Timestamp) {
        accessTokens = ObjectStore(kind: OAuthTokenRules.accessTokens, store: store)
        authorizeTokens = ObjectStore(kind: OAuthTokenRules.authorizeTokens, store: store)
        self.users = users
        self.clock = clock
    }

    public var resources: [any Resource] {
        [
            StoredResource(
                accessTokens, strategy: OAuthAccessTokenStrategy(), table: OAuthTokenTable.accessTokens),
            UserOAuthAccessTokens(tokens: accessTokens),
        ]
    }

    /// Seconds for which an expired token is kept, because what was begun with it may be ended.
    public static let afterlife: Int64 = 3_600

    /// Looks a token up by its hash. It is good as long as it is stored, has not expired, and its user exists with the
    /// same uid: what is deleted is refused from the next request on.
    public func authenticate(
        _ token: String, audiences: TokenAudiences, expiredWithin seconds: Int64
    ) async throws -> AuthenticatedToken? {
        guard let name = OAuthTokenName.name(of: token) else { return nil }
        guard let stored = try await accessTokens.object(name, namespace: ""),
            stored.metadata.deletionTimestamp == nil,
            !OAuthTokenRules.isExpired(
                created: stored.metadata.creationTimestamp, seconds: stored.expiresIn, now: clock(), since: seconds),
            var user = try await users.known(stored.userName, uid: stored.userUID)
        else { throw APIError.unauthorized }
        user.groups.append(Self.group)
        user.extra[OAuthScope.extraKey] = stored.scopes
        return audiences.whereUnnamed(user)
    }

    /// The user a code was made out to, if it is there still.
    func user(_ name: String, uid: String) async throws -> User? {
        guard let user = try await users.users.object(name, namespace: ""), user.metadata.uid == uid,
            user.metadata.deletionTimestamp == nil
        else { return nil }
        return user
    }

    /// Gives a user a token.
    /// - Parameters:
    ///   - lifetime: in seconds; 0 for ever.
    ///   - code: name of the code it was exchanged for, if any.
    /// - Returns: the token itself, which nothing keeps.
    func issue(
        to user: User, client: String, scopes: [OAuthScope], redirectURI: String = "", lifetime: Int64,
        code: String = "", _ context: RequestContext
    ) async throws -> String {
        let (token, name) = OAuthTokenName.make()
        var own = context
        own.resource = OAuthTokenRules.accessTokens.descriptor.groupResource
        _ = try await accessTokens.create(
            OAuthAccessToken(
                metadata: ObjectMeta(name: name), clientName: client, expiresIn: lifetime,
                scopes: scopes.map(\.rawValue), redirectURI: redirectURI, userName: user.metadata.name,
                userUID: user.metadata.uid, authorizeToken: code),
            strategy: OAuthAccessTokenStrategy(), options: WriteOptions(), own)
        return token
    }
}
