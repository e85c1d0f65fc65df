import APIMachinery
import APIServer
import ImageAPI
import Store

/// GET `imagestreams/{name}/layers`: the blobs and images of a stream (spec/image-resources.md 10).
struct ImageStreamLayersResource: GettableResource {
    typealias Object = ImageStreamLayers

    let streams: ObjectStore<ImageStream>
    let index: ImageLayerIndex

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreams", subresource: "layers",
            kind: ImageStreamsGroup.kind("ImageStreamLayers"), isNamespaced: true)
    }
    var table: TableColumns<ImageStreamLayers>? { nil }

    func get(
        _ name: String, options: GetOptions, _ context: RequestContext
    ) async throws -> Output<ImageStreamLayers> {
        Output(try await layers(of: try await streams.require(name, context)))
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

    /// Registers the cache: before the store starts.
    init(_ store: Store) {
        cache = store.cache(prefix: LedgerKeys.blobReferences, contents: .recent(bytes: 16 << 20), ringCapacity: 1) {
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

    private func record(of image: String) async throws(APIError) -> ImageLayerRecord? {
        do throws(StoreError) { return try await cache.entry(for: LedgerKeys.blobs(image: image))?.value } catch {
            throw .internalError("what \(image) is made of cannot be read: \(error)")
        }
    }
}
