/// The operations of `spec/import-and-controllers.md` A.8; each returns a new value.
extension ImageReference {
    static let dockerHub = "docker.io"
    static let dockerHubV2 = "registry-1.docker.io"

    /// Whether `registry` is one of Docker Hub's names.
    public static func isDockerHub(_ registry: String) -> Bool {
        registry == dockerHub || registry == "index.docker.io" || registry == dockerHubV2
    }

    /// `namespace/name`, or `name` alone.
    public var repositoryName: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    /// `[registry/][namespace/]name` and the digest, else the tag. Empty when there is no name.
    public var exact: String {
        guard !name.isEmpty else { return "" }
        var out = registry.isEmpty ? repositoryName : "\(registry)/\(repositoryName)"
        if !id.isEmpty {
            out += hasDigest ? "@\(id)" : ":\(id)"
        } else if !tag.isEmpty {
            out += ":\(tag)"
        }
        return out
    }

    /// `exact` with `library/` where Docker Hub's short names leave it out.
    public var string: String {
        guard namespace.isEmpty, Self.isDockerHub(registry) else { return exact }
        var copy = self
        copy.namespace = "library"
        return copy.exact
    }

    /// Whether `id` is a valid digest.
    public var hasDigest: Bool {
        do {
            try Digest.check(id)
            return true
        } catch {
            return false
        }
    }

    /// Fills in what the docker client assumes: `docker.io`, `library`, `latest` (the tag also when an id is present).
    public func withClientDefaults() -> ImageReference {
        var copy = self
        if copy.registry.isEmpty { copy.registry = Self.dockerHub }
        if copy.namespace.isEmpty, Self.isDockerHub(copy.registry) { copy.namespace = "library" }
        if copy.tag.isEmpty { copy.tag = "latest" }
        return copy
    }

    /// Without tag and id.
    public func asRepository() -> ImageReference {
        var copy = self
        copy.tag = ""
        copy.id = ""
        return copy
    }

    /// As short as the docker daemon prints it: `docker.io`, no `library` on Docker Hub, no tag `latest`.
    public func daemonMinimal() -> ImageReference {
        var copy = self
        if Self.isDockerHub(copy.registry) { copy.registry = Self.dockerHub }
        if copy.registry == Self.dockerHub, copy.namespace == "library" { copy.namespace = "" }
        if copy.tag == "latest" { copy.tag = "" }
        return copy
    }

    /// With the host that really serves the v2 API.
    public func asV2() -> ImageReference {
        var copy = self
        copy.registry = RepositoryName.apiHost(of: registry)
        return copy
    }

    /// A digest drops the tag; an id that is no digest becomes the tag if there is none.
    public func mostSpecific() -> ImageReference {
        var copy = self
        if hasDigest {
            copy.tag = ""
        } else if !copy.id.isEmpty, copy.tag.isEmpty {
            copy.tag = copy.id
            copy.id = ""
        }
        return copy
    }

    /// `https://` and the v2 host; the registry must not be empty.
    public var registryURL: String { "https://\(RepositoryName.apiHost(of: registry))" }

    /// Host and port contacted: 443, or 80 when `insecure`, unless the registry names one.
    public func registryHostPort(insecure: Bool) -> (host: String, port: String) {
        let host = withClientDefaults().asV2().registry
        guard let colon = host.firstIndex(of: ":") else { return (host, insecure ? "80" : "443") }
        return (String(host[..<colon]), String(host[host.index(after: colon)...]))
    }

    /// Equal after client defaults.
    public func isEquivalent(to other: ImageReference) -> Bool { withClientDefaults() == other.withClientDefaults() }
}

extension ImageReference {
    /// Whether `text` can be a tag.
    public static func isTag(_ text: String) -> Bool { ReferenceScanner.isTag(text.utf8.span) }
}
