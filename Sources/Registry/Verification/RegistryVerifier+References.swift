import ImageAPI
import ImageStreams
import OCI
import Store

extension RegistryVerifier {
    /// Lists that name each other end here.
    private static let maximumDepth = 8

    /// Every entry of every history (W-18).
    func verifyStreams(_ run: VerificationRun) async throws {
        let prefix = streams.streams.kind.keyPrefix
        try await index.store.forEachPage(.prefix(prefix), limit: 100) { rows in
            for row in rows {
                let name = String(row.key.dropFirst(prefix.count))
                guard let stream = try? ImageStream.decode(row.value) else {
                    try await run.report(
                        VerificationFinding(.brokenLink, "", place: name, "the image stream cannot be read"))
                    continue
                }
                try await run.advance { $0.streams += 1 }
                try await verify(stream, name, run)
            }
        }
    }

    private func verify(_ stream: ImageStream, _ name: String, _ run: VerificationRun) async throws {
        for tag in stream.status.tags {
            for (position, event) in tag.items.enumerated() where !event.image.isEmpty {
                try await run.advance { $0.events += 1 }
                guard let digest = Digest(event.image) else {
                    // Images of the oldest kind; they were never pushed here.
                    continue
                }
                let found = try await problems(of: digest, in: stream, run)
                // The stream is as it was when its page was read: its images may have gone with its tags since.
                guard !found.isEmpty, try await isNamed(event.image, by: tag.tag, of: stream) else { continue }
                try await report(found, of: digest, run)
                for problem in found where problem.isOpen {
                    let what = problem.digest == event.image ? "image" : "image blob"
                    try await run.report(
                        VerificationFinding(
                            .brokenTag, problem.digest, place: "\(name):\(tag.tag)", position: position,
                            "\(what) \"\(problem.digest)\": \(problem.message)"))
                }
            }
        }
    }

    private func isNamed(_ image: String, by tag: String, of stream: ImageStream) async throws -> Bool {
        try await streams.stream(stream.metadata.name, namespace: stream.metadata.namespace)?
            .status.tag(tag)?.items.contains { $0.image == image } == true
    }

    // MARK: Images

    /// What is wrong with an image that the registry has to have.
    private func problems(
        of image: Digest, in stream: ImageStream?, _ run: VerificationRun
    ) async throws -> [VerificationFinding] {
        if run.whole.contains(image) { return [] }
        if let known = run.broken[image] { return known }
        try await run.advance { $0.images += 1 }
        guard let object = try await streams.images.object(image.description, namespace: "") else {
            return [VerificationFinding(.brokenImage, image.description, "there is no such image")]
        }
        let isKept = !object.dockerImageManifest.isEmpty && image.matches(Array(object.dockerImageManifest.utf8))
        guard object.isManaged, !isKept else { return [] }
        let found = try await contentProblems(
            of: image, mediaType: object.dockerImageManifestMediaType, in: stream, depth: 0, run)
        if found.isEmpty { run.whole.insert(image) }
        return found
    }

    /// Reports what is wrong with an image, once.
    private func report(_ found: [VerificationFinding], of image: Digest, _ run: VerificationRun) async throws {
        guard run.broken[image] == nil else { return }
        for finding in found {
            var finding = finding
            if finding.kind == .brokenImage, finding.digest != image.description {
                finding.message = "\(finding.digest): \(finding.message)"
                finding.digest = image.description
            }
            try await run.report(finding)
        }
        if run.broken.count < VerificationRun.maximumBroken { run.broken[image] = found }
    }

    /// What a manifest is made of: itself, config, layers, and the manifests that it lists.
    ///
    /// - Parameter mediaType: for the row of the manifest, should it have to be made again.
    func contentProblems(
        of manifest: Digest, mediaType: String, in stream: ImageStream?, depth: Int, _ run: VerificationRun
    ) async throws -> [VerificationFinding] {
        if let problem = try await absence(of: manifest, mediaType: mediaType, run) { return [problem] }
        guard let canonical = try await index.canonical(manifest),
            let bytes = try? await content.bytes(of: canonical),
            let type = try await index.blob(canonical)?.mediaType,
            let parsed = try? PushedManifest(parsing: bytes, contentType: type.isEmpty ? mediaType : type)
        else {
            return [VerificationFinding(.brokenImage, manifest.description, "the manifest cannot be read")]
        }
        var found: [VerificationFinding] = []
        for blob in parsed.requiredBlobs {
            guard let problem = try await absence(of: blob.digest, mediaType: nil, run) else { continue }
            if problem.repair == nil, let stream, try await isElsewhere(blob.digest, stream) { continue }
            found.append(problem)
        }
        guard depth < Self.maximumDepth else { return found }
        var absent = 0
        for child in parsed.children where !run.whole.contains(child.digest) {
            try Task.checkCancellation()
            if let problem = try await absence(of: child.digest, mediaType: child.mediaType, run), problem.isOpen {
                absent += 1
                continue
            }
            // Some builders list layers.
            guard MediaType.manifestKind(child.mediaType) != nil else { continue }
            let inner = try await contentProblems(
                of: child.digest, mediaType: child.mediaType, in: stream, depth: depth + 1, run)
            if inner.isEmpty { run.whole.insert(child.digest) }
            found += inner
        }
        if absent > 0 {
            found.append(
                VerificationFinding(
                    .incompleteIndex, manifest.description,
                    "\(absent) of \(parsed.children.count) manifests are not here"))
        }
        return found
    }

    /// Nil for a blob that is here. One whose file is good and whose record is missing gets the record back, where repairs
    /// are wanted.
    private func absence(
        of digest: Digest, mediaType: String?, _ run: VerificationRun
    ) async throws -> VerificationFinding? {
        if let canonical = try await index.canonical(digest), try await index.blob(canonical) != nil { return nil }
        var problem = VerificationFinding(.brokenImage, digest.description, "not found")
        guard run.request.repairs, digest.algorithm == .sha256 else { return problem }
        problem.repair = try await index.locks.withLock(digest) { () async throws -> String? in
            guard case .intact = try await content.blobs.state(of: digest),
                let size = try await content.blobs.content(of: digest)?.size
            else { return nil }
            let facts = mediaType.map { ManifestFacts(mediaType: $0, unvouched: nil) }
            try await index.publish(digest, size: size, as: digest, in: nil, manifest: facts)
            return "its record was made again"
        }
        return problem
    }

    /// Whether a blob that is not here comes from where another image of the stream comes from.
    private func isElsewhere(_ blob: Digest, _ stream: ImageStream) async throws -> Bool {
        for image in try await contents(of: stream).images(with: BlobName(blob)) {
            guard let object = try await streams.images.object(image.text, namespace: "") else { continue }
            if !object.isManaged { return true }
        }
        return false
    }

    private func contents(of stream: ImageStream) async throws -> StreamContents {
        let path = RepositoryPath(namespace: stream.metadata.namespace, stream: stream.metadata.name)
        return try await contents.contents(of: stream, at: path)
    }

    // MARK: Links

    /// Whether the tombstone of a blob hides it from an image of the stream that can be seen.
    /// - Parameter revision: the tombstone's.
    private func hides(
        _ blob: Digest, since revision: Int64, _ id: String, _ stream: ImageStream
    ) async throws -> Bool {
        let contents = try await contents(of: stream)
        func isGone(_ digest: Digest, since revision: Int64) async throws -> Bool {
            try await contents.isGone(digest, since: revision) { try await streams.arrival(of: $0.text, in: stream) }
        }
        let images = contents.images(with: BlobName(blob))
        guard !images.isEmpty, try await isGone(blob, since: revision) else { return false }
        for image in images {
            // A list may lack some of its images.
            guard !contents.names(image), let digest = image.digest else { return true }
            let (record, revision) = try await index.manifestRevision(digest, in: id)
            guard record?.isDeleted == true, try await isGone(digest, since: revision) else { return true }
        }
        return false
    }

    /// Every link of every repository that there is.
    func verifyRepositories(_ run: VerificationRun) async throws {
        let prefix = RepositoryRecord.prefix
        try await index.store.forEachPage(.prefix(prefix), limit: Self.page) { rows in
            for row in rows {
                let name = String(row.key.dropFirst(prefix.count))
                guard let record = RepositoryRecord(decoding: row.value), let path = try? RepositoryPath(parsing: name)
                else {
                    try await run.report(
                        VerificationFinding(.brokenLink, "", place: name, "the record of the repository is damaged"))
                    continue
                }
                // What belonged to an earlier namespace is about to go.
                guard try await namespaces.uid(of: path.namespace) == record.namespaceUID else { continue }
                try await verify(record.id, at: path, run)
            }
        }
    }

    private func verify(_ id: String, at path: RepositoryPath, _ run: VerificationRun) async throws {
        let (layers, manifests, referrers) = (
            RegistryKeys.layers(of: id), RegistryKeys.manifests(of: id), RegistryKeys.referrers(of: id)
        )
        let stream = try await streams.stream(path.stream, namespace: path.namespace)
        try await forEachLink(below: layers, run) { row, digest in
            // What can be had from elsewhere need not be here.
            guard let link = LayerLink(decoding: row.value), link.source == nil else { return nil }
            guard link.isDeleted else { return try await absence(of: digest, mediaType: nil, run)?.message }
            guard let stream, try await hides(digest, since: row.modRevision, id, stream) else { return nil }
            return "it was deleted here, and an image of the stream needs it: push it again, or delete the image"
        } at: {
            path.description
        }
        try await forEachLink(below: manifests, run) { row, digest in
            guard let record = ManifestRecord(decoding: row.value), !record.isDeleted, !record.isFetched,
                record.source == nil,
                !run.whole.contains(digest), run.broken[digest] == nil
            else { return nil }
            let found = try await contentProblems(
                of: digest, mediaType: record.mediaType, in: stream, depth: 0, run)
            if found.isEmpty {
                run.whole.insert(digest)
            } else if try await index.store.get(row.key)?.modRevision == row.modRevision {
                try await report(found, of: digest, run)
            }
            return nil
        } at: {
            path.description
        }
        try await forEachLink(below: referrers, run) { row, digest in
            let isThere = try await index.manifest(digest, in: id).map { !$0.isDeleted } ?? false
            return isThere ? nil : "the list of referrers names it, and the repository has no such manifest"
        } at: {
            path.description
        }
    }

    /// - Parameter problem: of the row, or nil; is asked again before it is told, because links come and go.
    private func forEachLink(
        below prefix: String, _ run: VerificationRun,
        _ problem: (KeyValue, Digest) async throws -> String?, at place: () -> String
    ) async throws {
        try await index.store.forEachPage(.prefix(prefix), limit: Self.page) { rows in
            for row in rows {
                try await run.advance { $0.links += 1 }
                // The last digest of the key: a referrer has its place in time before it.
                let name = row.key.dropFirst(prefix.count)
                let tail = name.split(separator: "/").last ?? ""
                let text = tail.range(of: "-sha").map { String(tail[tail.index(after: $0.lowerBound)...]) }
                guard let digest = Digest(text ?? String(tail)) else {
                    try await run.report(
                        VerificationFinding(.brokenLink, String(name), place: place(), "the link names no digest"))
                    continue
                }
                guard try await problem(row, digest) != nil else { continue }
                guard let again = try await index.store.get(row.key), let message = try await problem(again, digest)
                else { continue }
                try await run.report(
                    VerificationFinding(.brokenLink, digest.description, place: place(), message))
            }
        }
    }
}
