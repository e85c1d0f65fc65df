import APIMachinery
import ImageAPI

/// What a decision about a stream needs to know besides the stream and the policies. All of it can only keep more.
struct RetentionFacts: Sendable {
    var now: Timestamp
    /// What the images of the stream, and the images they list, are made of.
    var records: [String: ImageLayerRecord] = [:]
    /// When images were pulled last, by digest.
    var lastPulls: [String: Timestamp] = [:]
    /// Since when pulls are recorded; nil where they are not, and then every image may have been pulled just now.
    var pullsSince: Timestamp?
    /// Digests, of manifests or configs, that reported workloads use, and the newest images of tags of other streams.
    var usedImages: Set<String> = []
    /// Tags of this stream that reported workloads name.
    var usedTags: Set<String> = []
    /// Images that other streams refer to at all.
    var sharedImages: Set<String> = []
    /// Manifests that the repository keeps without a tag.
    var untagged: Set<String> = []
    /// How long those are kept at least.
    var untaggedPeriod = UntaggedRetention.standard

    /// An image and all that it lists, and those again.
    func closure(of image: String) -> Set<String> { closure(of: [image]) }

    func closure(of images: some Sequence<String>) -> Set<String> {
        var seen = Set<String>()
        var pending = images.filter { !$0.isEmpty }
        while let name = pending.popLast() {
            if seen.insert(name).inserted, let record = records[name] { pending += record.manifests }
        }
        return seen
    }

    /// Whether the image, something it lists, or one of their configs is in use: runtimes report any of them.
    func isInUse(_ image: String) -> Bool {
        if usedImages.isEmpty || image.isEmpty { return false }
        return closure(of: image).contains { name in
            usedImages.contains(name) || (records[name]?.config.map(usedImages.contains) ?? false)
        }
    }

    /// Whether the image may have been pulled within a period.
    func wasPulled(_ image: String, within period: RetentionPeriod) -> Bool {
        guard let pullsSince else { return true }
        if pullsSince.adding(period) > now { return true }
        return closure(of: image).contains { lastPulls[$0].map { $0.adding(period) > now } ?? false }
    }
}

/// When images were pulled last (spec/registry.md 8.5, 3). The registry knows.
public protocol PullTimes: Sendable {
    /// Since when pulls are recorded without a gap; nil where they are not recorded.
    func recordedSince() async throws -> Timestamp?

    /// When manifests were pulled last, by digest; those without a known pull are left out. HEAD counts as a pull,
    /// since some runtimes ask for nothing else. Times may be some minutes late, never early.
    /// - Parameter repository: pulls from other ones need not count.
    func lastPulls(of digests: Set<String>, repository: (namespace: String, stream: String)) async throws
        -> [String: Timestamp]
}

/// Where nobody records pulls: rules about them keep everything.
public struct NoPullTimes: PullTimes {
    public init() {}
    public func recordedSince() async throws -> Timestamp? { nil }
    public func lastPulls(
        of digests: Set<String>, repository: (namespace: String, stream: String)
    ) async throws -> [String: Timestamp] { [:] }
}

/// Which images run somewhere. One of the seams between stand-alone and aggregated mode.
public protocol ImageUse: Sendable {
    /// What workloads name: pull specs, or ids as runtimes report them.
    /// - Throws: where it cannot be told; then nothing is removed.
    func namedImages() async throws -> Set<NamedImage>
}

/// An image as a workload names it.
public struct NamedImage: Hashable, Sendable {
    /// Of the workload: names without a registry may mean streams beside it.
    public var namespace: String
    public var text: String

    public init(namespace: String, text: String) {
        self.namespace = namespace
        self.text = text
    }
}

/// Where nobody reports workloads.
public struct NoImageUse: ImageUse {
    public init() {}
    public func namedImages() async throws -> Set<NamedImage> { [] }
}

/// The manifests that a repository keeps without a tag. The registry knows.
public protocol UntaggedManifests: Sendable {
    /// By digest; those with a tag may be among them.
    func digests(namespace: String, stream: String) async throws -> Set<String>
}

/// Where there is no registry.
public struct NoUntaggedManifests: UntaggedManifests {
    public init() {}
    public func digests(namespace: String, stream: String) async throws -> Set<String> { [] }
}
