public import OCI
public import RegistryClient

/// Where an import's credentials come from: secrets of a namespace, the node's own file, or nowhere.
public protocol CredentialSource: Sendable {
    /// All credentials that fit `repository`, best first. They are tried in this order until one is let in, and
    /// anonymous access after them (A.10.5, A.22), so the list need not say so.
    ///
    /// An error fails every image of the repository with its text; broken secrets are better skipped.
    func credentials(for repository: RepositoryName) async throws -> [Credentials]
}

/// Anonymous access only.
public struct NoCredentials: CredentialSource {
    public init() {}
    public func credentials(for repository: RepositoryName) -> [Credentials] { [] }
}

/// The cluster's registry configuration, as far as an import needs it (A.9).
public struct PullPolicy: Sendable {
    /// The places a manifest may be fetched from, tried in order; the original comes last.
    public var pullSources: @Sendable (RemoteReference) -> [RemoteReference]
    /// The name to show when imports from the repository are forbidden; nil when they are not.
    public var blockedHost: @Sendable (RepositoryName) -> String?
    /// Whether certificates of the repository's host need not be good.
    public var isInsecure: @Sendable (RepositoryName) -> Bool
    /// The installation's own credentials, tried after those of a namespace (A.10.5).
    public var nodeCredentials: @Sendable () -> RegistryKeyring = { RegistryKeyring([]) }

    public init(
        pullSources: @escaping @Sendable (RemoteReference) -> [RemoteReference],
        blockedHost: @escaping @Sendable (RepositoryName) -> String?,
        isInsecure: @escaping @Sendable (RepositoryName) -> Bool = { _ in false }
    ) {
        self.pullSources = pullSources
        self.blockedHost = blockedHost
        self.isInsecure = isInsecure
    }

    /// No mirrors, nothing blocked.
    public static let direct = PullPolicy(pullSources: { [$0] }, blockedHost: { _ in nil })
}
