import APIServer
import Blobs
import HTTPTypes
import Importing
import OCI

/// Blobs of images that came from elsewhere (spec/registry.md 4.3, 4.6).
extension PullThrough {
    /// The size of a blob of a visible image, in bytes; nil where nobody has it.
    func size(of digest: Digest, in repository: Repository, _ call: RegistryCall) async throws -> Int64? {
        let session = try await session(repository, call)
        return try? await find(digest, in: repository, session).size
    }

    /// A blob of a visible image: what is asked of it goes to the client, all of it to the storage.
    /// - Throws: `BLOB_UNKNOWN` with the reason, `TOOMANYREQUESTS`.
    func blob(_ digest: Digest, in repository: Repository, _ call: RegistryCall) async throws -> ServerResponse {
        let session = try await session(repository, call)
        let found = try await find(digest, in: repository, session)
        let answer = BlobAnswer(digest: digest, size: found.size)
        let request = call.request
        if request.method == "HEAD" || answer.isKnown(to: request) { return answer.head(to: request) }
        guard configuration.mirrors, found.size <= configuration.maximumMirrorBytes, found.size > 0 else {
            return try await passThrough(digest, found, session, answer, request)
        }
        let key = Transfers.Key(
            digest: digest, namespace: repository.path.namespace, source: found.source)
        let transfer: Transfer
        switch transfers.claim(key, size: found.size) {
        case .tooMany: throw Self.tooMany("too many blobs are being fetched", 5)
        case .running(let running): transfer = running
        case .new(let new):
            // Another one may have fetched it since this request looked.
            let present = try? await repository.core.repository(repository.path).localBlob(digest)
            if let present,
                let file = try? await repository.core.content.file(of: present.canonical, size: present.size)
            {
                new.finish(.success(()))
                transfers.end(key)
                return answer.response(to: request) { file.part($0) }
            }
            transfer = new
            // Goes on when the client leaves (PT-17).
            Task { await fetch(key, transfer, session, repository) }
        }
        do { try await transfer.begun() } catch is CancellationError { throw CancellationError() } catch {
            throw RegistryError.unknownBlob(digest, cause: "\(found.source.repository.host): \(error)")
        }
        return answer.streamed(to: request) { try await transfer.next(after: $0, upTo: $1) }
    }

    /// A blob that somebody has.
    private struct Found {
        var source: UpstreamSource
        var size: Int64
    }

    /// The source of an image with this blob first, then all others of the stream (PT-5).
    private func find(
        _ digest: Digest, in repository: Repository, _ session: UpstreamSession
    ) async throws -> Found {
        guard let stream = repository.stream else { throw RegistryError.unknownBlob(digest) }
        let sources = UpstreamSources(stream) { repository.core.isOwn($0) }
        let contents = try await repository.core.contents.contents(of: stream, at: repository.path)
        var candidates: [UpstreamSource] = []
        var pending = contents.images[digest.description] ?? [digest.description]
        var seen: Set<String> = []
        while let image = pending.popLast() {
            guard seen.insert(image).inserted else { continue }
            if let source = sources.source(ofImage: image) { candidates.append(source) }
            pending += contents.lists[image] ?? []
        }
        for source in sources.all() where !candidates.contains(source) { candidates.append(source) }
        var failure: UpstreamSession.Failure?
        var host = ""
        for source in candidates.prefix(UpstreamSources.maximum) {
            do {
                let size = try await session.size(of: digest, in: source.repository, isInsecure: source.isInsecure)
                return Found(source: source, size: size)
            } catch {
                if failure == nil || error.isRateLimit { failure = error }
                if failure?.description == error.description { host = source.repository.host }
            }
        }
        guard let failure else { throw RegistryError.unknownBlob(digest) }
        if failure.isRateLimit { throw Self.tooMany("unable to pullthrough blob", failure.retryAfter) }
        throw RegistryError.unknownBlob(digest, cause: "\(host): \(failure)")
    }

    /// Fetches all of a blob, writes it down, and makes it a part of the repository when it is what it should be.
    private func fetch(
        _ key: Transfers.Key, _ transfer: Transfer, _ session: UpstreamSession, _ repository: Repository
    ) async {
        let (core, digest, source) = (repository.core, key.digest, key.source)
        do {
            let download = try await session.download(
                digest, in: source.repository, isInsecure: source.isInsecure)
            let upload = try await core.content.blobs.stage(hashing: digest.algorithm)
            do {
                var pending = 0
                try await download.read { bytes in
                    guard upload.offset + Int64(bytes.count) <= transfer.size else { throw BlobError.tooLarge }
                    try await upload.append(bytes)
                    pending += bytes.count
                    guard pending >= Self.step else { return }
                    pending = 0
                    transfer.advance(try await upload.staged())
                }
                transfer.advance(try await upload.staged())
                let incarnation = try await core.openRepository(repository.path)
                try await core.publish(upload, as: digest, in: incarnation)
            } catch {
                try? await upload.cancel()
                throw error
            }
            transfer.finish(.success(()))
        } catch {
            core.logger.warning(
                "a blob could not be fetched",
                metadata: ["digest": "\(digest)", "from": "\(source.repository)", "error": "\(error)"])
            transfer.finish(.failure(error))
        }
        transfers.end(key)
    }

    /// Bytes after which readers get to know of more.
    private static let step = 256 << 10

    /// A blob that is not kept: from there to the client.
    private func passThrough(
        _ digest: Digest, _ found: Found, _ session: UpstreamSession, _ answer: BlobAnswer, _ request: ServerRequest
    ) async throws -> ServerResponse {
        let download: UpstreamDownload
        do {
            download = try await session.download(
                digest, in: found.source.repository, isInsecure: found.source.isInsecure)
        } catch {
            throw RegistryError.unknownBlob(digest, cause: "\(found.source.repository.host): \(error)")
        }
        return answer.whole { writer in
            var count: Int64 = 0
            try await download.read { bytes in
                count += Int64(bytes.count)
                guard count <= found.size else { throw BlobError.tooLarge }
                try await writer.write(bytes)
            }
            guard count == found.size else { throw BodyReader.Failure.incomplete }
        }
    }
}

extension BlobAnswer {
    /// The blob as it comes, or one part of it.
    /// - Parameter next: gives bytes from an offset on, and before an end; nil where there are no more.
    func streamed(
        to request: ServerRequest, _ next: @escaping @Sendable (Int64, Int64) async throws -> [UInt8]?
    ) -> ServerResponse {
        let range: Range<Int64>
        switch ranges(of: request) {
        // Several parts of what is not here yet are not worth it: all of it is an answer too.
        case .all: range = 0..<size
        case .parts(let ranges) where ranges.count == 1: range = ranges[0]
        case .parts: range = 0..<size
        case .none, .tooMuch: return response(to: request) { _ in .bytes([]) }
        }
        var response = whole { writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                guard let bytes = try await next(offset, range.upperBound) else { throw BodyReader.Failure.incomplete }
                try await writer.write(bytes)
                offset += Int64(bytes.count)
            }
        }
        response.headers[.contentLength] = String(range.count)
        if range.count < size {
            response.status = 206
            response.headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        }
        return response
    }

    /// All of it, written by somebody else.
    func whole(_ write: @escaping @Sendable (any BodyWriter) async throws -> Void) -> ServerResponse {
        var headers = headers
        headers[.contentLength] = String(size)
        return ServerResponse(status: 200, headers: headers, body: .stream(write))
    }
}
