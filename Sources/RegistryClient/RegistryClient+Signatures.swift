public import OCI

/// Where signatures come from (`spec/import-and-controllers.md` C.2.1).
extension RegistryClient {
    /// Whether the registry at `host` (host and perhaps port) keeps signatures itself and hands them out by
    /// `signatures(of:in:access:unless:maxBytes:)`.
    public func supportsSignatures(host: String, access: RegistryAccess) async throws(RegistryError) -> Bool {
        try await endpoint(EndpointKey(host: host, insecure: access.insecure)).supportsSignatures
    }

    /// The registry's document about signatures of a manifest, as it came.
    public func signatures(
        of digest: Digest, in repository: RepositoryName, access: RegistryAccess, unless known: ContentValidators?,
        maxBytes: Int
    ) async throws(RegistryError) -> ConditionalContent<[UInt8]> {
        let endpoint = try await endpoint(EndpointKey(host: repository.apiHost, insecure: access.insecure))
        let call = RegistryCall(
            repository: repository, path: "",
            page: endpoint.url("/extensions/v2/\(repository.path)/signatures/\(digest)"), known: known,
            maxBody: maxBytes, what: "list of signatures of \(digest)", access: access)
        return try await conditional(call) { $0.body }
    }

    /// A document of any web server, asked for without credentials. Follows redirects, as for registries.
    /// - Parameter url: http or https.
    public func document(
        at url: String, unless known: ContentValidators?, maxBytes: Int
    ) async throws(RegistryError) -> ConditionalContent<[UInt8]> {
        guard let address = WebAddress(url) else { throw .invalidAnswer("\"\(url)\" is no http or https URL") }
        let reply = try await follow(
            HTTPCall(
                url: address, headers: known?.headers ?? [], maxBody: maxBytes, what: url,
                timeout: configuration.requestTimeout, insecure: false))
        if reply.isUnchanged(known) { return .unchanged }
        if reply.status == 404 || reply.status == 410 { return .missing }
        guard reply.isSuccess else { throw ErrorDocument.error(of: reply) }
        return .found(reply.body, ContentValidators(reply.headers))
    }

    /// Sends `call` for something that may be missing.
    func conditional<Value: Sendable>(
        _ call: RegistryCall, _ read: (HTTPReply) throws(RegistryError) -> Value
    ) async throws(RegistryError) -> ConditionalContent<Value> {
        let reply: HTTPReply
        do {
            reply = try await send(call)
        } catch {
            if case .authenticating = error { throw error }
            guard error.status == 404, !error.isUnsupportedEndpoint else { throw error }
            return .missing
        }
        if reply.isUnchanged(call.known) { return .unchanged }
        return .found(try read(reply), ContentValidators(reply.headers))
    }
}
