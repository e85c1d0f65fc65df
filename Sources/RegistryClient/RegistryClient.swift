public import Logging
import OCI

/// Talks to remote registries for one import: pings each registry once, remembers what it asks for and the tokens it
/// got, and follows redirects without taking credentials along.
///
///     let client = RegistryClient(transport: transport, logger: logger)
///     let answer = try await client.manifest(reference, access: RegistryAccess(credentials: alice))
///
/// Make one for each import request: nothing but tokens is remembered across clients, and only where they are given
/// the same memory (G.5). All methods may be called concurrently. A class because the calls share that memory.
public final class RegistryClient: Sendable {
    let transport: RegistryTransport
    let logger: Logger
    /// The URLs of the requests, here and before, that this client works for; empty where nobody asked us.
    let trace: [String]
    /// Time for one answer, pauses, retries and redirects included.
    let requestTimeout: Duration
    /// Time for finding out whether a registry answers, over https and over http each.
    let pingTimeout: Duration
    let endpoints: OnceMap<EndpointKey, Endpoint>
    let tokens: OnceMap<TokenRequest, BearerToken>
    /// Nobody waits for what this client does: it asks nothing of registries that have had enough.
    let isBackground: Bool
    /// Nil for as many requests at a time as there are callers.
    let limiter: HostLimiter?

    /// The header that such requests carry their URLs in.
    public static let traceHeader = "X-Registry-Request-URL"
    /// URLs that are carried on.
    public static let maximumTrace = 20

    /// - Parameter trace: for a client that asks because somebody asked us: the URLs of those requests.
    /// - Parameter requestTimeout: nil for that of the configuration.
    /// - Parameter pingTimeout: nil for that of the configuration.
    /// - Parameter memory: nil for one of its own.
    /// - Parameter isBackground: nobody waits for the answers: while a registry wants no requests (429), none is made.
    /// - Parameter limiter: bounds the requests that are under way at one registry; pauses before another try are not.
    public init(
        transport: RegistryTransport, logger: Logger, trace: [String] = [], requestTimeout: Duration? = nil,
        pingTimeout: Duration? = nil,
        memory: RegistryMemory? = nil, isBackground: Bool = false, limiter: HostLimiter? = nil
    ) {
        let memory = memory ?? .alone()
        endpoints = memory.endpoints
        tokens = memory.tokens
        self.isBackground = isBackground
        self.limiter = limiter
        self.transport = transport
        self.logger = logger
        self.trace = trace
        self.requestTimeout = requestTimeout ?? transport.configuration.requestTimeout
        self.pingTimeout = pingTimeout ?? transport.configuration.pingTimeout
    }

    var configuration: RegistryClientConfiguration { transport.configuration }
}

/// What a ping is remembered by.
struct EndpointKey: Hashable, Sendable {
    /// Host and port as contacted, `registry-1.docker.io`.
    let host: String
    let insecure: Bool
}

/// What a ping found.
struct Endpoint: Sendable {
    /// `https://host/`, or `http://host/` after the insecure fallback.
    let base: WebAddress
    /// What the registry asks of requests to `challengeOrigin`; empty if it lets everyone in.
    let challenges: [AuthChallenge]
    let challengeOrigin: String
    /// Whether it keeps signatures of images itself (`X-Registry-Supports-Signatures`).
    let supportsSignatures: Bool

    func url(_ path: String) -> WebAddress {
        WebAddress(scheme: base.scheme, host: base.host, port: base.port, target: path)
    }
}
