import APIMachinery
import APIServer
import ImageAPI
import Store

/// GET `imagestreams/{name}/layers`: the blobs and images of a stream (spec/image-resources.md 10).
struct ImageStreamLayersResource: GettableResource {
    typealias Object = ImageStreamLayers

    let streams: ObjectStore<ImageStream>
    let index: any ImageLayerIndex

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreams", subresource: "layers",
            kind: ImageStreamsGroup.kind("ImageStreamLayers"), isNamespaced: true)
    }
    var table: TableColumns<ImageStreamLayers>? { nil }

    func get(
        _ name: String, options: GetOptions, _ context: RequestContext
    ) async throws -> Output<ImageStreamLayers> {
        Output(try layers(of: try streams.require(name, context)))
    }

    /// - Throws: 422 without a kind, as the reference has it, where the answer would be useless.
    func layers(of stream: ImageStream) throws(APIError) -> ImageStreamLayers {
        let layers = ImageStreamLayers(stream: stream, index: index)
        let failures = layers.failures()
        guard failures.isEmpty else { throw .invalid(ImageStreamsGroup.resource(""), "", failures) }
        return layers
    }
}

/// The index kept in memory: one row for each Image, decoded when it is asked for.
struct CachedLayerIndex: ImageLayerIndex {
    private let cache: RangeCache<[UInt8]>

    /// Registers the cache: before the store starts.
    init(_ store: Store) {
        cache = store.cache(prefix: LedgerKeys.blobReferences) { $0.value }
    }

    func record(of image: String) -> ImageLayerRecord? {
        cache.value(for: LedgerKeys.blobs(image: image)).flatMap { ImageLayerRecord(decoding: $0.value) }
    }
}
