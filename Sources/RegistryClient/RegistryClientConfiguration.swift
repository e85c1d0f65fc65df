public import OCI

/// Limits and manners of outgoing registry traffic.
public struct RegistryClientConfiguration: Sendable {
    /// The product version in the User-Agent, `weir/<version>`.
    public var version = "dev"

    /// Time for a TCP connection and the TLS handshake.
    public var connectTimeout: Duration = .seconds(30)
    /// The longest pause between two bytes of an answer.
    public var stallTimeout: Duration = .seconds(60)
    public var pingTimeout: Duration = .seconds(15)
    public var tokenTimeout: Duration = .seconds(15)
    /// Time for one manifest, config, blob size or page of tags: pauses, retries and redirects included.
    public var requestTimeout: Duration = .seconds(60)

    /// Bytes of answers; whatever is longer is refused without being read to the end.
    public var maxManifestBytes = 4 << 20
    public var maxConfigBytes = 8 << 20
    public var maxTagPageBytes = 8 << 20
    public var maxTokenBytes = 1 << 20
    /// Bytes read of an answer that is an error.
    public var maxErrorBytes = 64 << 10
    public var maxTagPages = 1000
    public var maxTags = 200_000
    /// Descriptors taken of a list of referrers.
    public var maxReferrers = 1000
    /// Pages of it that are asked for: they may be empty.
    public var maxReferrerPages = 50
    public var manifestLimits = ManifestLimits.standard

    public var maxRedirects = 10
    /// Whether registries of the internet may send requests to private networks, for instance to storage there. Those
    /// that are in one may in any case; to link-local addresses nobody may (PT-7).
    public var allowsPrivateRedirects = false
    /// Further attempts after 429, 502, 503, 504 and time-outs.
    public var maxRetries = 2
    /// Pause before the first retry; it doubles with each further one, plus or minus a half.
    public var retryBase: Duration = .seconds(1)
    /// The longest pause a `Retry-After` may ask for; a longer one ends the attempts.
    public var maxRetryAfter: Duration = .seconds(30)

    /// Token servers a registry host may send credentials to, besides itself and its parent domains (G.4).
    public var trustedTokenHosts: [String: Set<String>] = ["registry-1.docker.io": ["auth.docker.io"]]

    /// Certificate authorities trusted besides the system's.
    public var trust: TrustDirectory?
    /// The proxies that requests go through.
    public var proxies = ProxyRules.direct

    public init() {}
}

/// User and password for a registry.
public struct Credentials: Hashable, Sendable {
    public let username: String
    public let password: String

    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible {
    /// Never shows the password.
    public var description: String { "\(username):***" }
    public var debugDescription: String { description }
}

/// How a registry may be talked to.
public struct RegistryAccess: Hashable, Sendable {
    /// Nil for anonymous access.
    public var credentials: Credentials?
    /// Certificates are not verified, and plain HTTP is used if HTTPS does not answer (A.11).
    public var insecure: Bool

    public init(credentials: Credentials? = nil, insecure: Bool = false) {
        self.credentials = credentials
        self.insecure = insecure
    }
}
