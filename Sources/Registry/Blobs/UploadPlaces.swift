import Blobs
import OCI

/// How many unfinished uploads a user and a namespace may have (spec/registry.md 1.18). The storage counts them, so that
/// what ends in whatever way, or survives a restart, is counted right.
struct UploadPlaces: Sendable {
    let core: RegistryCore

    /// Seconds without a byte after which an upload makes room for another: clients that were killed leave theirs behind,
    /// and must not keep their user from pushing until these are collected.
    private static let idle: Int64 = 3_600
    /// Seconds that a client should wait.
    private static let retryAfter = 30

    /// - Throws: `TOOMANYREQUESTS` where there is no place.
    func begin(_ record: UploadRecord, hashing algorithm: Digest.Algorithm) async throws -> UploadID {
        let limits = core.configuration
        var bounds: [String: Int] = [:]
        if limits.maximumUploadsPerUser > 0 { bounds[record.userHolder] = limits.maximumUploadsPerUser }
        if limits.maximumUploadsPerNamespace > 0 {
            bounds[record.namespaceHolder] = limits.maximumUploadsPerNamespace
        }
        while true {
            let holder: String
            do throws(BlobError) {
                return try await core.content.blobs.beginUpload(record.encoded, hashing: algorithm, within: bounds)
            } catch {
                guard case .tooManyUploads(let name) = error else { throw error }
                holder = name
            }
            if try await makeRoom(holder) { continue }
            let whose = holder == record.userHolder ? "you have" : "namespace \(record.path.namespace) has"
            throw RegistryError(
                429, .tooManyRequests,
                "\(whose) \(bounds[holder] ?? 0) unfinished uploads: finish or cancel some first",
                headers: [.retryAfter: String(Self.retryAfter)])
        }
    }

    /// Gives up the upload of a holder that nobody has gone on with for longest, if that is long enough.
    /// - Returns: whether there is room now.
    private func makeRoom(_ holder: String) async throws -> Bool {
        let end = core.clock().secondsSince1970 - Self.idle
        let oldest = try await core.content.blobs.uploads(of: holder).filter { !$0.isClaimed && $0.lastActivity <= end }
            .min { $0.lastActivity < $1.lastActivity }
        guard let oldest else { return false }
        do throws(BlobError) {
            if let upload = try await core.content.blobs.upload(oldest.id, patience: .zero) {
                try await upload.cancel()
            }
        } catch {
            // Somebody goes on after all.
            guard case .busy = error else { throw error }
            return false
        }
        core.logger.info("gave up an idle upload for another one", metadata: ["of": "\(holder)"])
        return true
    }
}

extension UploadRecord {
    /// As whose uploads the storage counts it (`UploadInfo.Holders`).
    public static let holders: UploadInfo.Holders = { info in
        UploadRecord(decoding: info).map { [$0.userHolder, $0.namespaceHolder] } ?? []
    }

    fileprivate var userHolder: String { "user \(user)" }
    fileprivate var namespaceHolder: String { "namespace \(path.namespace)" }
}
