import APIServer
import HTTPTypes
import ImageStreams
import JSON
import OCI

/// `/v2/<name>/manifests/<tag or digest>`: reading (spec/registry.md 1.5).
struct ManifestEndpoint: Sendable {
    let core: RegistryCore

    func get(_ name: ManifestName, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        var repository = try await core.repository(path)
        guard case .tag(let tag) = name, let freshness = try await refresh(tag, in: repository) else {
            return try await get(name, in: repository, call)
        }
        if freshness == .changed { repository = try await core.repository(path) }
        var response = try await get(name, in: repository, call)
        if freshness == .unknown {
            let text = "tag \(tag) may be out of date: it could not be looked up where it comes from"
            response.headers.append(HTTPField(name: .warning, value: WarningText.value(299, text)))
        }
        return response
    }

    /// Looks whether a tag has moved that wants this when it is pulled (PT-24); nil for others.
    private func refresh(_ tag: String, in repository: Repository) async throws -> TagFreshness? {
        guard let refresher = core.refresher, let stream = repository.stream, let age = stream.refreshAge(of: tag),
            try await !core.isReadOnly(repository.path.namespace)
        else { return nil }
        return await refresher.refresh(tag, of: stream, age: age)
    }

    private func get(_ name: ManifestName, in repository: Repository, _ call: RegistryCall) async throws
        -> ServerResponse
    {
        let digest: Digest
        let isByTag: Bool
        switch name {
        case .tag(let tag):
            do { digest = try repository.digest(of: tag) } catch {
                guard let answer = try await signatureTag(tag, in: repository, call) else { throw error }
                return answer
            }
            isByTag = true
        case .digest(let asked):
            digest = asked
            isByTag = false
        }
        let accept = call.request.headers[values: .accept].joined(separator: ",")
        let known = EntityTags.list(.ifNoneMatch, in: call.request.headers) ?? ""
        // Who may get an image out of a list has that, or has not: which one it is has to be found first.
        let isCertain = !isByTag || !ManifestNegotiation.wantsImages(accept)
        if isCertain, EntityTags.contains(known, digest.description), try await repository.isVisible(digest) {
            return ServerResponse(status: 304, headers: Self.headers(digest, isByTag: isByTag))
        }
        var manifest = try await repository.manifest(digest, call)
        switch ManifestNegotiation.decide(type: manifest.mediaType, accept: accept, isByTag: isByTag) {
        case .stored: break
        case .child: manifest = try await child(of: manifest, accept: accept, in: repository, call)
        case .refused(let reason): throw RegistryError(404, .manifestUnknown, reason, detail: .string(reason))
        }
        if EntityTags.contains(known, manifest.digest.description) {
            return ServerResponse(status: 304, headers: Self.headers(manifest.digest, isByTag: isByTag))
        }
        return Self.answer(manifest, isByTag: isByTag)
    }

    static func answer(_ manifest: StoredManifest, isByTag: Bool) -> ServerResponse {
        var headers = headers(manifest.digest, isByTag: isByTag)
        headers[.contentType] = manifest.mediaType
        return ServerResponse(status: 200, headers: headers, body: .bytes(manifest.bytes))
    }

    private static func headers(_ digest: Digest, isByTag: Bool) -> HTTPFields {
        var headers: HTTPFields = [
            .dockerContentDigest: digest.description, .eTag: "\"\(digest)\"",
            .cacheControl: isByTag ? "no-cache" : "max-age=31536000, immutable",
        ]
        if isByTag { headers[.vary] = "Accept" }
        return headers
    }

    /// The image for the default platform out of a list, for clients that do not know lists (M-6).
    private func child(
        of list: StoredManifest, accept: String, in repository: Repository, _ call: RegistryCall
    ) async throws -> StoredManifest {
        let refusal =
            "\(MediaType.manifestKind(list.mediaType) == .ociIndex ? "OCI index" : "Docker manifest list")"
            + " found, but accept header does not support it"
        let platform = core.configuration.defaultPlatform
        guard let document = try? PushedManifest(parsing: list.bytes, contentType: list.mediaType),
            let entry = document.children.first(where: {
                $0.platform?.os == platform.os && $0.platform?.architecture == platform.architecture
            }), ManifestNegotiation.types(in: accept).contains(entry.mediaType)
        else { throw RegistryError(404, .manifestUnknown, refusal, detail: .string(refusal)) }
        return try await repository.manifest(entry.digest, call)
    }

    /// The tag of a signature that lies where its image came from (PT-26).
    private func signatureTag(
        _ tag: String, in repository: Repository, _ call: RegistryCall
    ) async throws -> ServerResponse? {
        guard let subject = SignatureTag(tag)?.subject, repository.stream != nil,
            try await repository.belongsToStream(subject),
            let manifest = try await core.upstream?.manifest(tagged: tag, of: subject, in: repository, call)
        else { return nil }
        return Self.answer(manifest, isByTag: true)
    }
}

/// `sha256-<hex>`, perhaps with `.sig`, `.att` or `.sbom`: where tools keep what belongs to an image (spec/registry.md 6.8).
struct SignatureTag: Hashable, Sendable {
    let subject: Digest

    init?(_ tag: String) {
        var text = tag[...]
        if let suffix = [".sig", ".att", ".sbom"].first(where: { text.hasSuffix($0) }) {
            text = text.dropLast(suffix.count)
        }
        guard text.hasPrefix("sha256-"), let digest = Digest("sha256:\(text.dropFirst(7))") else { return nil }
        subject = digest
    }
}
