/// What clients of registries remember: where registries are and what they ask for, and tokens.
///
/// A token is only used again for the same token server, service, scopes and credentials, so sharing this between the
/// requests of several namespaces gives nobody anything that is not theirs (`spec/import-and-controllers.md` G.5).
public final class RegistryMemory: Sendable {
    let endpoints: OnceMap<EndpointKey, Endpoint>
    let tokens: OnceMap<TokenRequest, BearerToken>

    /// Registries, and tokens, that are remembered.
    static let capacity = 10_000
    /// For how long a registry is believed to be where it was, and to ask for what it asked for.
    static let endpointLifetime: Duration = .seconds(600)

    /// A memory for work that goes on for long: failures are forgotten at once, everything else after a while.
    public init() {
        endpoints = OnceMap(lifetime: Self.endpointLifetime, keepsFailures: false, capacity: Self.capacity)
        tokens = OnceMap(capacity: Self.capacity)
    }

    private init(endpoints: OnceMap<EndpointKey, Endpoint>, tokens: OnceMap<TokenRequest, BearerToken>) {
        self.endpoints = endpoints
        self.tokens = tokens
    }

    /// A memory for one request, in which a registry that does not answer is asked only once. Tokens are shared, and
    /// where nobody waits for the answer, so is what is known of registries that do answer: who waits for it may have
    /// just changed that.
    public func forOneRequest(isBackground: Bool = false) -> RegistryMemory {
        RegistryMemory(endpoints: OnceMap(parent: isBackground ? endpoints : nil), tokens: tokens)
    }

    /// A memory of its own.
    static func alone() -> RegistryMemory { RegistryMemory(endpoints: OnceMap(), tokens: OnceMap()) }
}
