import APIServer
import Blobs

/// Who may go on with an upload: a token that was good when it began is good for it to its end, so that one large layer
/// can take longer than a token lasts (spec/registry.md 6.10).
struct UploadAccess: Sendable {
    let core: RegistryCore

    /// Seconds after its expiry in which a token may do so.
    private static let patience: Int64 = 3_600

    /// - Returns: nil where the request does not bring the token that began the upload.
    /// - Throws: 401 where that is not good any more: it was revoked, or its account is gone.
    func user(_ request: ServerRequest, of id: String, in path: RepositoryPath) async throws -> UserInfo? {
        guard let hash = UploadRecord.tokenHash(in: request), let id = UploadID(id),
            let status = try await core.content.blobs.status(of: id),
            let record = UploadRecord(decoding: status.info), record.path == path, record.token == hash
        else { return nil }
        let user = try await core.access.user(request, [], expiredWithin: Self.patience)
        return record.isOf(user, request) ? user : nil
    }
}
