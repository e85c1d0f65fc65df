/// A manifest a registry answered, checked: every digest is valid, no size is negative, and the media types inside
/// and outside agree (`spec/import-and-controllers.md` A.15).
public struct Manifest: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case image(ImageManifest)
        case index(ImageIndex)
        case schema1(SignedManifest)
    }

    public let content: Content
    public let kind: ManifestKind
    /// The manifest's own media type; if it has none, the one it was recognised by. Always the unsigned type for
    /// schema 1.
    public let mediaType: String
    /// The bytes digests are computed of: those received, for schema 1 those without the signatures.
    public let payload: [UInt8]
    /// SHA-256 of `payload`; images are named by it.
    public let digest: Digest

    /// The digest of the payload in another algorithm.
    public func digest(_ algorithm: Digest.Algorithm) -> Digest {
        algorithm == .sha256 ? digest : Digest.compute(algorithm, of: payload)
    }

    init(content: Content, kind: ManifestKind, mediaType: String, payload: [UInt8]) {
        self.content = content
        self.kind = kind
        self.mediaType = mediaType
        self.payload = payload
        digest = Digest.sha256(of: payload)
    }
}

/// A Docker schema 2 or OCI manifest: one config, layers base first.
public struct ImageManifest: Hashable, Sendable {
    public var config: Descriptor
    public var layers: [Descriptor]
    public var subject: Descriptor?
    public var artifactType: String?
    public var annotations: [String: String]
}

/// A Docker manifest list or OCI index.
public struct ImageIndex: Hashable, Sendable {
    public var manifests: [Descriptor]
    public var subject: Descriptor?
    public var artifactType: String?
    public var annotations: [String: String]
}

extension Manifest {
    /// Every descriptor the manifest names: config and layers, or children.
    public var descriptors: [Descriptor] {
        switch content {
        case .image(let image): [image.config] + image.layers
        case .index(let index): index.manifests
        case .schema1: []
        }
    }
}
