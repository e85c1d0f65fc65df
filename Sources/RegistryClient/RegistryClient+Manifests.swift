public import OCI

/// A manifest as it came, verified as far as that is possible.
public struct FetchedManifest: Sendable {
    /// As received; for schema 1 with the signatures.
    public let bytes: [UInt8]
    public let manifest: Manifest
}

extension RegistryClient {
    /// Fetches a manifest. One asked for by digest hashes to it, in its algorithm (A.14); one asked for by tag is named
    /// by what was received, whatever the registry's headers say.
    public func manifest(
        _ reference: RemoteReference, access: RegistryAccess
    ) async throws(RegistryError) -> FetchedManifest {
        try read(try await send(manifestCall(reference, method: "GET", access: access)), as: reference)
    }

    /// The same for a manifest that may be missing, or be the one the caller has.
    public func manifest(
        _ reference: RemoteReference, access: RegistryAccess, unless known: ContentValidators?
    ) async throws(RegistryError) -> ConditionalContent<FetchedManifest> {
        var call = manifestCall(reference, method: "GET", access: access)
        call.known = known
        return try await conditional(call) { (reply) throws(RegistryError) in try self.read(reply, as: reference) }
    }

    private func read(_ reply: HTTPReply, as reference: RemoteReference) throws(RegistryError) -> FetchedManifest {
        let manifest: Manifest
        do {
            manifest = try Manifest(
                parsing: reply.body, contentType: reply.headers.first(name: "content-type") ?? "",
                limits: configuration.manifestLimits)
        } catch {
            throw .invalidManifest(error)
        }
        if case .digest(let expected) = reference.selector {
            let computed = manifest.digest(expected.algorithm)
            guard computed == expected else { throw .manifestMismatch(expected: expected, computed: computed) }
        }
        return FetchedManifest(bytes: reply.body, manifest: manifest)
    }

    /// The digest a tag points at, with HEAD, which costs no pull where those are counted (G.7). Registries that do
    /// not name the digest are asked for the manifest.
    public func manifestDigest(
        _ reference: RemoteReference, access: RegistryAccess
    ) async throws(RegistryError) -> Digest {
        if let reply = try? await send(manifestCall(reference, method: "HEAD", access: access)),
            let digest = Self.digest(of: reply)
        {
            return digest
        }
        // A HEAD that fails has no body to say why: the GET will.
        return try await manifest(reference, access: access).manifest.digest
    }

    /// Asks by HEAD whether a tag still points at what the caller knows (G.7).
    ///
    /// A registry that names no digest is asked for the manifest. Unlike `manifestDigest`, a failure stays one: it says
    /// only the status, and whether it is worth more is the caller's to decide.
    /// - Returns: never `missing`: that is a failure with status 404.
    public func checkManifest(
        _ reference: RemoteReference, access: RegistryAccess, unless known: ContentValidators?
    ) async throws(RegistryError) -> ConditionalContent<Digest> {
        var call = manifestCall(reference, method: "HEAD", access: access)
        call.known = known
        let reply = try await send(call)
        if reply.isUnchanged(known) { return .unchanged }
        if let digest = Self.digest(of: reply) { return .found(digest, ContentValidators(reply.headers)) }
        call.method = "GET"
        let full = try await send(call)
        if full.isUnchanged(known) { return .unchanged }
        return .found(try read(full, as: reference).manifest.digest, ContentValidators(full.headers))
    }

    private static func digest(of reply: HTTPReply) -> Digest? {
        reply.headers.first(name: "docker-content-digest").flatMap { Digest($0) }
    }

    private func manifestCall(_ reference: RemoteReference, method: String, access: RegistryAccess) -> RegistryCall {
        RegistryCall(
            method: method, repository: reference.repository, path: "manifests/\(reference.selector)",
            accept: MediaType.manifestAccept, maxBody: configuration.maxManifestBytes,
            what: "manifest \(reference)", access: access)
    }
}
