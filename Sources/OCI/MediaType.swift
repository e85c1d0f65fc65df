/// The media types of manifests, configs and layers, and what is known about them.
public enum MediaType {
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerConfig = "application/vnd.docker.container.image.v1+json"
    public static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    public static let dockerForeignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    public static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    public static let ociIndex = "application/vnd.oci.image.index.v1+json"
    public static let ociConfig = "application/vnd.oci.image.config.v1+json"
    public static let ociLayer = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let ociEmpty = "application/vnd.oci.empty.v1+json"
    public static let schema1 = "application/vnd.docker.distribution.manifest.v1+json"
    public static let schema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    public static let schema1Layer = "application/vnd.docker.container.image.rootfs.diff+x-gtar"

    /// What is accepted when a manifest is asked for, one header line each (A.15).
    public static let manifestAccept = [
        dockerManifest, dockerManifestList, ociManifest, ociIndex, schema1Signed, "application/json",
    ]

    /// The type itself: no parameters, no blanks around, lower case.
    public static func essence(_ contentType: String) -> String {
        let end = contentType.firstIndex(of: ";") ?? contentType.endIndex
        let bytes = contentType[..<end].utf8
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return contentType[first...last].lowercased()
    }

    /// The kind of manifest `mediaType` (parameters allowed) announces; nil for anything unknown.
    public static func manifestKind(_ mediaType: String) -> ManifestKind? {
        switch essence(mediaType) {
        case dockerManifest: .dockerManifest
        case dockerManifestList: .dockerManifestList
        case ociManifest: .ociManifest
        case ociIndex: .ociIndex
        case schema1, schema1Signed: .schema1
        default: nil
        }
    }

    /// Whether `text` is `type/subtype` by the rule for `dockerImageManifests[].mediaType`
    /// (`spec/image-resources.md` 7.4); blanks around are allowed.
    public static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return false }
        let parts = bytes[first...last].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        return isRestrictedName(parts[0], extra: "") && isRestrictedName(parts[1], extra: ".+")
    }

    private static func isRestrictedName(_ name: Substring.UTF8View, extra: String) -> Bool {
        guard let first = name.first, ASCII.isAlphanumeric(first), name.count <= 127 else { return false }
        let others = Set("!#$&^_-".utf8).union(extra.utf8)
        return name.allSatisfy { ASCII.isAlphanumeric($0) || others.contains($0) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

/// The kinds of manifests the server understands.
public enum ManifestKind: Hashable, Sendable {
    case dockerManifest, ociManifest, dockerManifestList, ociIndex
    /// Docker image manifest version 2, schema 1, signed.
    case schema1

    /// Whether it names other manifests instead of layers.
    public var isIndex: Bool { self == .dockerManifestList || self == .ociIndex }

    /// The type recorded for an image that does not name its own.
    public var mediaType: String {
        switch self {
        case .dockerManifest: MediaType.dockerManifest
        case .ociManifest: MediaType.ociManifest
        case .dockerManifestList: MediaType.dockerManifestList
        case .ociIndex: MediaType.ociIndex
        case .schema1: MediaType.schema1
        }
    }
}
