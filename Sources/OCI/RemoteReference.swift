/// A repository on a registry, complete: no part is left to a default.
///
/// The description, `docker.io/library/nginx`, is how messages quote it.
public struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
    /// Host and perhaps port; Docker Hub is `docker.io`.
    public let host: String
    /// `library/nginx`; one or more components.
    public let path: String

    public init(host: String, path: String) {
        self.host = host
        self.path = path
    }

    /// The host that serves the v2 API: Docker Hub has another one than its images' names.
    public var apiHost: String { Self.apiHost(of: host) }

    public var description: String { "\(host)/\(path)" }

    static func apiHost(of registry: String) -> String {
        registry == ImageReference.dockerHub || registry == "index.docker.io" ? ImageReference.dockerHubV2 : registry
    }
}

/// What names a manifest within a repository.
public enum ManifestSelector: Hashable, Sendable, CustomStringConvertible {
    case tag(String)
    case digest(Digest)

    /// The tag or the digest, as it stands in a URL.
    public var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }
}

/// A manifest on a registry; the normalised form of an image reference.
public struct RemoteReference: Hashable, Sendable, CustomStringConvertible {
    public let repository: RepositoryName
    public let selector: ManifestSelector

    public init(repository: RepositoryName, selector: ManifestSelector) {
        self.repository = repository
        self.selector = selector
    }

    public init(repository: RepositoryName, tag: String) {
        self.init(repository: repository, selector: .tag(tag))
    }

    public init(repository: RepositoryName, digest: Digest) {
        self.init(repository: repository, selector: .digest(digest))
    }

    /// `docker.io/library/test:latest` or `…@sha256:…`: the form error messages quote (A.21).
    public var description: String {
        switch selector {
        case .tag(let tag): "\(repository):\(tag)"
        case .digest(let digest): "\(repository)@\(digest)"
        }
    }
}

extension ImageReference {
    /// The repository with the stricter rules applied before a registry is asked (A.7, last paragraph).
    public func normalizedRepository() throws(ImageReferenceError) -> RepositoryName {
        guard !name.isEmpty else { throw .invalidFormat }
        if registry.isEmpty, namespace.isEmpty, name.utf8.count == 64, name.utf8.allSatisfy(ASCII.isHexDigit) {
            throw .hexName(name)
        }
        let host = registry.isEmpty || registry == "index.docker.io" ? Self.dockerHub : registry
        var path = repositoryName
        if namespace.isEmpty, Self.isDockerHub(host) { path = "library/\(name)" }
        // A value put together by hand, or `*`, has not been through the parser.
        guard let match = ReferenceScanner.match("\(host)/\(path)".utf8.span), match.tag == nil, match.digest == nil
        else { throw .invalidFormat }
        return RepositoryName(host: host, path: path)
    }

    /// The manifest meant: a digest wins over a tag, and without either the tag is `latest`.
    public func normalized() throws(ImageReferenceError) -> RemoteReference {
        let repository = try normalizedRepository()
        guard id.isEmpty else {
            do { return RemoteReference(repository: repository, digest: try Digest(parsing: id)) } catch {
                throw .digest(error)
            }
        }
        guard tag.isEmpty || ReferenceScanner.isTag(tag.utf8.span) else { throw .invalidFormat }
        return RemoteReference(repository: repository, tag: tag.isEmpty ? "latest" : tag)
    }
}
