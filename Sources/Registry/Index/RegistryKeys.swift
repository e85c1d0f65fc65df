import ImageStreams
import OCI

/// Where the registry keeps what it knows of repositories and blobs, beside the rows of the tag ledger.
///
/// `id` is the incarnation of a repository: it ends with the stream, and so does everything that was linked under it.
enum RegistryKeys {
    static let root = "/weir.dev/registry/"
    static let layers = root + "layers/"
    static let manifests = root + "manifests/"
    static let referrers = root + "referrers/"
    static let blobs = root + "blobs/"
    static let aliases = root + "aliases/"
    /// Since when the times of pulls are noted; milliseconds since 1970.
    static let pullsSince = root + "pulls-since"
    /// When uses could not be noted for want of room; milliseconds since 1970.
    static let usesLost = root + "uses-lost"
    /// What people have turned on (`RegistrySwitch`).
    static let switches = root + "switches/"
    /// How far the scrub is.
    static let scrub = root + "scrub"
    /// Layers of pushed images that are only elsewhere yet.
    static let remoteLayers = root + "remote-layers/"
    /// Streams that `weir adopt` has made and not finished.
    static let adoptions = root + "adoptions/"

    static func repositories(in namespace: String) -> String { LedgerKeys.repositories(in: namespace) }
    static func repository(_ path: RepositoryPath) -> String {
        LedgerKeys.repository(namespace: path.namespace, stream: path.stream)
    }

    static func layers(of id: String) -> String { "\(layers)\(id)/" }
    static func layer(_ id: String, _ digest: Digest) -> String { "\(layers)\(id)/\(digest)" }

    static func manifests(of id: String) -> String { "\(manifests)\(id)/" }
    static func manifest(_ id: String, _ digest: Digest) -> String { "\(manifests)\(id)/\(digest)" }

    static func referrers(of id: String) -> String { "\(referrers)\(id)/" }
    static func referrers(_ id: String, of subject: Digest) -> String { "\(referrers)\(id)/\(subject)/" }

    /// In the order of pushes.
    /// - Parameter pushed: milliseconds since 1970.
    static func referrer(_ id: String, of subject: Digest, pushed: Int64, _ digest: Digest) -> String {
        // Thirteen digits last until the year 2286.
        let time = String(pushed)
        let padding = String(repeating: "0", count: max(0, 13 - time.utf8.count))
        return "\(referrers(id, of: subject))\(padding)\(time)-\(digest)"
    }

    static func blob(_ digest: Digest) -> String { "\(blobs)\(digest)" }
    static func alias(_ digest: Digest) -> String { "\(aliases)\(digest)" }
}
