import APIMachinery
import APIServer
import ImageAPI
import JSON
import OCI
import Store

/// Looks up what decisions about retention need to know, for one run: what it has learned of other streams and of
/// workloads holds for all streams of the run.
struct RetentionSurvey: Sendable {
    /// What another stream refers to.
    private struct OtherStream: Sendable {
        var heads: Set<String>
        var images: Set<String>
    }

    /// What workloads use: images by digest, and tags by stream.
    private struct Use: Sendable {
        var images = Set<String>()
        var tags: [ExactString: Set<String>] = [:]
    }

    private let streams: ObjectStore<ImageStream>
    private let index: ImageLayerIndex
    private let store: Store
    private let sources: RetentionSources
    private let registries: Set<String>
    private let now: Timestamp
    private var use: Use?
    private var others: [ExactString: OtherStream] = [:]

    /// Streams that refer to one image, looked at; beyond them the image counts as used.
    static let maximumReferences = 256
    /// Streams that are remembered.
    static let maximumOthers = 10_000

    init(
        streams: ObjectStore<ImageStream>, index: ImageLayerIndex, store: Store, sources: RetentionSources,
        configuration: ImageStreamsConfiguration, now: Timestamp
    ) {
        self.streams = streams
        self.index = index
        self.store = store
        self.sources = sources
        self.now = now
        registries = Set(
            [configuration.internalRegistryHostname, configuration.publicRegistryHostname].filter { !$0.isEmpty })
    }

    /// What is decided by the stream and the policies alone, as if nothing were used or pulled: where that removes
    /// nothing, nothing goes.
    func boldest(untagged: RetentionRules.Untagged) -> RetentionFacts {
        var facts = RetentionFacts(now: now)
        facts.untaggedPeriod = untagged
        facts.pullsSince = Timestamp(secondsSince1970: .min / 2)
        return facts
    }

    /// The facts for a decision that may remove some images of a stream.
    /// - Throws: where something cannot be told; then nothing may be removed.
    mutating func facts(
        of stream: ImageStream, candidates: Set<String>, untagged: RetentionRules.Untagged
    ) async throws -> RetentionFacts {
        var facts = RetentionFacts(now: now)
        let (namespace, name) = (stream.metadata.namespace, stream.metadata.name)
        facts.records = try await index.records(of: stream.status.images)
        facts.pullsSince = try await sources.pulls.recordedSince()
        let digests = facts.closure(of: candidates)
        if facts.pullsSince != nil {
            facts.lastPulls = try await sources.pulls.lastPulls(of: digests, repository: (namespace, name))
        }
        // What has a tag now is without one only afterwards: what belongs to it goes at the same time.
        facts.untagged = try await sources.untagged.digests(namespace: namespace, stream: name)
            .subtracting(stream.status.images)
        facts.untaggedPeriod = untagged
        let use = try await namedImages()
        facts.usedImages = use.images
        facts.usedTags = use.tags[ExactString("\(namespace)/\(name)")] ?? []
        for image in candidates where !image.isEmpty {
            let (isHead, isShared) = try await elsewhere(image, than: stream)
            if isHead { facts.usedImages.insert(image) }
            if isShared { facts.sharedImages.insert(image) }
        }
        return facts
    }

    // MARK: Workloads

    private mutating func namedImages() async throws -> Use {
        if let use { return use }
        var found = Use()
        for image in try await sources.use.namedImages() { note(image, in: &found) }
        use = found
        return found
    }

    private func note(_ image: NamedImage, in use: inout Use) {
        // Runtimes report ids as `docker-pullable://name@digest`, and configs as bare digests.
        var text = image.text[...]
        if let scheme = text.firstRange(of: "://") { text = text[scheme.upperBound...] }
        if let digest = Digest(String(text)) {
            use.images.insert(digest.description)
            return
        }
        guard let reference = try? ImageReference(parsing: String(text)) else { return }
        if !reference.id.isEmpty { use.images.insert(reference.id) }
        let tag = reference.tag.nonEmpty ?? TagResolution.defaultTag
        // A name without a registry may be one of a stream beside the workload, which clusters resolve by themselves.
        if registries.contains(reference.registry) || reference.registry.isEmpty {
            let namespace = reference.namespace.nonEmpty ?? image.namespace
            use.tags[ExactString("\(namespace)/\(reference.name)"), default: []].insert(tag)
        }
    }

    // MARK: Other streams

    /// Whether the image is the newest of a tag of another stream, and whether one refers to it at all.
    private mutating func elsewhere(
        _ image: String, than stream: ImageStream
    ) async throws -> (isHead: Bool, isShared: Bool) {
        let prefix = LedgerKeys.referencePrefix(image: image)
        let own = LedgerKeys.reference(
            image: image, namespace: stream.metadata.namespace, stream: stream.metadata.name)
        let page: RangeResult
        do {
            page = try await store.range(.prefix(prefix), limit: Self.maximumReferences, keysOnly: true)
        } catch {
            throw APIError.internalError("who refers to \(image) cannot be read: \(error)")
        }
        var isShared = false
        for row in page.kvs where row.key != own {
            let names = String(row.key.dropFirst(prefix.count)).parts(at: "/")
            // A row says that an image may be in use: the stream tells.
            guard names.count == 2, let other = try await other(namespace: names[0], name: names[1]) else { continue }
            if other.heads.contains(image) { return (true, true) }
            if other.images.contains(image) { isShared = true }
        }
        return page.more ? (true, true) : (false, isShared)
    }

    private mutating func other(namespace: String, name: String) async throws -> OtherStream? {
        let key = ExactString("\(namespace)/\(name)")
        if let known = others[key] { return known }
        guard let stream = try await streams.object(name, namespace: namespace) else { return nil }
        let other = OtherStream(
            heads: Set(stream.status.tags.compactMap { $0.items.first?.image }), images: Set(stream.status.images))
        if others.count < Self.maximumOthers { others[key] = other }
        return other
    }
}

/// Where retention learns what is used.
public struct RetentionSources: Sendable {
    public var pulls: any PullTimes
    public var use: any ImageUse
    public var untagged: any UntaggedManifests

    public init(
        pulls: any PullTimes = NoPullTimes(), use: any ImageUse = NoImageUse(),
        untagged: any UntaggedManifests = NoUntaggedManifests()
    ) {
        self.pulls = pulls
        self.use = use
        self.untagged = untagged
    }
}
