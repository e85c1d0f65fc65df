public import OCI

extension RegistryClient {
    /// Fetches a small blob, such as an image config, and verifies it. At most `maxBytes`, or else `maxConfigBytes`.
    public func blob(
        _ digest: Digest, in repository: RepositoryName, access: RegistryAccess, maxBytes: Int? = nil
    ) async throws(RegistryError) -> [UInt8] {
        var call = blobCall(digest, repository, "GET", access)
        if let maxBytes { call.maxBody = maxBytes }
        let body = try await send(call) { $0.body }
        let computed = Digest.compute(digest.algorithm, of: body)
        guard computed == digest else { throw .blobMismatch(expected: digest, computed: computed) }
        return body
    }

    /// The size of a blob in bytes, by HEAD. What the registry says: nothing is verified.
    public func blobSize(
        _ digest: Digest, in repository: RepositoryName, access: RegistryAccess
    ) async throws(RegistryError) -> Int64 {
        let url = "/v2/\(repository.path)/blobs/\(digest)"
        let length = try await send(blobCall(digest, repository, "HEAD", access)) {
            $0.headers.first(name: "content-length").flatMap { Int64($0) }
        }
        guard let length, length >= 0 else { throw .missingContentLength(url: url) }
        return length
    }

    private func send<Value>(
        _ call: RegistryCall, _ read: (HTTPReply) -> Value
    ) async throws(RegistryError) -> Value {
        do {
            return read(try await send(call))
        } catch {
            // Whatever a registry writes into a 404 for a blob, it is this (G.9).
            if case .authenticating = error { throw error }
            guard error.status == 404, !error.isUnsupportedEndpoint else { throw error }
            throw .unknownBlob
        }
    }

    private func blobCall(
        _ digest: Digest, _ repository: RepositoryName, _ method: String, _ access: RegistryAccess
    ) -> RegistryCall {
        RegistryCall(
            method: method, repository: repository, path: "blobs/\(digest)", maxBody: configuration.maxConfigBytes,
            what: "blob \(digest)", access: access)
    }
}

extension RegistryError {
    var isUnsupportedEndpoint: Bool {
        if case .unsupportedEndpoint = self { true } else { false }
    }
}
