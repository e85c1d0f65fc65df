import APIMachinery
import ImageAPI
import ImageStreams
import OCI
import Store
import Synchronization

/// What the images of a stream are made of: who may pull the stream may pull all of it (spec/registry.md 3.2, 3.8).
struct StreamContents: Sendable {
    /// The manifests that the history names, and those that their lists name.
    var manifests: Set<String> = []
    /// Their layers and configs, each with its size where it is known, and the image that it is of.
    var blobs: [String: Blob] = [:]

    /// An image is named that does not exist.
    var hasMissingImages = false

    struct Blob: Sendable {
        /// The name of an image with this blob.
        var image: String
        /// Bytes.
        var size: Int64?
    }

    /// - Parameter records: of the images of the stream and of what they list.
    init(stream: ImageStream, records: [String: ImageLayerRecord]) {
        var pending = stream.status.tags.flatMap { $0.items.map(\.image) }
        while let name = pending.popLast() {
            guard !name.isEmpty, manifests.insert(name).inserted else { continue }
            guard let record = records[name] else {
                hasMissingImages = true
                continue
            }
            for layer in record.layers where blobs[layer.name] == nil {
                blobs[layer.name] = Blob(image: name, size: layer.size)
            }
            if let config = record.config, blobs[config] == nil { blobs[config] = Blob(image: name, size: nil) }
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

    init(streams: ImageStreamsAPI, maximumBytes: Int = 16 << 20) {
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
        let bytes = (contents.manifests.count + contents.blobs.count) * 200
        known.withLock {
            _ = $0.set(path, Known(revision: revision, version: version, contents: contents), bytes: bytes)
        }
        return contents
    }
}
