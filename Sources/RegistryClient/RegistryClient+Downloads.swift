import AsyncHTTPClient
import NIOCore
public import OCI

extension RegistryClient {
    /// Begins to fetch a blob, which may be large. Nothing is verified: who reads it must.
    ///
    /// - Parameter range: bytes, where not all are wanted. The registry may send all the same: see `isPartial`.
    public func download(
        _ digest: Digest, in repository: RepositoryName, access: RegistryAccess, range: Range<Int64>? = nil
    ) async throws(RegistryError) -> BlobDownload {
        let call = RegistryCall(
            repository: repository, path: "blobs/\(digest)", isStreamed: true, range: range,
            maxBody: configuration.maxConfigBytes, what: "blob \(digest)", access: access)
        let reply: HTTPReply
        do { reply = try await send(call) } catch {
            if case .authenticating = error { throw error }
            guard error.status == 404, !error.isUnsupportedEndpoint else { throw error }
            throw .unknownBlob
        }
        guard let body = reply.stream else { throw .invalidAnswer("the registry sent no body") }
        return BlobDownload(
            announcedLength: reply.headers.first(name: "content-length").flatMap { Int64($0) },
            isPartial: reply.status == 206, body: body, lease: reply.lease)
    }
}

/// The bytes of a blob on their way.
public struct BlobDownload: Sendable {
    /// Bytes that will come, as the registry says; nil where it does not.
    public let announcedLength: Int64?
    /// Only the range that was asked for comes.
    public let isPartial: Bool
    let body: HTTPClientResponse.Body
    /// Keeps its connection.
    let lease: PinnedClients.Lease?

    /// Hands the pieces to `consume` one after the other, at its pace.
    /// - Throws: where the connection breaks or stalls, and what `consume` throws.
    public func read(_ consume: ([UInt8]) async throws -> Void) async throws {
        defer { withExtendedLifetime(lease) {} }
        for try await chunk in body { try await consume(Array(chunk.readableBytesView)) }
    }
}
