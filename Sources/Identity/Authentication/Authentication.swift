import APIMachinery
import APIServer
import Logging
import Store

/// Everything that says who somebody is: people, tokens, log-ins.
public struct Authentication: Sendable {
    public struct Configuration: Sendable {
        /// The `iss` of service-account tokens, and what names the API as an audience.
        public var issuer = "https://kubernetes.default.svc"
        /// Tokens that the server was started with.
        public var staticTokens: [String: UserInfo] = [:]
        /// Who may log in with a password; nil for nobody.
        public var passwords: (any PasswordProvider)?
        /// Of tokens that people get by logging in, in seconds.
        public var tokenLifetime: Int64 = 86_400
        /// Issuers whose tokens are taken.
        public var issuers: [OIDCIssuer] = []
        public var signingKey: SigningKey
        public var address: PublicAddress

        public init(signingKey: SigningKey, address: PublicAddress) {
            self.signingKey = signingKey
            self.address = address
        }
    }

    public let users: Users
    public let oauthTokens: OAuthTokens
    public let serviceAccountTokens: ServiceAccountTokens
    /// All bearer tokens.
    public let tokens: TokenChain
    public let resources: [any Resource]
    public let handlers: [any PathHandler]

    /// Registers the caches: before the store starts.
    public init(
        _ configuration: Configuration, store: Store, accounts: any ServiceAccountLookup,
        clock: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        users = Users(store: store)
        oauthTokens = OAuthTokens(store: store, users: users, clock: clock)
        serviceAccountTokens = ServiceAccountTokens(
            issuer: configuration.issuer, key: configuration.signingKey, accounts: accounts, clock: clock)
        tokens = TokenChain(
            [StaticTokens(configuration.staticTokens), oauthTokens, serviceAccountTokens] + configuration.issuers,
            audiences: [configuration.issuer])
        resources =
            users.resources + oauthTokens.resources + [
                SelfSubjectReviews(), TokenReviews(tokens: tokens),
                TokenRequests(tokens: serviceAccountTokens, accounts: accounts, audiences: [configuration.issuer]),
            ]
        var handlers: [any PathHandler] = [
            OpenIDHandler(tokens: serviceAccountTokens, address: configuration.address)
        ]
        if let passwords = configuration.passwords {
            let server = OAuthServer(
                address: configuration.address, users: users, tokens: oauthTokens, provider: passwords,
                throttle: LoginThrottle(), tokenLifetime: configuration.tokenLifetime)
            handlers += [
                OAuthMetadata(address: configuration.address), AuthorizeHandler(server: server),
                TokenHandler(server: server), TokenPages(server: server),
            ]
        }
        self.handlers = handlers
    }

    /// Puts what everybody may do about themselves before other rules.
    public func authorizer(_ next: any Authorizer) -> any Authorizer {
        SelfServiceAuthorizer(tokens: oauthTokens, next: next)
    }
}
