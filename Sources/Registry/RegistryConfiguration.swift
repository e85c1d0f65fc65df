/// How the registry behaves; the defaults are those of spec/registry.md.
public struct RegistryConfiguration: Sendable {
    /// What deleting a manifest does that tags still name (3.7 E-3).
    public enum DeletionOfUsedManifests: String, Sendable, CaseIterable {
        /// Its tags go with it, unless the caller is there to prune only.
        case cascade
        /// It is refused.
        case refuse
    }

    /// What is answered to a user without a permission (I-2).
    public enum DeniedStatus: Int, Sendable {
        case forbidden = 403
        /// As the reference does, for tools that look for it.
        case unauthorized = 401
    }

    /// `host[:port]` that pull specs of pushed images name.
    public var hostname = ""
    /// All names under which this registry is known: what they name is not asked for elsewhere (3.1 S-4).
    public var hosts: Set<String> = []
    /// `scheme://host[:port]` of the token endpoint as clients reach it; nil for where the request came in.
    public var tokenRealm: String?
    /// Where clients reach the registry.
    public var address = PublicAddress()
    public var deniedStatus = DeniedStatus.forbidden
    public var deletionOfUsedManifests = DeletionOfUsedManifests.cascade
    /// Milliseconds for which a manifest that was pushed or pulled keeps who prunes from taking away what it names
    /// (3.10 Q-1): the collector's.
    public var grace: Int64 = 86_400_000
    /// Whether manifests, tags and blobs can be deleted at all.
    public var allowsDeletion = true
    /// What becomes of repository names with more than two components (3.1 S-2).
    public var nestedNames = NestedNames.refuse
    /// Other registries for which this one answers (PT-28).
    public var mirroredHosts: [MirroredHost] = []
    /// Nothing is written.
    public var isReadOnly = false
    /// Whether a mount without a source looks for one.
    public var mountsWithoutSource = true
    /// Whether users who may not list all streams get those of the namespaces where they may.
    public var isCatalogForAdministratorsOnly = false
    /// Bytes of a manifest.
    public var maximumManifestBytes = 4 << 20
    /// Bytes of a blob; nil for no bound.
    public var maximumBlobBytes: Int64?
    /// Unfinished uploads of one user, and into one namespace; 0 for no bound (1.18).
    public var maximumUploadsPerUser = 256
    public var maximumUploadsPerNamespace = 2_048
    /// Manifests without a tag in one namespace; 0 for no bound (3.5.4).
    public var maximumUntaggedManifests = 10_000
    /// Bytes of a config that is looked into.
    public var maximumConfigBytes = 8 << 20
    /// Tags that one push by digest can set.
    public var maximumTagParameters = 46
    /// The platform that a client gets of a list who does not know lists (M-6).
    public var defaultPlatform = (os: "linux", architecture: "amd64")

    /// Requests at the same time.
    public var limits = RequestLimits()

    public init() {}
}
