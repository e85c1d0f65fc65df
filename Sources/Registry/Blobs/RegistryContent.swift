import APIServer
import Blobs
import OCI
import Store
import Synchronization

/// The bytes behind the rows of the index: blobs as files, manifests also in memory.
///
/// A class because all requests share what was read last.
final class RegistryContent: Sendable {
    let blobs: any BlobStore
    private let index: RegistryIndex
    /// Bytes of manifests, by their sha256 digests. They never change.
    private let recent: Mutex<BoundedCache<Digest, [UInt8]>>

    /// Bytes of a manifest or config that is read as a whole.
    private static let maximumDocument = 8 << 20

    init(blobs: any BlobStore, index: RegistryIndex, maximumBytes: Int = 2 << 20) {
        self.blobs = blobs
        self.index = index
        recent = Mutex(BoundedCache(maximumBytes: maximumBytes))
    }

    /// A manifest that is held here, whoever may see it.
    /// - Parameter digest: in any algorithm.
    func manifest(_ digest: Digest) async throws -> StoredManifest? {
        guard let canonical = try await index.canonical(digest), let record = try await index.blob(canonical),
            !record.mediaType.isEmpty
        else { return nil }
        if record.isHidden { return nil }
        if record.condemned != nil, try await !index.revive(canonical) { return nil }
        index.touch(canonical, record)
        if let bytes = recent.withLock({ $0.value(for: canonical) }) {
            return StoredManifest(digest: digest, mediaType: record.mediaType, bytes: bytes)
        }
        guard let bytes = try await bytes(of: canonical) else { return nil }
        keep(bytes, of: canonical)
        return StoredManifest(digest: digest, mediaType: record.mediaType, bytes: bytes)
    }

    private func keep(_ bytes: [UInt8], of canonical: Digest) {
        // Bytes that came piece by piece lie in up to twice as much memory.
        let kept = bytes.withUnsafeBufferPointer { Array($0) }
        _ = recent.withLock { $0.set(canonical, kept, bytes: kept.count) }
    }

    /// All bytes of a small blob; nil where they are not here.
    func bytes(of canonical: Digest) async throws -> [UInt8]? {
        try await blobs.content(of: canonical)?.collect(upTo: Self.maximumDocument)
    }

    /// The file of a blob, or what there is in its place.
    func file(of canonical: Digest, size: Int64) async throws -> BlobBytes? {
        guard let content = try await blobs.content(of: canonical), content.size == size else { return nil }
        return BlobBytes(content: content)
    }

    /// Makes the bytes of a manifest durable, and known.
    /// - Parameter repository: where it was pushed; nil for one that was fetched.
    func publish(
        _ bytes: [UInt8], _ facts: ManifestFacts, canonical: Digest, as digest: Digest,
        in repository: Incarnation? = nil
    ) async throws {
        try await index.locks.withLock(canonical) {
            let known = try await index.blob(canonical)
            if known == nil || known?.condemned != nil { _ = try await blobs.put(bytes) }
            try await index.publish(canonical, size: Int64(bytes.count), as: digest, in: repository, manifest: facts)
        }
        keep(bytes, of: canonical)
    }
}

/// The bytes of a blob on their way to a client.
struct BlobBytes: Sendable {
    let content: any BlobContent

    /// Some of them, as a part of an answer.
    func part(_ range: Range<Int64>) -> ServerResponse.Body.Part {
        guard let file = content.file else { return .bytes([]) }
        return .file(
            FileSlice(descriptor: file.descriptor, owner: file, offset: range.lowerBound, length: Int64(range.count)))
    }
}
