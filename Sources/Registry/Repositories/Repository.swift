import ImageAPI
import ImageStreams
import OCI
import Store

/// One repository as one request sees it: the stream and the links at a time (spec/registry.md 3.2, 3.8, Y-4).
struct Repository: Sendable {
    let path: RepositoryPath
    /// Nil where nothing was pushed yet that needs one.
    let stream: ImageStream?
    /// Nil where nothing was uploaded yet.
    let incarnation: Incarnation?
    let core: RegistryCore
    /// What the request has found out so far.
    let findings = RepositoryFindings()

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

    /// All digests of a manifest in the registered algorithms, the given one first; that one alone where its bytes may not
    /// be given out here, because others would say that somebody else has it.
    func names(of digest: Digest) async throws -> [Digest] {
        guard try await gives(digest), let manifest = try await core.content.manifest(digest) else { return [digest] }
        let others = Digest.registered.subtracting([digest.algorithm]).map { Digest.compute($0, of: manifest.bytes) }
        return [digest] + others.sorted()
    }

    /// A manifest that may be seen here, from here or from where it came from.
    /// - Throws: `NAME_UNKNOWN`, `MANIFEST_UNKNOWN`, what upstream says.
    func manifest(_ digest: Digest, _ call: RegistryCall) async throws -> StoredManifest {
        guard try await isVisible(digest) else {
            if stream == nil && incarnation == nil { throw RegistryError.unknownRepository(path) }
            throw RegistryError.unknownManifest(digest, in: path)
        }
        if try await gives(digest), var local = try await core.content.manifest(digest) {
            if let id = incarnation?.id, let record = try await record(of: digest), !record.isDeleted {
                core.index.touch(digest, record, in: id)
                // As it was pushed here.
                local.mediaType = record.mediaType
            } else {
                try await noteUse(of: digest)
            }
            return local
        }
        // That a registry elsewhere calls it a referrer opens no Image of others.
        if try await belongsToStream(digest), let kept = try await manifestOfImage(digest) {
            try await hold(kept)
            return kept
        }
        if let remote = try await core.upstream?.manifest(digest, in: self, call) { return remote }
        throw RegistryError.unknownManifest(digest, in: path)
    }

    /// What has no record in the repository is noted with its bytes.
    private func noteUse(of digest: Digest) async throws {
        guard let canonical = try await core.index.canonical(digest), let blob = try await core.index.blob(canonical)
        else { return }
        core.index.touch(canonical, blob)
    }

    /// Puts the bytes of a manifest where others are, so that its use can be noted. It vouches for nothing.
    private func hold(_ manifest: StoredManifest) async throws {
        let canonical = Digest.sha256(of: manifest.bytes)
        guard try await !core.isReadOnly(path.namespace) else { return }
        if let known = try await core.index.blob(canonical), known.condemned == nil {
            core.index.touch(canonical, known)
            return
        }
        do {
            try await core.content.publish(
                manifest.bytes, ManifestFacts(mediaType: manifest.mediaType, unvouched: nil), canonical: canonical,
                as: manifest.digest)
        } catch {
            core.logger.warning(
                "a manifest could not be kept", metadata: ["digest": "\(manifest.digest)", "error": "\(error)"])
        }
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

    /// A blob that may be given out here and is held here.
    ///
    /// - Parameters:
    ///   - digest: as asked for.
    ///   - isWanted: it is about to be used in a new image: one that was given up comes back.
    func localBlob(_ digest: Digest, isWanted: Bool = false) async throws -> LocalBlob? {
        try Task.checkCancellation()
        guard let canonical = try await core.index.canonical(digest), let record = try await core.index.blob(canonical)
        else { return nil }
        var (link, revision): (LayerLink?, Int64) = (nil, 0)
        if let id = incarnation?.id { (link, revision) = try await core.index.layerRow(canonical, in: id) }
        guard try await gives(digest, canonical, record, link, revision) else { return nil }
        if record.condemned != nil {
            // A link alone does not bring it back: whoever asks may see that it is gone.
            if !isWanted {
                guard !record.isHidden, try await belongsToImage(digest) else { return nil }
            }
            guard try await core.index.revive(canonical) else { return nil }
        }
        core.index.touch(canonical, record)
        return LocalBlob(
            canonical: canonical, size: record.size, tombstone: link?.isDeleted == true ? revision : nil)
    }

    /// A tombstone that hides nothing any more goes, so that what is fetched can take its place; one that was made since
    /// stays (spec/registry.md E-5).
    func dropVoidTombstone(of digest: Digest, in incarnation: Incarnation) async throws {
        guard let canonical = try await core.index.canonical(digest) else { return }
        let (link, revision) = try await core.index.layerRow(canonical, in: incarnation.id)
        guard link?.isDeleted == true, try await !isGone(digest, since: revision) else { return }
        let key = RegistryKeys.layer(incarnation.id, canonical)
        do {
            _ = try await core.index.store.commit(
                Transaction(
                    conditions: [.modRevision(of: key, equals: revision)], mutations: [.delete(key: key)]))
        } catch StoreError.conflict {}
    }

    /// Whether a blob was deleted here.
    func isDeletedBlob(_ digest: Digest) async throws -> Bool {
        guard let id = incarnation?.id, let canonical = try await core.index.canonical(digest) else { return false }
        let (link, revision) = try await core.index.layerRow(canonical, in: id)
        guard link?.isDeleted == true else { return false }
        return try await isGone(digest, since: revision)
    }

    /// - Parameters:
    ///   - link: of the blob in this repository.
    ///   - revision: the link's.
    private func gives(
        _ digest: Digest, _ canonical: Digest, _ record: BlobRecord, _ link: LayerLink?, _ revision: Int64
    ) async throws -> Bool {
        if let id = incarnation?.id, let link {
            if link.isDeleted {
                if try await isGone(digest, since: revision) { return false }
            } else if link.source == nil {
                core.index.touch(canonical, link, in: id)
                return true
            }
        }
        // A manifest may be asked for as the bytes that it is (L-6). What is a manifest to some may be a config to others.
        if !record.mediaType.isEmpty, try await gives(digest) { return true }
        return try await givesAsPartOfImage(digest)
    }
}

/// A blob that is held here.
struct LocalBlob: Sendable {
    var canonical: Digest
    /// Bytes.
    var size: Int64
    /// The revision of a tombstone that it has here and that hides it no more.
    var tombstone: Int64?
}

/// A manifest with its bytes.
struct StoredManifest: Sendable {
    /// As asked for.
    var digest: Digest
    var mediaType: String
    var bytes: [UInt8]
}
