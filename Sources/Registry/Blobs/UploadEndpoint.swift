import APIServer
import Blobs
import HTTPTypes
import OCI

/// `/v2/<name>/blobs/uploads/`: pushing blobs (spec/registry.md 1.10).
struct UploadEndpoint: Sendable {
    let core: RegistryCore

    // MARK: Start

    /// POST: begins an upload, or does all of it at once, or finds that none is needed (1.10.2).
    func start(in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let repository = try await core.openRepository(path)
        if let answer = try await MountRequest(core: core).mount(into: repository, call) { return answer }
        if let text = call.query["digest"] {
            let digest = try Digest(supported: text)
            if call.request.body.announcedLength != 0 || digest == Self.empty(digest.algorithm) {
                return try await monolithic(digest, in: repository, call)
            }
        }
        let algorithm = try algorithm(call)
        let id = try await UploadPlaces(core: core).begin(
            UploadRecord(repository, user: call.user.name, call.request), hashing: algorithm)
        return ServerResponse(status: 202, headers: Self.headers(path, id, offset: 0))
    }

    /// What the upload will be named by, where the client knows it by now.
    private func algorithm(_ call: RegistryCall) throws -> Digest.Algorithm {
        guard let name = call.query["digest-algorithm"] else { return .sha256 }
        guard let algorithm = Digest.Algorithm(rawValue: name), Digest.registered.contains(algorithm) else {
            throw RegistryError.invalidDigest(name, DigestError.unsupportedAlgorithm.text)
        }
        return algorithm
    }

    private static func empty(_ algorithm: Digest.Algorithm) -> Digest { Digest.compute(algorithm, of: [UInt8]()) }

    private func monolithic(
        _ digest: Digest, in repository: Incarnation, _ call: RegistryCall
    ) async throws -> ServerResponse {
        let upload = try await core.content.blobs.stage(hashing: digest.algorithm)
        do {
            try await receive(call, into: upload, in: repository.path, as: digest)
            return try await commit(upload, as: digest, in: repository, call)
        } catch {
            try? await upload.cancel()
            throw error
        }
    }

    // MARK: Sessions

    /// PATCH: adds bytes (1.10.3).
    func append(_ id: String, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let (upload, _) = try await claim(id, in: path)
        do {
            try await append(call, to: upload, in: path)
            try await upload.sync()
            let offset = upload.offset
            await upload.release()
            return ServerResponse(status: 202, headers: Self.headers(path, upload.id, offset: offset))
        } catch {
            // What came before a connection broke is kept, and counts (U-12).
            await upload.release()
            throw error
        }
    }

    /// PUT: the last bytes, if there are any, and the end (1.10.5).
    func finish(_ id: String, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        guard let text = call.query["digest"], !text.isEmpty else {
            throw RegistryError.invalidDigest("", "digest missing")
        }
        let digest = try Digest(supported: text)
        let upload: any BlobUpload
        let record: UploadRecord
        do { (upload, record) = try await claim(id, in: path) } catch let error as RegistryError {
            guard error.status == 404, try await hasFinished(id, with: digest, in: path) else { throw error }
            return Self.created(digest, in: path)
        }
        do {
            try await append(call, to: upload, in: path, as: digest)
            return try await core.finishing.withLock(id) {
                try await commit(upload, as: digest, in: Incarnation(path: path, id: record.id), call, isSession: true)
            }
        } catch {
            await upload.release()
            throw error
        }
    }

    /// Whether an upload has ended with a blob of the repository lately: the answer to that was lost, or is on its way to
    /// another request (U-20).
    private func hasFinished(_ id: String, with digest: Digest, in path: RepositoryPath) async throws -> Bool {
        // The upload is gone before its blob is there.
        try await core.finishing.withLock(id) {
            let repository = try await core.repository(path)
            guard let incarnation = repository.incarnation, let blob = try await repository.localBlob(digest),
                let link = try await core.index.layer(blob.canonical, in: incarnation.id)
            else { return false }
            return link.uploads.contains(id) && core.index.now() - link.touched < LayerLink.uploadMemory
        }
    }

    /// GET: how far it is (U-15).
    func status(_ id: String, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        guard let id = UploadID(id), let status = try await core.content.blobs.status(of: id),
            let record = UploadRecord(decoding: status.info), try await isCurrent(record, path)
        else { throw RegistryError.unknownUpload }
        return ServerResponse(status: 204, headers: Self.headers(path, id, offset: status.offset))
    }

    /// DELETE: gives it up (U-23).
    func cancel(_ id: String, in path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let (upload, _) = try await claim(id, in: path)
        try await upload.cancel()
        return ServerResponse(status: 204)
    }

    // MARK: Parts

    /// - Throws: `BLOB_UPLOAD_UNKNOWN` for one that is not there or of another repository, 409 while another request has
    ///   it.
    private func claim(
        _ text: String, in path: RepositoryPath
    ) async throws -> (any BlobUpload, UploadRecord) {
        guard let id = UploadID(text), let upload = try await core.content.blobs.upload(id) else {
            throw RegistryError.unknownUpload
        }
        guard let record = UploadRecord(decoding: upload.info), try await isCurrent(record, path) else {
            await upload.release()
            throw RegistryError.unknownUpload
        }
        return (upload, record)
    }

    private func isCurrent(_ record: UploadRecord, _ path: RepositoryPath) async throws -> Bool {
        guard record.path == path, let uid = try await core.namespaces.uid(of: path.namespace) else { return false }
        return try await core.index.repository(path, namespaceUID: uid)?.id == record.id
    }

    /// Takes the bytes of a chunk, or of all the rest where none is announced (U-7 to U-9).
    /// - Parameter digest: of all of it, where the client says it by now.
    private func append(
        _ call: RegistryCall, to upload: any BlobUpload, in path: RepositoryPath, as digest: Digest? = nil
    ) async throws {
        guard let header = call.request.header(.contentRange) else {
            try await receive(call, into: upload, in: path, as: digest)
            return
        }
        let range = try UploadRange(header)
        guard range.start == upload.offset, range.start <= range.end else {
            throw RegistryError(
                416, .rangeInvalid, "invalid content range", detail: ["offset": .integer(upload.offset)],
                headers: Self.headers(path, upload.id, offset: upload.offset))
        }
        if let announced = call.request.body.announcedLength, announced != range.length {
            throw Self.wrongSize(announced, range.length)
        }
        let received: Int64
        do {
            received = try await receive(call, into: upload, in: path, as: digest, limit: range.length)
        } catch BlobError.tooLarge {
            try await upload.rollBack()
            throw Self.wrongSize(nil, range.length)
        }
        guard received == range.length else {
            try await upload.rollBack()
            throw Self.wrongSize(received, range.length)
        }
    }

    private static func wrongSize(_ actual: Int64?, _ declared: Int64) -> RegistryError {
        RegistryError(
            400, .sizeInvalid, "the body is not as long as its range",
            detail: ["declared": .integer(declared), "actual": actual.map { .integer($0) } ?? .null])
    }

    @discardableResult
    private func receive(
        _ call: RegistryCall, into upload: any BlobUpload, in path: RepositoryPath, as digest: Digest?,
        limit: Int64 = .max
    ) async throws -> Int64 {
        let room = (core.configuration.maximumBlobBytes ?? .max) - upload.offset
        if let announced = call.request.body.announcedLength {
            guard announced <= room else { throw tooLarge }
            try await require(announced, more: upload, in: path, as: digest)
        }
        do {
            let count = try await upload.append(upTo: min(limit, room)) { consume in
                try await call.request.body.next(consume)
            }
            core.metrics?.received(Int(count))
            return count
        } catch BlobError.tooLarge where limit >= room {
            throw tooLarge
        }
    }

    /// Refuses bytes that will not be let in, before any of them come; the upload ends as it would have then.
    private func require(
        _ announced: Int64, more upload: any BlobUpload, in path: RepositoryPath, as digest: Digest?
    ) async throws {
        let (total, isTooMuch) = upload.offset.addingReportingOverflow(announced)
        do {
            try await UploadLimits(core: core).check(isTooMuch ? .max : total, in: path.namespace)
            try await core.storage?.requireRoom(for: isTooMuch ? .max : total, of: digest, in: path.namespace)
        } catch let error as RegistryError where error.status == 403 {
            try? await upload.cancel()
            throw error
        }
        try core.content.blobs.requireRoom(for: announced)
    }

    private var tooLarge: RegistryError {
        RegistryError(
            413, .sizeInvalid, "the blob is too large",
            detail: .string("at most \(core.configuration.maximumBlobBytes ?? 0) bytes are taken"))
    }

    /// The bytes become a blob of the repository, if they are what the digest says and the namespace lets them in.
    private func commit(
        _ upload: any BlobUpload, as digest: Digest, in repository: Incarnation, _ call: RegistryCall,
        isSession: Bool = false
    ) async throws -> ServerResponse {
        do {
            try await UploadLimits(core: core).check(upload.offset, in: repository.path.namespace)
        } catch {
            try? await upload.cancel()
            throw error
        }
        do {
            try await core.charging([digest: upload.offset], to: repository) {
                try await core.publish(upload, as: digest, in: repository, isSession: isSession)
            }
        } catch let error as RegistryError where error.status == 403 {
            try? await upload.cancel()
            throw error
        }
        return Self.created(digest, in: repository.path)
    }

    private static func created(_ digest: Digest, in path: RepositoryPath) -> ServerResponse {
        ServerResponse(
            status: 201,
            headers: [.location: "/v2/\(path.name)/blobs/\(digest)", .dockerContentDigest: digest.description])
    }

    /// Where the upload is, and how much of it is there (U-6). An upload without bytes is said to have one: clients
    /// cannot read anything else.
    private static func headers(_ path: RepositoryPath, _ id: UploadID, offset: Int64) -> HTTPFields {
        [
            .location: "/v2/\(path.name)/blobs/uploads/\(id)", .range: "0-\(max(0, offset - 1))",
            .dockerUploadUUID: id.description, .ociUploadOffset: String(offset),
        ]
    }
}

extension RegistryCore {
    /// Ends an upload with a blob, which becomes a part of the repository.
    /// - Parameters:
    ///   - isMirrored: it was fetched, not pushed.
    ///   - isSession: a client knows it by its name.
    /// - Throws: `BlobError.digestMismatch` for other bytes.
    func publish(
        _ upload: any BlobUpload, as digest: Digest, in repository: Incarnation, isMirrored: Bool = false,
        isSession: Bool = false
    ) async throws {
        let session = isSession ? upload.id : nil
        if digest.algorithm == .sha256 {
            try await index.locks.withLock(digest) {
                let blob = try await upload.finish(as: digest)
                try await index.publish(
                    blob.digest, size: blob.size, as: digest, in: repository, isMirrored: isMirrored, upload: session)
            }
            return
        }
        // What the bytes are called here is known only when they are complete, and so is whose lock it takes: the
        // collector may have been faster.
        let blob = try await upload.finish(as: digest)
        try await index.locks.withLock(blob.digest) {
            guard try await content.blobs.content(of: blob.digest) != nil else {
                throw RegistryError.unavailable("the blob was removed at the same time")
            }
            try await index.publish(
                blob.digest, size: blob.size, as: digest, in: repository, isMirrored: isMirrored, upload: session)
        }
    }
}
