import APIMachinery
import ImageAPI
import ImageStreams
import OCI
import Store
import Synchronization

/// What the images of a stream are made of (spec/registry.md 3.2, 3.8).
struct StreamContents: Sendable {
    /// The manifests that the history names, and those that lists among them name.
    var manifests: Set<String> = []
    /// The lists that name a manifest.
    var lists: [String: [String]] = [:]
    /// The images that a layer or config is of.
    var images: [String: [String]] = [:]
    /// An image is named that does not exist.
    var hasMissingImages = false

    /// - Parameter records: of the images of the stream and of what they list.
    init(stream: ImageStream, records: [String: ImageLayerRecord]) {
        var pending = stream.status.tags.flatMap { $0.items.map(\.image) }
        while let name = pending.popLast() {
            guard !name.isEmpty, manifests.insert(name).inserted else { continue }
            guard let record = records[name] else {
                hasMissingImages = true
                continue
            }
            for blob in Set(record.layers.map(\.name) + (record.config.map { [$0] } ?? [])) {
                images[blob, default: []].append(name)
            }
            for child in Set(record.manifests) { lists[child, default: []].append(name) }
            pending += record.manifests
        }
    }
}

/// The contents of streams, as they were computed last.
///
/// A class because all requests share it.
final class StreamContentsCache: Sendable {
    private struct Known {
        var revision: String
        var version: LayerVersion
        var contents: StreamContents
    }

    private let streams: ImageStreamsAPI
    private let known: Mutex<BoundedCache<RepositoryPath, Known>>

    init(streams: ImageStreamsAPI, maximumBytes: Int = 8 << 20) {
        self.streams = streams
        known = Mutex(BoundedCache(maximumBytes: maximumBytes))
    }

    func contents(of stream: ImageStream, at path: RepositoryPath) async throws -> StreamContents {
        // What changes from here on makes the answer out of date.
        let version = streams.layerVersion
        let revision = stream.metadata.resourceVersion
        if let known = known.withLock({ $0.value(for: path) }), known.revision == revision,
            known.version.change == version.change,
            !known.contents.hasMissingImages || known.version.creation == version.creation
        {
            return known.contents
        }
        let images = stream.status.tags.flatMap { $0.items.map(\.image) }.filter { !$0.isEmpty }
        let contents = StreamContents(stream: stream, records: try await streams.layerRecords(of: images))
        let bytes = (contents.manifests.count + contents.images.count + contents.lists.count) * 250
        known.withLock {
            _ = $0.set(path, Known(revision: revision, version: version, contents: contents), bytes: bytes)
        }
        return contents
    }
}
