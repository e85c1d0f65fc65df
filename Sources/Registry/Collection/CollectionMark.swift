import ImageStreams
import OCI
import Store

/// Finds what is reachable: from the history of streams, from manifests that a repository keeps without a tag, and from
/// what refers to either (spec/registry.md 5.6 GC-2, GC-4).
struct CollectionMark: Sendable {
    let snapshot: CollectionSnapshot
    let index: RegistryIndex
    let content: RegistryContent
    let pace: CollectionPace

    /// All blobs that something refers to, by their sha256 digests.
    private(set) var reachable = DigestSet()
    /// What bounds the blobs that are kept because somebody pulled them.
    var cutoffs = CacheCutoffs()
    /// Blobs that nobody had used for long when the run began.
    var idle = DigestSet()
    /// What could not be read, in words; the first few.
    private(set) var problems: [String] = []

    /// Images that came after the snapshot are not in it.
    private var isCatchingUp = false

    /// What one repository refers to.
    struct View: Sendable {
        var blobs = DigestSet(capacity: 16)
        /// The manifests, by the digests they are known by.
        var manifests: Set<Digest> = []
    }

    init(_ snapshot: CollectionSnapshot, _ index: RegistryIndex, _ content: RegistryContent, _ pace: CollectionPace) {
        self.snapshot = snapshot
        self.index = index
        self.content = content
        self.pace = pace
    }

    /// Follows manifests to everything they are made of, to what refers to them, and on. Each is visited once.
    ///
    /// - Parameters:
    ///   - rows: the records of the repository.
    ///   - referrers: the digests of records by their subject.
    ///   - holding: whether a blob is held by a manifest that was not pushed; nil where all are.
    mutating func follow(
        _ roots: [Digest], rows: [Digest: ManifestRecord] = [:], referrers: [Digest: [Digest]] = [:],
        into view: inout View, holding: (@Sendable (Digest) async throws -> Bool)? = nil
    ) async throws {
        var pending = roots
        while let digest = pending.popLast() {
            guard view.manifests.insert(digest).inserted else { continue }
            try await pace.rest()
            try Task.checkCancellation()
            pending += referrers[digest] ?? []
            try await add(digest, to: &view)
            let record = try await imageRecord(of: digest)
            let row = rows[digest]
            let isHeld = row?.isFetched == false ? nil : holding
            if let row {
                for blob in row.blobs { try await add(blob, to: &view, isHeld) }
                pending += row.children
            }
            if let record {
                for blob in record.layers.map(\.blob) + (record.config.map { [BlobName($0)] } ?? []) {
                    if let blob = blob.digest { try await add(blob, to: &view, isHeld) }
                }
                pending += record.manifests.compactMap { Digest($0) }
            } else if rows[digest] == nil {
                pending += try await readManifest(digest, into: &view)
            }
        }
    }

    /// A blob stays whether or not a manifest names it.
    /// - Parameter canonical: its sha256 digest.
    mutating func hold(_ canonical: Digest) { reachable.insert(canonical) }

    private func imageRecord(of digest: Digest) async throws -> ImageLayerRecord? {
        let key = LedgerKeys.blobs(image: digest.description)
        let row = isCatchingUp ? try await index.store.get(key) : try await snapshot.get(key)
        guard let row else { return nil }
        return ImageLayerRecord(decoding: row.value)
    }

    /// What nobody has written down: the manifest itself says it, if it is here.
    private mutating func readManifest(_ digest: Digest, into view: inout View) async throws -> [Digest] {
        guard let canonical = try await index.canonical(digest), let row = try await index.blob(canonical),
            !row.mediaType.isEmpty
        else { return [] }
        guard let bytes = try? await content.bytes(of: canonical),
            let manifest = try? PushedManifest(parsing: bytes, contentType: row.mediaType)
        else {
            note("the manifest \(digest) cannot be read")
            return []
        }
        for blob in manifest.blobs { try await add(blob, to: &view) }
        return manifest.children.map(\.digest)
    }

    private mutating func note(_ problem: String) {
        if problems.count < 10 { problems.append(problem) }
    }

    private mutating func add(
        _ digest: Digest, to view: inout View, _ isHeld: (@Sendable (Digest) async throws -> Bool)? = nil
    ) async throws {
        guard let canonical = try await index.canonical(digest) else { return }
        if let isHeld, try await !isHeld(canonical) { return }
        view.blobs.insert(canonical)
        reachable.insert(canonical)
    }

    // MARK: What came later

    /// Adds what has come to be referred to since the mark, or since this was done last.
    ///
    /// - Returns: the revision up to which everything has been seen.
    /// - Throws: `StoreError.compacted` where that cannot be told any more.
    mutating func catchUp(after revision: Int64) async throws -> Int64 {
        isCatchingUp = true
        let target = index.store.currentRevision
        for prefix in [LedgerKeys.imageReferences, RegistryKeys.manifests] {
            var seen = revision
            while seen < target {
                let history = try await index.store.engine.events(in: .prefix(prefix), after: seen, limit: 1_000)
                for batch in history.batches {
                    for event in batch.events { try await note(event, below: prefix) }
                }
                guard history.through > seen else { break }
                seen = history.through
            }
        }
        return target
    }

    private mutating func note(_ event: Event, below prefix: String) async throws {
        guard let row = event.current else { return }
        var view = View()
        if prefix == LedgerKeys.imageReferences {
            let image = row.key.dropFirst(prefix.count).prefix { $0 != "/" }
            guard let digest = Digest(String(image)) else { return }
            try await follow([digest], into: &view)
        } else if let record = ManifestRecord(decoding: row.value), !record.isDeleted {
            try await add(record.canonical, to: &view)
            for blob in record.blobs { try await add(blob, to: &view) }
            try await follow(record.children, into: &view)
        }
    }
}
