import ImageAPI
import ImageStreams
import OCI

/// One repository as one request sees it: the stream and the links at a time (spec/registry.md 3.2, 3.8, Y-4).
struct Repository: Sendable {
    let path: RepositoryPath
    /// Nil where nothing was pushed yet that needs one.
    let stream: ImageStream?
    /// Nil where nothing was uploaded yet.
    let incarnation: Incarnation?
    let core: RegistryCore

    /// - Throws: `NAME_UNKNOWN` where there is no stream.
    func requireStream() throws(RegistryError) -> ImageStream {
        guard let stream else { throw .unknownRepository(path) }
        return stream
    }

    // MARK: Manifests

    /// The digest that a tag means now.
    /// - Throws: `NAME_UNKNOWN`, `MANIFEST_UNKNOWN`.
    func digest(of tag: String) throws(RegistryError) -> Digest {
        let stream = try requireStream()
        guard let event = stream.status.newestEvent(of: tag), let digest = Digest(event.image) else {
            throw .unknownTag(tag)
        }
        return digest
    }

    /// The record of a manifest that was pushed or mirrored here, also one that was deleted.
    func record(of digest: Digest) async throws -> ManifestRecord? {
        guard let id = incarnation?.id else { return nil }
        return try await core.index.manifest(digest, in: id)
    }

    /// Whether a manifest may be seen here.
    func isVisible(_ digest: Digest) async throws -> Bool {
        let name = digest.description
        // What the history names is there, whatever was deleted before.
        if stream?.status.names(name) == true { return true }
        if let record = try await record(of: digest) { return !record.isDeleted }
        guard let stream else { return false }
        return try await core.contents.contents(of: stream, at: path).manifests.contains(name)
    }

    /// A manifest that may be seen here, from here or from where it came from.
    /// - Throws: `NAME_UNKNOWN`, `MANIFEST_UNKNOWN`, what upstream says.
    func manifest(_ digest: Digest, _ call: RegistryCall) async throws -> StoredManifest {
        guard try await isVisible(digest) else {
            if stream == nil && incarnation == nil { throw RegistryError.unknownRepository(path) }
            throw RegistryError.unknownManifest(digest, in: path)
        }
        if let local = try await core.content.manifest(digest) {
            if let id = incarnation?.id, let record = try await record(of: digest) {
                core.index.touch(digest, record, in: id)
            }
            return local
        }
        if let kept = try await manifestOfImage(digest) { return kept }
        if let remote = try await core.upstream?.manifest(digest, in: self, call) { return remote }
        throw RegistryError.unknownManifest(digest, in: path)
    }

    /// A manifest that somebody stored with its Image.
    private func manifestOfImage(_ digest: Digest) async throws -> StoredManifest? {
        guard let image = try await core.streams.images.object(digest.description, namespace: ""),
            !image.dockerImageManifest.isEmpty
        else { return nil }
        let bytes = Array(image.dockerImageManifest.utf8)
        guard digest.matches(bytes) else { return nil }
        return StoredManifest(digest: digest, mediaType: image.dockerImageManifestMediaType, bytes: bytes)
    }

    // MARK: Blobs

    /// A blob that may be seen here and is held here.
    /// - Parameter digest: as asked for.
    func localBlob(_ digest: Digest) async throws -> LocalBlob? {
        guard let canonical = try await core.index.canonical(digest) else { return nil }
        guard let record = try await core.index.blob(canonical) else { return nil }
        guard try await sees(digest, canonical, record) else { return nil }
        if record.condemned != nil, try await !core.index.revive(canonical) { return nil }
        core.index.touch(canonical, record)
        return LocalBlob(canonical: canonical, size: record.size)
    }

    private func sees(_ digest: Digest, _ canonical: Digest, _ record: BlobRecord) async throws -> Bool {
        if let id = incarnation?.id, let link = try await core.index.layer(canonical, in: id) {
            if !link.isDeleted { core.index.touch(canonical, link, in: id) }
            return !link.isDeleted
        }
        // A manifest may be asked for as the bytes that it is (L-6).
        if !record.mediaType.isEmpty { return try await isVisible(digest) }
        return try await belongsToImage(digest)
    }

    /// Whether a blob is part of an image of the stream, unless it was deleted here (V-1, V-4).
    func belongsToImage(_ digest: Digest) async throws -> Bool {
        guard let stream else { return false }
        let contents = try await core.contents.contents(of: stream, at: path)
        let name = digest.description
        return contents.blobs[name] != nil || contents.manifests.contains(name)
    }

    /// Whether a blob is part of an image of the stream, was not deleted here, and is not held here.
    func isRemote(_ digest: Digest) async throws -> Bool {
        guard stream != nil, core.upstream != nil else { return false }
        if let id = incarnation?.id, try await core.index.layer(digest, in: id)?.isDeleted == true { return false }
        return try await belongsToImage(digest)
    }
}

/// A blob that is held here.
struct LocalBlob: Sendable {
    var canonical: Digest
    /// Bytes.
    var size: Int64
}

/// A manifest with its bytes.
struct StoredManifest: Sendable {
    /// As asked for.
    var digest: Digest
    var mediaType: String
    var bytes: [UInt8]
}

extension ImageStreamStatus {
    /// The newest event of a tag that names an image.
    func newestEvent(of name: String) -> TagEvent? { tag(name)?.items.first { !$0.image.isEmpty } }

    /// Whether some event names an image.
    func names(_ image: String) -> Bool { tags.contains { $0.items.contains { $0.image == image } } }
}
