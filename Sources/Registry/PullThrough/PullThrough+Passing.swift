import APIServer
import HTTPTypes
import Importing
import Logging
import OCI

/// Blobs that are handed on and not kept (spec/registry.md 4.3): each client has a download of its own.
extension PullThrough {
    /// The client has left, or takes what comes for it by drops.
    private struct ClientGone: Error {}

    /// A blob from there to the client. The last piece of a whole one is held back until its digest is right; parts are what
    /// the other registry says they are, and are not to be remembered for ever.
    func pass(
        _ blob: UpstreamBlob, in repository: Repository, _ answer: BlobAnswer, _ request: ServerRequest
    ) async throws -> ServerResponse {
        guard let range = answer.streamedRange(of: request) else {
            return answer.streamed(nil, to: request) { _ in }
        }
        let namespace = try await repository.core.namespaces.uid(of: repository.path.namespace) ?? ""
        guard let passage = transfers.pass(from: blob.source.repository.host, for: namespace) else {
            throw Self.tooMany("too many blobs are being fetched", Self.pause)
        }
        let begun: UpstreamBlob.Begun
        do throws(UpstreamSession.Failure) {
            begun = try await inTime(blob.session) { () async throws(UpstreamSession.Failure) in
                try await blob.begin(range)
            }
        } catch {
            throw Self.unknownBlob(blob.digest, error, blob.source.repository.host)
        }
        var response = answer.streamed(range, to: request) { writer in
            defer { withExtendedLifetime(passage) {} }
            do { try await Self.send(blob, range, begun, to: writer) } catch {
                if Task.isCancelled || error is ClientGone { throw error }
                logger.warning(
                    "a blob could not be handed on",
                    metadata: [
                        "digest": "\(blob.digest)", "from": "\(blob.source.repository)", "error": "\(error)",
                    ])
                throw error
            }
        }
        if response.status == 206 { response.headers[.cacheControl] = "no-store" }
        return response
    }

    private static func send(
        _ blob: UpstreamBlob, _ range: Range<Int64>, _ begun: UpstreamBlob.Begun, to writer: any BodyWriter
    ) async throws {
        var pace = Pace()
        func write(_ bytes: [UInt8]) async throws {
            let start = ContinuousClock.now
            do { try await writer.write(bytes) } catch { throw ClientGone() }
            guard pace.allows(bytes.count, after: .now - start) else { throw ClientGone() }
        }
        guard range == 0..<blob.size else { return try await blob.read(range, begun, write) }
        var hasher = DigestHasher(blob.digest.algorithm)
        var held: [UInt8] = []
        try await blob.read(range, begun) { bytes in
            hasher.update(bytes)
            if !held.isEmpty { try await write(held) }
            held = bytes
        }
        let computed = hasher.finalize()
        guard computed == blob.digest else {
            throw UpstreamSession.Failure("the bytes that came are those of \(computed)")
        }
        try await write(held)
    }
}
