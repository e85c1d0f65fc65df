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
        guard try await keeps(repository), found.size <= configuration.maximumMirrorBytes, found.size > 0 else {
            return try await passThrough(digest, found, session, answer, request)
        }
        let transfer: Transfer
        switch try await delivery(of: digest, found, session, repository) {
        case .present(let file): return answer.response(to: request) { file.part($0) }
        case .coming(let coming): transfer = coming
        }
        do { try await transfer.begun() } catch is CancellationError { throw CancellationError() } catch {
            throw RegistryError.unknownBlob(digest, cause: "\(found.source.repository.host): \(error)")
        }
        return answer.streamed(to: request) { try await transfer.next(after: $0, upTo: $1) }
    }

    /// Whether what is fetched for a repository is kept.
    func keeps(_ repository: Repository) async throws -> Bool {
        guard configuration.mirrors else { return false }
        return try await !repository.core.isReadOnly(repository.path.namespace)
    }

    /// Copies a blob of an image of the stream, for nobody who waits; together with those who do.
    /// - Returns: its bytes.
    /// - Throws: as above, and where it cannot be stored.
    func keep(blob digest: Digest, in repository: Repository) async throws -> Int64 {
        let session = try await session(repository, nil)
        let found = try await find(digest, in: repository, session)
        guard found.size <= configuration.maximumMirrorBytes else {
            throw RegistryError.unknown("the blob has \(found.size) bytes, more than are kept")
        }
        switch try await delivery(of: digest, found, session, repository) {
        case .present: break
        case .coming(let transfer):
            do { try await transfer.ended() } catch is CancellationError { throw CancellationError() } catch {
                throw RegistryError.unknownBlob(digest, cause: "\(found.source.repository.host): \(error)")
            }
        }
        return found.size
    }

    private enum Delivery {
        case present(BlobBytes)
        case coming(Transfer)
    }

    /// The one transfer of a blob that is to be kept, which begins here where there is none.
    private func delivery(
        of digest: Digest, _ found: Found, _ session: UpstreamSession, _ repository: Repository
    ) async throws -> Delivery {
        let key = Transfers.Key(
            digest: digest, namespace: repository.path.namespace, source: found.source)
        switch transfers.claim(key, size: found.size) {
        case .tooMany: throw Self.tooMany("too many blobs are being fetched", 5)
        case .running(let running): return .coming(running)
        case .new(let new):
            // Another one may have fetched it since this request looked.
            let present = try? await repository.core.repository(repository.path).localBlob(digest)
            if let present,
                let file = try? await repository.core.content.file(of: present.canonical, size: present.size)
            {
                new.finish(.success(()))
                transfers.end(key)
                return .present(file)
            }
            // Goes on when the client leaves (PT-17).
            Task { await fetch(key, new, [found.source] + found.others, session, repository) }
            return .coming(new)
        }
    }

    /// A blob that somebody has.
    private struct Found {
        var source: UpstreamSource
        /// Where it may be as well.
        var others: [UpstreamSource]
        var size: Int64
    }

    /// The source of an image with this blob first, then all others of the stream (PT-5).
    private func find(
        _ digest: Digest, in repository: Repository, _ session: UpstreamSession
    ) async throws -> Found {
        guard let stream = repository.stream else { throw RegistryError.unknownBlob(digest) }
        let sources = UpstreamSources(stream) { repository.core.isOwn($0) }
        let contents = try await repository.contents()
        var candidates: [UpstreamSource] = []
        var pending = contents?.images(with: BlobName(digest)) ?? []
        if pending.isEmpty { pending = [BlobName(digest)] }
        if let id = repository.incarnation?.id,
            let source = try await repository.core.index.layer(digest, in: id)?.source
        {
            pending.append(BlobName(source))
        }
        var seen: Set<BlobName> = []
        while candidates.count < UpstreamSources.maximum, let image = pending.popLast() {
            guard seen.insert(image).inserted else { continue }
            try Task.checkCancellation()
            if contents?.names(image) ?? true, let source = sources.source(ofImage: image.text),
                !candidates.contains(source)
            {
                candidates.append(source)
            }
            pending += contents?.lists(of: image) ?? []
        }
        for source in sources.all() where !candidates.contains(source) { candidates.append(source) }
        let locations = candidates.prefix(UpstreamSources.maximum).flatMap {
            $0.locations(of: .digest(digest), session)
        }
        guard let first = locations.first else { throw RegistryError.unknownBlob(digest) }
        let namespace = repository.path.namespace
        let answer = await UpstreamSession.within(Self.patience) {
            await ask(Array(locations), for: digest, in: namespace, session)
        }
        switch answer ?? .failure(Refusal(failure: .init("no answer in time"), host: first.repository.host)) {
        case .success(let found): return found
        case .failure(let refusal) where refusal.failure.isRateLimit:
            throw Self.tooMany("unable to pullthrough blob", refusal.failure.retryAfter)
        case .failure(let refusal):
            throw RegistryError.unknownBlob(digest, cause: "\(refusal.host): \(refusal.failure)")
        }
    }

    /// How long somebody waits for the answer to HEAD (4.13).
    private static let patience: Duration = .seconds(9)

    /// Why a blob is not to be had, and who says so.
    private struct Refusal: Error {
        var failure: UpstreamSession.Failure
        var host: String
    }

    /// The first place that has a blob; what the first one says where none has, unless one wants to be asked later.
    private func ask(
        _ locations: [UpstreamSource], for digest: Digest, in namespace: String, _ session: UpstreamSession
    ) async -> Result<Found, Refusal> {
        var refusal: Refusal?
        for (place, location) in locations.enumerated() {
            do {
                let blob = UpstreamHealth.Missing(namespace: namespace, source: location, digest: digest)
                let size = try await health.asking(for: blob) { () async throws(UpstreamSession.Failure) in
                    try await session.size(of: digest, in: location.repository, isInsecure: location.isInsecure)
                }
                return .success(Found(source: location, others: Array(locations[(place + 1)...]), size: size))
            } catch {
                guard refusal == nil || error.isRateLimit else { continue }
                refusal = Refusal(failure: error, host: location.repository.host)
            }
        }
        return .failure(refusal ?? Refusal(failure: .init("nobody was asked"), host: ""))
    }

    /// Fetches all of a blob, writes it down, and makes it a part of the repository when it is what it should be.
    private func fetch(
        _ key: Transfers.Key, _ transfer: Transfer, _ sources: [UpstreamSource], _ session: UpstreamSession,
        _ repository: Repository
    ) async {
        let (core, digest) = (repository.core, key.digest)
        do {
            let upload = try await core.content.blobs.stage(hashing: digest.algorithm)
            do {
                try await copy(digest, from: sources, session, to: upload, transfer)
                transfer.advance(try await upload.staged())
                let incarnation = try await core.openRepository(repository.path)
                try await core.publish(upload, as: digest, in: incarnation, isMirrored: true)
            } catch {
                try? await upload.cancel()
                throw error
            }
            transfer.finish(.success(()))
        } catch {
            core.logger.warning(
                "a blob could not be fetched",
                metadata: ["digest": "\(digest)", "from": "\(key.source.repository)", "error": "\(error)"])
            transfer.finish(.failure(error))
        }
        transfers.end(key)
    }

    /// Fetches a blob from the first source, and from the others what that did not give (PT-15).
    private func copy(
        _ digest: Digest, from sources: [UpstreamSource], _ session: UpstreamSession, to upload: any BlobUpload,
        _ transfer: Transfer
    ) async throws {
        var failure: (any Error)?
        var rest = sources[...]
        var resumptions = 0
        while let source = rest.first {
            let start = upload.offset
            var lastByte = ContinuousClock.now
            do {
                let download = try await health.asking(source) { () async throws(UpstreamSession.Failure) in
                    try await session.download(
                        digest, in: source.repository, isInsecure: source.isInsecure,
                        range: start == 0 ? nil : start..<transfer.size)
                }
                var known = start > 0 && !download.isPartial ? Int(start) : 0
                var (pending, last) = (0, ContinuousClock.now)
                try await download.read { bytes in
                    lastByte = .now
                    let skipped = min(known, bytes.count)
                    known -= skipped
                    let bytes = skipped == 0 ? bytes : Array(bytes[skipped...])
                    guard upload.offset + Int64(bytes.count) <= transfer.size else { throw BlobError.tooLarge }
                    try await upload.append(bytes)
                    pending += bytes.count
                    let now = ContinuousClock.now
                    guard pending >= Self.step || now - last >= Self.interval || upload.offset == Int64(bytes.count)
                    else { return }
                    (pending, last) = (0, now)
                    transfer.advance(try await upload.staged())
                }
                if upload.offset == transfer.size { return }
                throw BodyReader.Failure.incomplete
            } catch let error as BlobError {
                // It is not the source that failed.
                throw error
            } catch {
                failure = error
                // Connections break: who has sent some of it is asked for the rest, unless it comes by drops, or stopped
                // coming: clients would wait as long once more.
                let hasStalled = ContinuousClock.now - lastByte > Self.stall
                if upload.offset > start, !hasStalled, resumptions < Self.maximumResumptions {
                    resumptions += 1
                    continue
                }
            }
            rest = rest.dropFirst()
            resumptions = 0
        }
        throw failure ?? BodyReader.Failure.incomplete
    }

    /// How often one source is asked for the rest of a blob.
    private static let maximumResumptions = 10
    /// Who has sent nothing for so long has not lost a connection.
    private static let stall: Duration = .seconds(20)
    /// Time after which readers get to know of more, however little it is.
    private static let interval: Duration = .milliseconds(100)
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
