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
    /// An image is named that does not exist.
    var hasMissingImages = false

    /// That a blob is a layer or the config of an image.
    private struct Part {
        var blob: BlobName
        /// Its place in `images`.
        var image: Int32
    }

    /// In the order of the blobs: a stream may have a hundred thousand, and a dictionary takes four times as much.
    private var parts: [Part] = []
    private var images: [String] = []

    /// - Parameter records: of the images of the stream and of what they list.
    init(stream: ImageStream, records: [String: ImageLayerRecord]) {
        var pending = stream.status.tags.flatMap { $0.items.map(\.image) }
        while let name = pending.popLast() {
            guard !name.isEmpty, manifests.insert(name).inserted else { continue }
            guard let record = records[name] else {
                hasMissingImages = true
                continue
            }
            let image = Int32(clamping: images.count)
            images.append(name)
            parts += record.layers.map { Part(blob: $0.blob, image: image) }
            if let config = record.config { parts.append(Part(blob: BlobName(config), image: image)) }
            for child in Set(record.manifests) { lists[child, default: []].append(name) }
            pending += record.manifests
        }
        parts.sort { ($0.blob, $0.image) < ($1.blob, $1.image) }
    }

    /// The images that a layer or config is of.
    func images(with digest: Digest) -> [String] {
        let blob = BlobName(digest)
        var low = 0
        var high = parts.count
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].blob < blob { low = middle + 1 } else { high = middle }
        }
        var found: [String] = []
        // An image may have the same layer more than once.
        for part in parts[low...].prefix(while: { $0.blob == blob }) where found.last != images[Int(part.image)] {
            found.append(images[Int(part.image)])
        }
        return found
    }

    /// About what it takes in memory.
    fileprivate var bytes: Int { (manifests.count + lists.count) * 250 + parts.count * MemoryLayout<Part>.stride }
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
        known.withLock {
            _ = $0.set(path, Known(revision: revision, version: version, contents: contents), bytes: contents.bytes)
        }
        return contents
    }
}
