import APIMachinery
import APIServer
import ImageAPI
import Store

/// GET `imagestreams/{name}/layers`: the blobs and images of a stream (spec/image-resources.md 10).
struct ImageStreamLayersResource: GettableResource {
    typealias Object = ImageStreamLayers

    /// What an answer was made of: a stream, and the records of images at a time.
    private struct Sources: Sendable {
        var stream: Int64
        var index: ImageLayerIndex.Version
        var hasMissingImages: Bool
    }

    private let streams: ObjectStore<ImageStream>
    private let index: ImageLayerIndex
    private let known = ComputedObjects<ImageStreamLayers, Sources>(maximumBytes: 16 << 20)

    init(streams: ObjectStore<ImageStream>, index: ImageLayerIndex) {
        self.streams = streams
        self.index = index
    }

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreams", subresource: "layers",
            kind: ImageStreamsGroup.kind("ImageStreamLayers"), isNamespaced: true)
    }
    var table: TableColumns<ImageStreamLayers>? { nil }

    func get(
        _ name: String, options: GetOptions, _ context: RequestContext
    ) async throws -> Output<ImageStreamLayers> {
        try await known.output(.init(namespace: context.namespace, name: name)) { sources in
            guard try await streams.revision(of: name, namespace: context.namespace) == sources.stream else {
                return false
            }
            let version = index.version
            return version.change == sources.index.change
                && (!sources.hasMissingImages || version.creation == sources.index.creation)
        } compute: {
            // What changes from here on makes the answer out of date.
            let version = index.version
            let stream = try await streams.require(name, context)
            let layers = try await layers(of: stream)
            guard let revision = Int64(stream.metadata.resourceVersion) else { return (layers, nil) }
            let hasMissingImages = layers.images.values.contains(where: \.imageMissing)
            return (layers, Sources(stream: revision, index: version, hasMissingImages: hasMissingImages))
        }
    }

    /// - Throws: 422 without a kind, as the reference has it, where the answer would be useless.
    func layers(of stream: ImageStream) async throws(APIError) -> ImageStreamLayers {
        let layers = ImageStreamLayers(
            stream: stream, records: try await index.records(of: stream.status.images))
        let failures = layers.failures()
        guard failures.isEmpty else { throw .invalid(ImageStreamsGroup.resource(""), "", failures) }
        return layers
    }
}

/// What images are made of: one row for each Image.
struct ImageLayerIndex: Sendable {
    private let cache: RangeCache<ImageLayerRecord?>

    /// Which state the records are in.
    struct Version: Hashable, Sendable {
        /// The revisions at which one was added, and one changed or removed, last.
        var creation: Int64
        var change: Int64
    }

    var version: Version { Version(creation: cache.lastCreation, change: cache.lastChange) }

    /// Registers the cache: before the store starts.
    init(_ store: Store) {
        cache = store.cache(prefix: LedgerKeys.blobReferences, contents: .recent(bytes: 3 << 20), ringCapacity: 1) {
            ImageLayerRecord(decoding: $0.value)
        }
    }

    /// The records of images and of all that they list. Without those of Images that do not exist.
    /// - Throws: `APIError` where the store fails.
    func records(of images: [String]) async throws(APIError) -> [String: ImageLayerRecord] {
        var records: [String: ImageLayerRecord] = [:]
        var seen = Set<String>()
        var pending = images
        while let name = pending.popLast() {
            guard seen.insert(name).inserted, let record = try await record(of: name) else { continue }
            records[name] = record
            pending += record.manifests
        }
        return records
    }

    func record(of image: String) async throws(APIError) -> ImageLayerRecord? {
        do throws(StoreError) { return try await cache.entry(for: LedgerKeys.blobs(image: image))?.value } catch {
            throw .internalError("what \(image) is made of cannot be read: \(error)")
        }
    }
}
