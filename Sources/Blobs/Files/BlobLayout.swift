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
    /// `ID.data` for each upload that has bytes, and the journal.
    var uploads: String { base + "/_uploads" }
    var journal: String { uploads + "/journal" }
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

    func data(_ id: UploadID) -> String { uploads + "/" + id.description + Self.dataSuffix }
    static let dataSuffix = ".data"
}
