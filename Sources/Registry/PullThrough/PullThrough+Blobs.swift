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
        // Nothing can be held back of nothing.
        if found.size == 0 {
            guard digest.matches([UInt8]()) else {
                throw RegistryError.unknownBlob(
                    digest, cause: "\(found.source.repository.host): it says that it is empty")
            }
            return answer.streamed(answer.streamedRange(of: request), to: request) { _ in }
        }
        guard try await keeps(repository), found.size <= configuration.maximumMirrorBytes,
            let delivery = try await delivery(of: found, in: repository)
        else { return try await pass(found, in: repository, answer, request) }
        switch delivery {
        case .present(let file): return answer.response(to: request) { file.part($0) }
        case .coming(let transfer):
            do { try await transfer.begun() } catch is CancellationError { throw CancellationError() } catch {
                throw RegistryError.unknownBlob(digest, cause: "\(found.source.repository.host): \(error)")
            }
            // As large as it was said to be when the transfer began.
            let answer = BlobAnswer(digest: digest, size: transfer.size)
            let range = answer.streamedRange(of: request)
            return answer.streamed(range, to: request) { writer in
                guard let range else { return }
                var offset = range.lowerBound
                while offset < range.upperBound {
                    guard let bytes = try await transfer.next(after: offset, upTo: range.upperBound) else {
                        throw BodyReader.Failure.incomplete
                    }
                    try await writer.write(bytes)
                    offset += Int64(bytes.count)
                }
            }
        }
    }

    /// Whether what is fetched for a repository is kept.
    func keeps(_ repository: Repository) async throws -> Bool {
        guard configuration.mirrors else { return false }
        return try await !repository.core.isReadOnly(repository.path.namespace)
    }

    /// Copies a blob of an image of the stream, for nobody who waits; together with those who do.
    /// - Returns: its bytes. The repository has it then.
    /// - Throws: as above, and where it cannot be stored.
    func keep(blob digest: Digest, in repository: Repository) async throws -> Int64 {
        let session = try await session(repository, nil)
        let found = try await find(digest, in: repository, session)
        guard found.size <= configuration.maximumMirrorBytes else {
            throw RegistryError.unknown("the blob has \(found.size) bytes, more than are kept")
        }
        switch try await delivery(of: found, in: repository) {
        case nil: throw Self.tooMany("there is no room for the blob now", nil)
        case .present: break
        case .coming(let transfer):
            do { try await transfer.ended() } catch is CancellationError { throw CancellationError() } catch {
                throw RegistryError.unknownBlob(digest, cause: "\(found.source.repository.host): \(error)")
            }
        }
        guard try await !repository.core.repository(repository.path).lacks(digest) else {
            throw RegistryError.unknown("the blob could not be made a part of \(repository.path)")
        }
        return found.size
    }

    /// The source of an image with this blob first, then all others of the stream (PT-5).
    private func find(
        _ digest: Digest, in repository: Repository, _ session: UpstreamSession
    ) async throws -> UpstreamBlob {
        guard let stream = repository.stream else { throw RegistryError.unknownBlob(digest) }
        let sources = UpstreamSources(stream) { repository.core.isOwn($0) }
        let contents = try await repository.contents()
        var candidates: [UpstreamSource] = []
        let images = contents?.images(with: BlobName(digest)) ?? []
        var pending = images.isEmpty ? [BlobName(digest)] : images
        var sizes = try await sizes(of: digest, in: images.map(\.text), repository.core)
        if let id = repository.incarnation?.id, let link = try await repository.core.index.layer(digest, in: id),
            let source = link.source
        {
            pending.append(BlobName(source))
            sizes.insert(link.size)
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
        let (namespace, said) = (repository.path.namespace, sizes)
        let result: Result<UpstreamBlob, Refusal>
        do throws(UpstreamSession.Failure) {
            result = try await inTime(session) { () async throws(UpstreamSession.Failure) in
                await ask(Array(locations), for: digest, of: said, in: namespace, session)
            }
        } catch { result = .failure(Refusal(failure: error, host: first.repository.host)) }
        switch result {
        case .success(let found): return found
        case .failure(let refusal): throw Self.unknownBlob(digest, refusal.failure, refusal.host)
        }
    }

    /// The sizes that manifests give a blob; none where nothing says it.
    private func sizes(of digest: Digest, in images: [String], _ core: RegistryCore) async throws -> Set<Int64> {
        var sizes: Set<Int64> = []
        let images = images.prefix(UpstreamSources.maximum)
        let records = try await core.streams.layerRecords(of: Array(images))
        for image in images {
            // What an Image says is what somebody said of its manifest.
            if let name = Digest(image), let held = try await core.content.manifest(name),
                let manifest = try? PushedManifest(parsing: held.bytes, contentType: held.mediaType)
            {
                let all = (manifest.config.map { [$0] } ?? []) + manifest.layers
                sizes.formUnion(all.filter { $0.digest == digest }.map(\.size))
            } else {
                let name = digest.description
                sizes.formUnion((records[image]?.layers ?? []).filter { $0.name == name && $0.size > 0 }.map(\.size))
            }
        }
        return sizes
    }

    static func unknownBlob(_ digest: Digest, _ failure: UpstreamSession.Failure, _ host: String) -> RegistryError {
        if failure.isRateLimit { return tooMany("unable to pullthrough blob", failure.retryAfter) }
        return RegistryError.unknownBlob(digest, cause: "\(host): \(failure)")
    }

    /// Why a blob is not to be had, and who says so.
    private struct Refusal: Error {
        var failure: UpstreamSession.Failure
        var host: String
    }

    /// The first place that has a blob; what the first one says where none has, unless one wants to be asked later.
    /// - Parameter sizes: that it may have; empty where nobody knows.
    private func ask(
        _ locations: [UpstreamSource], for digest: Digest, of sizes: Set<Int64>, in namespace: String,
        _ session: UpstreamSession
    ) async -> Result<UpstreamBlob, Refusal> {
        var refusal: Refusal?
        for (place, location) in locations.enumerated() {
            do throws(UpstreamSession.Failure) {
                let blob = UpstreamHealth.Missing(namespace: namespace, source: location, digest: digest)
                let size = try await health.asking(for: blob) { () async throws(UpstreamSession.Failure) in
                    try await session.size(of: digest, in: location.repository, isInsecure: location.isInsecure)
                }
                guard sizes.isEmpty || sizes.contains(size) else {
                    throw UpstreamSession.Failure("it has \(size) bytes there, and others by its manifest")
                }
                return .success(
                    UpstreamBlob(
                        digest: digest, size: size, places: Array(locations[place...]), session: session,
                        health: health))
            } catch {
                guard refusal == nil || error.isRateLimit else { continue }
                refusal = Refusal(failure: error, host: location.repository.host)
            }
        }
        return .failure(refusal ?? Refusal(failure: .init("nobody was asked"), host: ""))
    }
}
