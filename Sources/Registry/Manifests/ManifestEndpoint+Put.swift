import APIMachinery
import APIServer
import HTTPTypes
import ImageAPI
import ImageStreams
import JSON
import OCI
import Store

/// Pushing (spec/registry.md 1.6, 3.5).
extension ManifestEndpoint {
    func put(_ name: ManifestName, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let tags = try tags(name, call)
        let bytes = try await body(call)
        let manifest = try PushedManifest(
            parsing: bytes, contentType: call.request.header(.contentType) ?? "")
        let digest: Digest
        switch name {
        case .tag: digest = manifest.canonical
        case .digest(let expected):
            digest = expected
            guard expected == manifest.canonical || expected.matches(bytes) else {
                throw RegistryError.invalidDigest(expected.description, "the manifest has another digest")
            }
        }
        if tags.isEmpty {
            try await core.untagged.counting(digest, in: try await core.openRepository(path)) {
                try await store(manifest, as: digest, tags: [], in: path, call)
            }
        } else {
            try await store(manifest, as: digest, tags: tags, in: path, call)
        }
        var headers: HTTPFields = [
            .location: "/v2/\(path.name)/manifests/\(digest)", .dockerContentDigest: digest.description,
        ]
        if let subject = manifest.subject { headers[.ociSubject] = subject.digest.description }
        if case .digest = name, !tags.isEmpty { headers[.ociTag] = tags.joined(separator: ", ") }
        return ServerResponse(status: 201, headers: headers)
    }

    /// The tags that the push sets, each once (P-9).
    private func tags(_ name: ManifestName, _ call: RegistryCall) throws -> [String] {
        let wanted = call.query.all("tag")
        guard case .digest = name else {
            guard wanted.isEmpty else {
                throw RegistryError(400, .tagInvalid, "tag parameters go with a digest in the path only")
            }
            if case .tag(let tag) = name { return [tag] }
            return []
        }
        var tags: [String] = []
        for tag in wanted {
            guard ManifestName.isTag(tag) else {
                throw RegistryError(
                    400, .tagInvalid, "manifest tag did not match the grammar", detail: .string(tag))
            }
            if !tags.contains(tag) { tags.append(tag) }
            guard tags.count <= core.configuration.maximumTagParameters else {
                throw RegistryError(
                    414, .unsupported, "at most \(core.configuration.maximumTagParameters) tags can be set at once")
            }
        }
        return tags
    }

    private func body(_ call: RegistryCall) async throws -> [UInt8] {
        do {
            return try await call.request.body.collect(upTo: core.configuration.maximumManifestBytes)
        } catch BodyReader.Failure.tooLarge {
            throw RegistryError(
                413, .manifestInvalid, "manifest invalid",
                detail: .string("at most \(core.configuration.maximumManifestBytes) bytes are taken"))
        }
    }

    // MARK: Storing

    /// Everything in the order in which a crash loses nothing (3.11): bytes, Image, then tags, links and referrers at once.
    private func store(
        _ manifest: PushedManifest, as digest: Digest, tags: [String], in path: RepositoryPath, _ call: RegistryCall
    ) async throws {
        let incarnation = try await core.openRepository(path)
        let repository = try await core.repository(path)
        let blobs = try await requireBlobs(of: manifest, in: repository, call)
        var config: [UInt8]?
        if PushedImage.isContainer(manifest), let blob = manifest.config.flatMap({ blobs[$0.digest] }) ?? nil,
            blob.size <= core.configuration.maximumConfigBytes
        {
            config = try await core.content.bytes(of: blob.canonical)
        }
        let remote = blobs.filter { $0.value == nil }.map(\.key)
        var image = PushedImage.image(
            of: manifest, name: digest, reference: reference(digest, path), config: config,
            now: core.clock())
        if !remote.isEmpty { image.metadata.annotations[KnownAnnotation.remoteLayers] = "true" }
        do {
            try await core.charging(try await core.index.unlinked(blobs, in: incarnation), to: incarnation) {
                [image] in
                let context = core.context(call, path, resource: "imagestreammappings")
                let precondition = { @Sendable [core] (stream: ImageStream?) throws(RegistryError) in
                    try path.check(stream)
                    try PushPreconditions(call.request.headers).check(tags, in: stream ?? ImageStream())
                    if let stream { try ImmutableTags(stream, logger: core.logger)?.check(tags, digest, in: stream) }
                }
                let push = TagPush(
                    image: digest.description, reference: image.dockerImageReference, tags: tags, race: .lastWins,
                    precondition: precondition,
                    companions: { [core] _ in
                        var rows = try await core.index.companions(
                            of: manifest, as: digest, linking: blobs, in: incarnation)
                        rows.mutations += core.remoteLayers?.row(remote, of: digest, in: path) ?? []
                        return rows
                    })
                // What is refused leaves nothing: all of this is looked at before anything is made for it, and once more
                // when it is (P-12).
                try precondition(repository.stream)
                if !tags.isEmpty {
                    try await core.streams.checkSize(of: image, stream: path.stream, context)
                    try await core.streams.check(push, to: path.stream, as: repository.stream, context)
                }
                if repository.stream == nil { try await createStream(path, call) }
                try await core.content.publish(
                    manifest.bytes,
                    ManifestFacts(
                        mediaType: manifest.mediaType, unvouched: try await unvouched(in: manifest, blobs, repository)),
                    canonical: manifest.canonical, as: digest, in: incarnation)
                try await core.streams.storePushed(image, context)
                try await core.streams.push(push, to: path.stream, context)
            }
        } catch let error as APIError {
            throw RegistryError(error, repository: path)
        }
        core.remoteLayers?.fetch(remote, of: digest, repository)
    }

    /// The pull spec of what is pushed here.
    private func reference(_ digest: Digest, _ path: RepositoryPath) -> String {
        "\(core.configuration.hostname)/\(path)@\(digest)"
    }

    /// The first push makes the stream, with the rights of the one who pushes (N-11).
    private func createStream(_ path: RepositoryPath, _ call: RegistryCall) async throws {
        let create = AccessAttributes(
            verb: "create", group: ImageStreamsGroup.name, resource: "imagestreams", namespace: path.namespace)
        guard try await core.access.isAllowed(create, to: call.user) else {
            throw RegistryError.denied(
                "user \(goQuoted(call.user.name)) cannot create imagestreams in namespace \(goQuoted(path.namespace))")
        }
        do {
            _ = try await core.streams.createStream(
                path.stream, annotations: path.annotations, core.context(call, path))
        } catch let error as APIError where ["AlreadyExists", "Conflict"].contains(error.reason) {
            // Somebody else was first, which is as good.
        }
    }

    // MARK: References

    /// Blobs that are looked for in vain before a push is refused.
    private static let maximumMissing = 100

    /// Config and layers must be here or where the stream's images come from, in the size that is said of them (P-5).
    /// - Returns: those that are held here; nil for what is elsewhere.
    private func requireBlobs(
        of manifest: PushedManifest, in repository: Repository, _ call: RegistryCall
    ) async throws -> [Digest: LocalBlob?] {
        var found: [Digest: LocalBlob?] = [:]
        var missing: [Digest] = []
        for descriptor in manifest.requiredBlobs {
            let size: Int64
            if let local = try await repository.localBlob(descriptor.digest, isWanted: true) {
                found[descriptor.digest] = local
                size = local.size
            } else if try await repository.isRemote(descriptor.digest),
                let remote = try await core.upstream?.size(of: descriptor.digest, in: repository, call)
            {
                found[descriptor.digest] = .some(nil)
                size = remote
            } else {
                missing.append(descriptor.digest)
                // An error is for people: it names so many at the most, and nobody need look for more.
                if missing.count == Self.maximumMissing { break }
                continue
            }
            guard size == descriptor.size else {
                var error = RegistryError.invalidManifest("")
                error.entries[0].detail = [
                    "digest": .string(descriptor.digest.description), "actualSize": .integer(size),
                    "declaredSize": .integer(descriptor.size),
                ]
                throw error
            }
        }
        guard missing.isEmpty else {
            var error = RegistryError(400, .manifestBlobUnknown, "blob unknown to registry")
            error.entries = missing.map {
                RegistryError.Entry(
                    code: .manifestBlobUnknown, message: "blob unknown to registry", detail: .string($0.description))
            }
            throw error
        }
        return found
    }
}

extension ManifestEndpoint {
    /// What a manifest names that the one who pushes it could not see: it is not to be seen because of this push.
    private func unvouched(
        in manifest: PushedManifest, _ blobs: [Digest: LocalBlob?], _ repository: Repository
    ) async throws -> [Digest] {
        var unvouched: [Digest] = []
        for digest in manifest.blobs {
            if let blob = blobs[digest], blob != nil { continue }
            if try await repository.localBlob(digest) == nil { unvouched.append(digest) }
        }
        for digest in Set(manifest.children.map(\.digest)).sorted() {
            if try await repository.gives(digest) { continue }
            // Some builders list layers.
            if try await repository.localBlob(digest) == nil { unvouched.append(digest) }
        }
        return unvouched
    }
}

extension RegistryIndex {
    /// The rows that go with a push: the manifest's own, its place among the referrers, and links of blobs that were
    /// seen here only because another image of the stream has them.
    func companions(
        of manifest: PushedManifest, as digest: Digest, linking blobs: [Digest: LocalBlob?], in repository: Incarnation
    ) async throws -> Companions {
        let id = repository.id
        let record = ManifestRecord(
            mediaType: manifest.mediaType, size: Int64(manifest.bytes.count), canonical: manifest.canonical,
            subject: manifest.subject?.digest, blobs: manifest.blobs, children: manifest.children.map(\.digest),
            pushed: now())
        let (known, isCurrent) = try await manifestRow(digest, in: id)
        var rows = linkRows(
            digest, record, referrer: manifest.subject == nil ? nil : manifest.referrer(as: digest), replacing: known,
            in: id)
        // Its bytes have come again.
        if try await layer(manifest.canonical, in: id)?.isDeleted == true {
            rows.append(.delete(key: RegistryKeys.layer(id, manifest.canonical)))
        }
        for (digest, size) in try await unlinked(blobs, in: repository) {
            let link = LayerLink(size: size, touched: now())
            rows.append(.put(key: RegistryKeys.layer(id, digest), value: link.encoded))
        }
        return Companions(conditions: [try await condition(on: repository), isCurrent], mutations: rows)
    }

    /// The sizes of those blobs that are no part of the repository by themselves.
    func unlinked(_ blobs: [Digest: LocalBlob?], in repository: Incarnation) async throws -> [Digest: Int64] {
        var unlinked: [Digest: Int64] = [:]
        for case .some(let blob) in blobs.values {
            let (link, revision) = try await layerRow(blob.canonical, in: repository.id)
            // A later tombstone stays.
            if link == nil || link?.isDeleted == true && revision == blob.tombstone {
                unlinked[blob.canonical] = blob.size
            }
        }
        return unlinked
    }
}
