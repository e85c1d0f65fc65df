/// The annotations that mean something to the server (spec/image-resources.md 9.15).
public enum KnownAnnotation {
    /// On a stream: when an import into it was last recorded, RFC 3339.
    public static let repositoryCheck = "openshift.io/image.dockerRepositoryCheck"
    /// On a stream: `true` allows insecure transport for allow-list checks and for its legacy repository.
    public static let insecureRepository = "openshift.io/image.insecureRepository"
    /// On a stream: how many events of each tag `status.tags` keeps, a number from 1 on; all without it. The tag's full
    /// history does not end there (`taghistories`).
    public static let historyLimit = "weir.dev/history-limit"
    /// On a stream or a spec tag: the same as `historyLimit`, for one tag where it is on a tag (spec/registry.md 6.6).
    public static let history = "image.openshift.io/history"
    /// On a stream or a spec tag: when the tag ends, where a retention policy selects it: a time (RFC 3339), a duration
    /// from the moment it got its newest image, or `never`.
    public static let expires = "weir.dev/expires"
    /// On a stream: how long the registry keeps manifests without a tag, a duration or `forever` (spec/registry.md
    /// 3.5.4).
    public static let untaggedRetention = "image.openshift.io/untaggedRetention"
    /// On a stream or a scheduled spec tag: how often the tag is looked at, a duration.
    public static let importInterval = "weir.dev/import-interval"
    /// Likewise: when it is looked at, five fields of cron in UTC; comes before the interval.
    public static let importCron = "weir.dev/import-cron"
    /// Likewise: by how much each look may be late, a duration.
    public static let importJitter = "weir.dev/import-jitter"
    /// On a stream or a spec tag: `never`, `default`, or how often a failed import is tried again.
    public static let importRetry = "weir.dev/import-retry"
    /// On a stream or a spec tag: `always` copies the newest image into local storage without waiting for a pull, where the
    /// tag's `referencePolicy` is `Local`; `never` takes a tag out.
    public static let mirror = "weir.dev/mirror"
    /// On a namespace: `true` keeps its repositories as they are: the registry takes nothing into them and deletes nothing
    /// from them (spec/registry.md 5.9).
    public static let registryReadOnly = "weir.dev/registry-read-only"
    /// On a stream or a spec tag: how old the last look at the tag's source may be when the tag is pulled, a duration
    /// (spec/registry.md PT-24).
    public static let refreshOnPull = "image.openshift.io/refreshOnPull"
    /// Those about imports.
    static let importKeys: Set = [importInterval, importCron, importJitter, importRetry, refreshOnPull]
    /// On a stream that was made of a repository with a longer name: that name (spec/registry.md S-2).
    public static let repositoryPath = "image.openshift.io/repositoryPath"
    /// On an Image: `true` says that its content was pushed to the integrated registry.
    public static let managed = "openshift.io/image.managed"
    /// On an Image: `ascending` or `descending`.
    public static let layersOrder = "image.openshift.io/dockerLayersOrder"
    /// On an Image: `true` says that the registry keeps manifest and config, so the Image does not.
    public static let manifestBlobStored = "image.openshift.io/manifestBlobStored"
    /// On an Image of something that is no container image: what it is.
    public static let artifactType = "image.openshift.io/artifactType"
    /// On an Image that is named by another digest: the sha256 digest of its manifest.
    public static let canonicalDigest = "image.openshift.io/canonicalDigest"
    /// On an Image that was pushed: `true` while some of its layers are only where other images of the stream came from.
    public static let remoteLayers = "image.openshift.io/remoteLayers"
    /// On an Image that was imported: `true` says that the registry has copied all of it.
    public static let mirrored = "image.openshift.io/mirrored"
    /// On an Image: `true` says that its labels or environment were too many to be kept.
    public static let metadataTruncated = "image.openshift.io/metadataTruncated"
    /// On a stream: a regular expression; tags that match it, once pushed, stay.
    public static let immutableTags = "image.openshift.io/immutableTags"
    /// On a signature: never stored.
    public static let managedSignature = "image.openshift.io/managed-signature"
    /// On a spec tag: the platform to take out of a manifest list.
    public static let preferredArchitecture = "importer.image.openshift.io/prefer-arch"
    public static let preferredOS = "importer.image.openshift.io/prefer-os"
    /// On a Secret: `true` hides it from imports and from `/secrets`.
    public static let excludeSecret = "openshift.io/image.excludeSecret"
    /// On a workload or its template: `*` resolves all of its images by name and tag in its own namespace.
    public static let resolveNames = "alpha.image.policy.openshift.io/resolve-names"
    /// On a namespace: names of rules of the image policy that do not hold there, separated by commas.
    public static let ignoredPolicyRules = "alpha.image.policy.openshift.io/ignore-rules"
    /// On a workload: which containers follow which tags, as JSON.
    public static let triggers = "image.openshift.io/triggers"
}
