import ImageAPI
import ImageStreams
import OCI

/// What the images of a stream are made of (spec/registry.md 3.2, 3.8).
///
/// A stream may have a hundred thousand blobs, and a list nearly as many manifests: everything lies in arrays in the order
/// of names. A dictionary takes four times as much.
struct StreamContents: Sendable {
    /// How much of a stream is looked at. What is beyond is found where it was pushed, and not by what names it.
    struct Limits: Sendable {
        /// Levels of lists in lists (spec/registry.md 1.18).
        var depth = 8
        /// Manifests that are there because lists name them.
        var listed = 100_000
        /// Of layers and configs in images, and of manifests in lists.
        var parts = 1_000_000
    }

    /// That a blob is a layer or the config of an image.
    private struct Part {
        var blob: BlobName
        var image: Int32
    }

    /// That a list names a manifest.
    private struct Entry {
        var manifest: Int32
        var list: Int32
    }

    /// The manifests that the history names, then those that lists among them name. Others mean them by their place.
    private var manifests: [BlobName] = []
    /// How many of them the history names.
    private var named: Int32 = 0
    /// Their places in the order of names.
    private var order: [Int32] = []
    /// In the order of blobs.
    private var parts: [Part] = []
    /// In the order of manifests.
    private var entries: [Entry] = []
    /// An image is named that does not exist.
    private(set) var hasMissingImages = false

    /// - Parameter record: what an image is made of; nil for one that does not exist.
    /// - Throws: what `record` throws, `CancellationError`.
    init(
        of stream: ImageStream, limits: Limits = Limits(),
        record: (String) async throws -> ImageLayerRecord?
    ) async throws {
        var places: [BlobName: Int32] = [:]
        for event in stream.status.tags.lazy.flatMap(\.items) where !event.image.isEmpty {
            _ = place(of: BlobName(event.image), within: .max, &places)
        }
        named = Int32(clamping: manifests.count)
        let most = manifests.count + limits.listed
        var (next, depth, nextDepth) = (0, 0, manifests.count)
        while next < manifests.count, parts.count + entries.count < limits.parts {
            if next == nextDepth { (depth, nextDepth) = (depth + 1, manifests.count) }
            try Task.checkCancellation()
            if let record = try await record(manifests[next].text) {
                add(record, at: Int32(clamping: next), within: depth < limits.depth ? most : 0, &places)
            } else {
                hasMissingImages = true
            }
            next += 1
        }
        order = manifests.indices.map { Int32(clamping: $0) }
        order.sort { manifests[Int($0)] < manifests[Int($1)] }
        parts.sort { ($0.blob, $0.image) < ($1.blob, $1.image) }
        entries.sort { ($0.manifest, $0.list) < ($1.manifest, $1.list) }
        trim()
    }

    /// - Parameter limit: of manifests; 0 where those that a list names are not followed.
    private mutating func add(
        _ record: ImageLayerRecord, at place: Int32, within limit: Int, _ places: inout [BlobName: Int32]
    ) {
        // Both may name the same thing very often.
        var blobs = Set(record.layers.map(\.blob))
        if let config = record.config { blobs.insert(BlobName(config)) }
        for blob in blobs { parts.append(Part(blob: blob, image: place)) }
        guard limit > 0 else { return }
        for child in Set(record.manifests.map { BlobName($0) }) {
            guard let manifest = self.place(of: child, within: limit, &places) else { continue }
            entries.append(Entry(manifest: manifest, list: place))
        }
    }

    private mutating func place(
        of manifest: BlobName, within limit: Int, _ places: inout [BlobName: Int32]
    ) -> Int32? {
        if let known = places[manifest] { return known }
        guard manifests.count < limit else { return nil }
        let place = Int32(clamping: manifests.count)
        places[manifest] = place
        manifests.append(manifest)
        return place
    }

    /// Arrays that grew lie in up to twice as much memory.
    private mutating func trim() {
        manifests = manifests.withUnsafeBufferPointer { Array($0) }
        parts = parts.withUnsafeBufferPointer { Array($0) }
        entries = entries.withUnsafeBufferPointer { Array($0) }
    }

    /// About what it takes in memory.
    var bytes: Int {
        manifests.count * (MemoryLayout<BlobName>.stride + MemoryLayout<Int32>.stride)
            + parts.count * MemoryLayout<Part>.stride + entries.count * MemoryLayout<Entry>.stride
    }

    // MARK: Questions

    /// Whether the history names a manifest, or a list does.
    func contains(_ manifest: BlobName) -> Bool { place(of: manifest) != nil }

    /// Whether the history itself names it.
    func names(_ manifest: BlobName) -> Bool { place(of: manifest).map { $0 < named } ?? false }

    /// The lists that name a manifest.
    func lists(of manifest: BlobName) -> [BlobName] {
        guard let place = place(of: manifest) else { return [] }
        let first = entries.firstPlace { $0.manifest < place }
        return entries[first...].prefix { $0.manifest == place }.map { manifests[Int($0.list)] }
    }

    /// The images that a blob is a layer or the config of.
    func images(with blob: BlobName) -> [BlobName] {
        let first = parts.firstPlace { $0.blob < blob }
        return parts[first...].prefix { $0.blob == blob }.map { manifests[Int($0.image)] }
    }

    /// Whether a tombstone still hides a manifest or blob: it has seen what was there before it. A tag event that came
    /// since, of an image or of a list above it, brings all back that they name (spec/registry.md E-3, E-5).
    ///
    /// - Parameters:
    ///   - revision: of the store, at which the tombstone was made.
    ///   - arrival: the revision at which a tag event last brought an image.
    func isGone(
        _ digest: Digest, since revision: Int64, arrival: (BlobName) async throws -> Int64
    ) async throws -> Bool {
        for origin in origins(of: digest) where try await arrival(origin) > revision { return false }
        return true
    }

    /// What the history names and a manifest or blob belongs to: itself, images that it is a part of, lists of those.
    func origins(of digest: Digest) -> [BlobName] {
        var pending = [BlobName(digest)] + images(with: BlobName(digest))
        var seen = Set(pending)
        var origins: [BlobName] = []
        while let manifest = pending.popLast() {
            if names(manifest) { origins.append(manifest) }
            pending += lists(of: manifest).filter { seen.insert($0).inserted }
        }
        return origins
    }

    private func place(of manifest: BlobName) -> Int32? {
        let place = order.firstPlace { manifests[Int($0)] < manifest }
        guard place < order.count, manifests[Int(order[place])] == manifest else { return nil }
        return order[place]
    }
}

extension Array {
    /// The first place of a sorted array whose element does not come before what is looked for.
    fileprivate func firstPlace(_ precedes: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if precedes(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
