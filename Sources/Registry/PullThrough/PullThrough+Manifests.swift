import ImageAPI
import ImageStreams
import Importing
import Logging
import OCI

/// Manifests of images that came from elsewhere, and of what belongs to them there (spec/registry.md 4.2, 4.9).
extension PullThrough {
    /// Manifests that refer to each other end here.
    private static let maximumDepth = 8
    /// Blobs of a manifest that belongs to an image: one with more is handed on, and not kept.
    private static let maximumBlobs = 256

    /// A manifest that is visible in the repository and not held here.
    /// - Returns: nil where no event says where it came from.
    /// - Throws: `OPENSHIFT_PULLTHROUGH_MANIFEST`, `TOOMANYREQUESTS`.
    func manifest(
        _ digest: Digest, in repository: Repository, _ call: RegistryCall
    ) async throws -> StoredManifest? {
        guard let source = try await source(ofManifest: digest, in: repository) else { return nil }
        let manifest = try await fetch(digest, from: source, try await session(repository, call))
        let isOfStream = try await repository.belongsToStream(digest)
        let subject =
            isOfStream ? nil : repository.stream.flatMap { referrers.subject(of: digest, in: $0.metadata.uid) }
        let isWritable = try await !repository.core.isReadOnly(repository.path.namespace)
        if isWritable, configuration.mirrors || subject != nil {
            do { try await keep(manifest, source: subject, in: repository) } catch {
                logger.warning(
                    "a manifest could not be kept", metadata: ["digest": "\(digest)", "error": "\(error)"])
            }
        }
        return manifest
    }

    /// Copies a manifest of the stream, for nobody who waits.
    /// - Throws: as above, and where it cannot be stored.
    func keep(manifest digest: Digest, in repository: Repository) async throws {
        guard let source = try await source(ofManifest: digest, in: repository) else {
            throw RegistryError.unknownManifest(digest, in: repository.path)
        }
        let manifest = try await fetch(digest, from: source, try await session(repository, nil))
        try await keep(manifest, source: nil, in: repository)
        let core = repository.core
        // A record whose bytes are gone would be left as it is.
        guard try await core.repository(repository.path).lacksManifest(digest) else { return }
        try await core.content.publish(
            manifest.bytes, ManifestFacts(mediaType: manifest.mediaType, unvouched: nil),
            canonical: Digest.sha256(of: manifest.bytes), as: digest)
    }

    private func fetch(
        _ digest: Digest, from source: UpstreamSource, _ session: UpstreamSession
    ) async throws -> StoredManifest {
        do throws(UpstreamSession.Failure) {
            let fetched = try await inTime(session) { () async throws(UpstreamSession.Failure) in
                try await ask(source.locations(of: .digest(digest), session)) {
                    (place) async throws(UpstreamSession.Failure) in
                    try await session.manifest(digest, in: place.repository, isInsecure: place.isInsecure)
                }
            }
            return StoredManifest(digest: digest, mediaType: fetched.mediaType, bytes: fetched.bytes)
        } catch {
            throw Self.refusal(error, "\(source.repository)@\(digest)")
        }
    }

    /// Asks one place after the other; told is what the last one says, the source itself.
    func ask<Value: Sendable>(
        _ places: [UpstreamSource],
        _ operation: (UpstreamSource) async throws(UpstreamSession.Failure) -> Value
    ) async throws(UpstreamSession.Failure) -> Value {
        var failure = UpstreamSession.Failure("there is no place to fetch it from")
        for place in places {
            do {
                return try await health.asking(place) { () async throws(UpstreamSession.Failure) in
                    try await operation(place)
                }
            } catch { failure = error }
        }
        throw failure
    }

    /// The manifest that a tag names where an image of the repository came from: its signatures, for example. What was
    /// fetched before is given where nobody answers there (PT-26).
    func manifest(
        tagged tag: String, of subject: Digest, in repository: Repository, _ call: RegistryCall
    ) async throws -> StoredManifest? {
        guard let source = try await source(ofManifest: subject, in: repository) else { return nil }
        let session = try await session(repository, call)
        let fetched: (bytes: [UInt8], mediaType: String)
        do throws(UpstreamSession.Failure) {
            fetched = try await inTime(session) { () async throws(UpstreamSession.Failure) in
                try await ask(source.locations(of: .tag(tag), session)) {
                    (place) async throws(UpstreamSession.Failure) in
                    try await session.manifest(tagged: tag, in: place.repository, isInsecure: place.isInsecure)
                }
            }
        } catch {
            guard error.status != 404, let id = repository.incarnation?.id,
                let known = try await repository.core.index.manifest(taggedElsewhere: tag, of: subject, in: id)
            else { return nil }
            return try await repository.core.content.manifest(known)
        }
        let manifest = StoredManifest(
            digest: Digest.sha256(of: fetched.bytes), mediaType: fetched.mediaType, bytes: fetched.bytes)
        if try await !repository.core.isReadOnly(repository.path.namespace) {
            try await keep(manifest, source: subject, tag: tag, in: repository)
        }
        return manifest
    }

    /// The newest event with the image says where it came from, else that of a list that names it (Y-3), else that of what
    /// it belongs to.
    func source(ofManifest digest: Digest, in repository: Repository) async throws -> UpstreamSource? {
        guard let stream = repository.stream else { return nil }
        let sources = UpstreamSources(stream) { repository.core.isOwn($0) }
        var pending = [BlobName(digest)]
        var seen: Set<BlobName> = []
        let contents = try await repository.contents()
        while let name = pending.popLast() {
            guard seen.insert(name).inserted else { continue }
            try Task.checkCancellation()
            if contents?.names(name) ?? true, let source = sources.source(ofImage: name.text) { return source }
            pending += contents?.lists(of: name) ?? []
            guard seen.count <= Self.maximumDepth, let digest = name.digest else { continue }
            if let subject = referrers.subject(of: digest, in: stream.metadata.uid) {
                pending.append(BlobName(subject))
            } else if let subject = try await repository.record(of: digest)?.source {
                pending.append(BlobName(subject))
            }
        }
        return nil
    }

    /// The manifest belongs to the repository from now on, and says nothing of who may see its blobs. Nothing is kept where
    /// the stream has gone meanwhile (E-7).
    ///
    /// - Parameters:
    ///   - source: the manifest that it belongs to elsewhere, for one that is no image of the stream: its blobs can be had
    ///     from where that came from.
    ///   - tag: that it was found by.
    private func keep(
        _ manifest: StoredManifest, source: Digest?, tag: String = "", in repository: Repository
    ) async throws {
        let core = repository.core
        let canonical = Digest.sha256(of: manifest.bytes)
        guard let incarnation = try await home(of: repository)?.incarnation else { return }
        let known = try await core.index.manifest(manifest.digest, in: incarnation.id)
        if let known, !known.isDeleted, known.sourceTag == tag || known.source == nil {
            // Its bytes may have been put aside since (W-17).
            guard try await core.index.blob(canonical) == nil else { return }
            return try await core.content.publish(
                manifest.bytes, ManifestFacts(mediaType: manifest.mediaType, unvouched: nil), canonical: canonical,
                as: manifest.digest)
        }
        let document = try? PushedManifest(parsing: manifest.bytes, contentType: manifest.mediaType)
        if source != nil, document?.blobs.count ?? 0 > Self.maximumBlobs { return }
        try await core.content.publish(
            manifest.bytes, ManifestFacts(mediaType: manifest.mediaType, unvouched: nil), canonical: canonical,
            as: manifest.digest)
        var record = ManifestRecord(
            mediaType: manifest.mediaType, size: Int64(manifest.bytes.count), canonical: canonical,
            subject: document?.subject?.digest, blobs: document?.blobs ?? [],
            children: document?.children.map(\.digest) ?? [], pushed: core.index.now())
        record.isFetched = true
        record.source = source
        record.sourceTag = tag
        var rows = core.index.linkRows(
            manifest.digest, record,
            referrer: document?.subject.flatMap { _ in document?.referrer(as: manifest.digest) },
            replacing: known, in: incarnation.id)
        if let source, let document {
            for blob in document.requiredBlobs {
                let known = try await core.index.layer(blob.digest, in: incarnation.id)
                guard known == nil || known?.isDeleted == true else { continue }
                var link = LayerLink(size: blob.size, touched: core.index.now())
                link.source = source
                rows.append(.put(key: RegistryKeys.layer(incarnation.id, blob.digest), value: link.encoded))
            }
        }
        try await core.index.write(rows, in: incarnation)
    }
}

extension UpstreamSource {
    /// Where content of the repository may be had, itself last (PT-13).
    func locations(of content: ManifestSelector, _ session: UpstreamSession) -> [UpstreamSource] {
        session.locations(of: content, in: repository).map {
            UpstreamSource(repository: $0, isInsecure: isInsecure || session.isInsecure($0))
        }
    }
}
