public import OCI

/// Content-addressed bytes: the blobs and manifests of a registry (spec/registry.md 5).
///
/// The canonical name of bytes is their SHA-256 digest; other digests are aliases, which whoever keeps the index
/// resolves. A store knows nothing of repositories: whether a client may see a blob, and whether a blob is still
/// needed, is decided elsewhere.
///
/// Every engine promises:
/// - A blob is there completely or not at all, and its bytes are those of its digest.
/// - What a call has returned survives the end of the process and of the machine.
/// - A call that fails for lack of space or rights leaves the store as it was.
public protocol BlobStore: Sendable {
    /// The bytes of a blob; nil where there are none.
    /// - Parameter digest: a SHA-256 digest; there is nothing under any other.
    /// - Throws: `.corrupt` for a file that cannot be the blob.
    func content(of digest: Digest) async throws(BlobError) -> (any BlobContent)?

    /// Stores bytes that are in memory anyway, such as manifests.
    /// - Returns: the canonical digest, and whether the bytes are new.
    func put(_ bytes: [UInt8]) async throws(BlobError) -> StoredBlob

    /// Begins an upload over several requests, which survives a restart. It costs next to nothing until bytes come.
    ///
    /// - Parameters:
    ///   - info: what the registry wants to know of the upload again, at most `UploadInfo.maximumBytes`.
    ///   - algorithm: of the digest that the upload will be finished with, if it is known by now.
    ///   - bounds: how many uploads the holders of this one may have (`UploadInfo.Holders`). However many begin at once,
    ///     there are never more. An upload counts until it has ended, also after a restart.
    /// - Throws: `.tooManyUploads`
    func beginUpload(
        _ info: [UInt8], hashing algorithm: Digest.Algorithm, within bounds: [String: Int]
    ) async throws(BlobError) -> UploadID

    /// Begins an upload that one request will finish; its bytes go with it if that does not happen.
    /// - Parameter algorithm: of the digest that the upload will be finished with.
    func stage(hashing algorithm: Digest.Algorithm) async throws(BlobError) -> any BlobUpload

    /// Claims an upload for a request that changes it (spec/registry.md 1.10, U-5).
    ///
    /// - Parameter patience: how long to wait for another request that has it.
    /// - Returns: nil where there is no such upload.
    /// - Throws: `.busy` when the time is over.
    func upload(_ id: UploadID, patience: Duration) async throws(BlobError) -> (any BlobUpload)?

    /// What is known of an upload, whoever has it.
    func status(of id: UploadID) async throws(BlobError) -> UploadStatus?

    /// Uploads in the order of their ids, to find those that were given up.
    func uploads(after id: UploadID?, limit: Int) async throws(BlobError) -> [UploadStatus]

    /// The uploads of a holder, in no order.
    func uploads(of holder: String) async throws(BlobError) -> [UploadStatus]

    /// Blobs in the order of their digests.
    func blobs(after digest: Digest?, limit: Int) async throws(BlobError) -> [StoredBlob]

    /// Hides a blob, which can still be restored.
    /// - Returns: whether it was there.
    func condemn(_ digest: Digest) async throws(BlobError) -> Bool

    /// Brings a condemned blob back.
    /// - Returns: whether the blob is there now, condemned before or not.
    func restore(_ digest: Digest) async throws(BlobError) -> Bool

    /// Condemned blobs in the order of their digests: a crash may have left them.
    func condemned(after digest: Digest?, limit: Int) async throws(BlobError) -> [Digest]

    /// Deletes the bytes of a blob that was condemned; one that is in place stays.
    /// - Returns: bytes that are free now.
    func remove(_ digest: Digest) async throws(BlobError) -> Int64

    /// Deletes blobs at once, condemned or not, one after the other.
    /// - Returns: bytes that are free now.
    func discard(_ digests: [Digest]) async throws(BlobError) -> Int64

    /// Puts a blob aside whose bytes turned out not to be those of its digest, for people to look at.
    func quarantine(_ digest: Digest) async throws(BlobError)

    /// Refuses bytes that are announced where there is no room for them, before any of them come. Reserves nothing.
    /// - Throws: `.tooManyStagedBytes`
    func requireRoom(for bytes: Int64) throws(BlobError)

    /// How much room there is.
    func space() async throws(BlobError) -> BlobSpace

    /// Ends the store's work; later calls fail with `.closed`.
    func close() async
}

extension BlobStore {
    public func beginUpload(_ info: [UInt8]) async throws(BlobError) -> UploadID {
        try await beginUpload(info, hashing: .sha256)
    }

    public func beginUpload(
        _ info: [UInt8], hashing algorithm: Digest.Algorithm
    ) async throws(BlobError) -> UploadID {
        try await beginUpload(info, hashing: algorithm, within: [:])
    }

    public func upload(_ id: UploadID) async throws(BlobError) -> (any BlobUpload)? {
        try await upload(id, patience: .seconds(5))
    }
}

/// A blob as the store has it.
public struct StoredBlob: Hashable, Sendable {
    /// SHA-256.
    public var digest: Digest
    /// Bytes.
    public var size: Int64
    /// False where the same bytes were there before.
    public var isNew: Bool

    public init(digest: Digest, size: Int64, isNew: Bool = false) {
        self.digest = digest
        self.size = size
        self.isNew = isNew
    }
}

/// Room on the store's disk, in bytes.
public struct BlobSpace: Hashable, Sendable {
    public var capacity: Int64
    /// What the server's user may still write.
    public var free: Int64
    public var isReadOnly: Bool
}
