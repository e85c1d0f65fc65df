public import OCI

/// Where things are below the root directory: as in the reference, with additions that it ignores (spec/registry.md
/// 5.1).
public struct BlobLayout: Sendable {
    public let root: String

    public init(root: String) {
        var root = root[...]
        while root.count > 1, root.hasSuffix("/") { root = root.dropLast() }
        self.root = String(root)
    }

    public var base: String { root + "/docker/registry/v2" }
    var blobs: String { base + "/blobs/sha256" }
    /// Of each upload: a symbolic link named by the id, whose target is what the registry wants to know again, and
    /// `ID.data`. A link comes into being with its content at once and needs no write of its own.
    var uploads: String { base + "/_uploads" }
    var trash: String { base + "/_trash" }
    var quarantine: String { base + "/_quarantine" }
    var lock: String { base + "/_lock" }
    public var repositories: String { base + "/repositories" }

    static func prefix(_ digest: Digest) -> String { String(digest.hex.prefix(2)) }

    func prefixDirectory(_ digest: Digest) -> String { blobs + "/" + Self.prefix(digest) }
    func directory(_ digest: Digest) -> String { prefixDirectory(digest) + "/" + digest.hex }
    /// The file of a blob.
    public func data(_ digest: Digest) -> String { directory(digest) + "/data" }
    func trashed(_ digest: Digest) -> String { trash + "/" + digest.hex }
    func quarantined(_ digest: Digest) -> String { quarantine + "/" + digest.hex }

    func link(_ id: UploadID) -> String { uploads + "/" + id.description }
    func data(_ id: UploadID) -> String { link(id) + Self.dataSuffix }
    static let dataSuffix = ".data"
}
