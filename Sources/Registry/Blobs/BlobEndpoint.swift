import APIServer
import HTTPTypes
import OCI
import Store

/// `/v2/<name>/blobs/<digest>` (spec/registry.md 1.8, 1.9).
struct BlobEndpoint: Sendable {
    let core: RegistryCore

    func get(_ digest: Digest, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let repository = try await core.repository(path)
        if let local = try await repository.localBlob(digest) {
            return try await answer(local, as: digest, call)
        }
        if let upstream = core.upstream, try await repository.isRemote(digest) {
            return try await upstream.blob(digest, in: repository, call)
        }
        // Clients look for manifests here too; one may be stored with its Image alone (L-6). It may be deleted here and not
        // there.
        if try await !repository.isDeletedBlob(digest), try await repository.isVisible(digest),
            let manifest = try? await repository.manifest(digest, call)
        {
            return BlobAnswer(digest: digest, size: Int64(manifest.bytes.count)).response(to: call.request) { range in
                .bytes(Array(manifest.bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
        }
        throw RegistryError.unknownBlob(digest)
    }

    private func answer(
        _ blob: LocalBlob, as digest: Digest, _ call: RegistryCall
    ) async throws -> ServerResponse {
        let answer = BlobAnswer(digest: digest, size: blob.size)
        // HEAD is the most frequent request of all: it does not look at the disk.
        if call.request.method == "HEAD" || answer.isKnown(to: call.request) {
            return answer.head(to: call.request)
        }
        guard let file = try await core.content.file(of: blob.canonical, size: blob.size) else {
            core.logger.error("a blob is missing", metadata: ["digest": "\(blob.canonical)"])
            throw RegistryError.unknown("the blob cannot be read")
        }
        return answer.response(to: call.request) { file.part($0) }
    }

    func delete(_ digest: Digest, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        guard core.configuration.allowsDeletion else { throw RegistryError.unsupported("deletion is disabled") }
        let repository = try await core.repository(path)
        guard let blob = try await repository.localBlob(digest) else { throw RegistryError.unknownBlob(digest) }
        let incarnation = try await core.openRepository(path)
        let key = RegistryKeys.layer(incarnation.id, blob.canonical)
        var change = Mutation.delete(key: key)
        // Who may only prune takes the link away. What an image needs by then, it may have got after they looked (E-8).
        if try await core.mayDeleteUsed(path, call) {
            let tombstone = LayerLink(size: blob.size, touched: core.index.now(), isDeleted: true)
            change = .put(key: key, value: tombstone.encoded)
        }
        try await core.index.write([change], in: incarnation)
        core.storage?.shrunk(path.namespace)
        return ServerResponse(status: 202, headers: [.dockerContentDigest: digest.description])
    }
}

/// The answer to a read of some bytes that a digest names: whole, in parts, or not at all.
struct BlobAnswer: Sendable {
    let digest: Digest
    /// Bytes.
    let size: Int64

    var headers: HTTPFields {
        [
            .contentType: "application/octet-stream", .dockerContentDigest: digest.description,
            .acceptRanges: "bytes", .eTag: "\"\(digest)\"", .cacheControl: "max-age=31536000, immutable",
        ]
    }

    func isKnown(to request: ServerRequest) -> Bool {
        guard let known = EntityTags.list(.ifNoneMatch, in: request.headers) else { return false }
        return EntityTags.contains(known, digest.description)
    }

    /// Without the bytes: to HEAD, which ignores ranges, and to those who have them.
    func head(to request: ServerRequest) -> ServerResponse {
        var headers = headers
        if isKnown(to: request) {
            headers[.contentType] = nil
            return ServerResponse(status: 304, headers: headers)
        }
        headers[.contentLength] = String(size)
        return ServerResponse(status: 200, headers: headers)
    }

    /// - Parameter part: gives some of the bytes.
    func response(
        to request: ServerRequest, _ part: (Range<Int64>) -> ServerResponse.Body.Part
    ) -> ServerResponse {
        if request.method == "HEAD" || isKnown(to: request) { return head(to: request) }
        var headers = headers
        switch ranges(of: request) {
        case .all:
            return ServerResponse(
                status: 200, headers: headers, body: .parts(size == 0 ? [] : [part(0..<size)]))
        case .parts(let ranges) where ranges.count == 1:
            headers[.contentRange] = "bytes \(ranges[0].lowerBound)-\(ranges[0].upperBound - 1)/\(size)"
            return ServerResponse(status: 206, headers: headers, body: .parts([part(ranges[0])]))
        case .parts(let ranges):
            let boundary = String(digest.hex.prefix(32))
            headers[.contentType] = "multipart/byteranges; boundary=\(boundary)"
            var parts: [ServerResponse.Body.Part] = []
            for range in ranges {
                let head =
                    "\r\n--\(boundary)\r\nContent-Type: application/octet-stream\r\n"
                    + "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)\r\n\r\n"
                // Nothing stands before the first boundary.
                parts.append(.bytes(Array(head.utf8.dropFirst(parts.isEmpty ? 2 : 0))))
                parts.append(part(range))
            }
            parts.append(.bytes(Array("\r\n--\(boundary)--\r\n".utf8)))
            return ServerResponse(status: 206, headers: headers, body: .parts(parts))
        case .none:
            var error = RegistryError(416, .rangeInvalid, "no part of the blob is in the range")
            error.headers[.contentRange] = "bytes */\(size)"
            return error.response
        case .tooMuch:
            return RegistryError(400, .rangeInvalid, "too many ranges, or too much in all").response
        }
    }

    /// A range of another state of the blob is none; there are no others.
    func ranges(of request: ServerRequest) -> ByteRanges {
        if let condition = request.header(.ifRange), condition != "\"\(digest)\"" { return .all }
        return ByteRanges(request.header(.range), size: size)
    }
}
