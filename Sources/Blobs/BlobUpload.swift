public import OCI

/// Gives the next bytes of an upload to `consume`; false at their end.
public typealias BlobSource = (_ consume: (UnsafeRawBufferPointer) throws -> Void) async throws -> Bool

/// An upload in the hands of one request. Used by one task; another one gets it after `release`.
public protocol BlobUpload: AnyObject, Sendable {
    var id: UploadID { get }
    /// What was given when the upload began.
    var info: [UInt8] { get }
    /// Bytes received so far.
    var offset: Int64 { get }

    /// Takes all bytes of a source, at its pace or the disk's, with a bounded amount of memory. What came before a
    /// failure of the source is kept (spec/registry.md 1.10, U-12).
    ///
    /// - Parameter limit: how many bytes the source may give at most.
    /// - Returns: how many bytes came.
    /// - Throws: `BlobError.tooLarge` beyond the limit, other errors of the store (then the upload is where the last
    ///   `sync` left it), and what the source throws.
    @discardableResult
    func append(upTo limit: Int64, from source: BlobSource) async throws -> Int64

    /// Drops what this request has appended, unless `sync` was called since.
    func rollBack() async throws(BlobError)

    /// Makes everything received durable: the offset may be acknowledged.
    func sync() async throws(BlobError)

    /// What was received so far, to be read while more comes. It stays readable when the upload ends.
    func staged() async throws(BlobError) -> any BlobContent

    /// Ends the upload with a blob, if the digest is that of the bytes.
    ///
    /// - Throws: `.digestMismatch`; then the upload is gone (U-18). After an error of the disk it stays.
    func finish(as digest: Digest) async throws(BlobError) -> StoredBlob

    /// Ends the upload and drops its bytes.
    func cancel() async throws(BlobError)

    /// Writes out what was received and lets the next request have the upload. Whoever forgets it loses what was not
    /// synced yet.
    func release() async
}

extension BlobUpload {
    @discardableResult
    public func append(from source: BlobSource) async throws -> Int64 { try await append(upTo: .max, from: source) }

    /// Takes bytes that are in memory.
    public func append(_ bytes: [UInt8]) async throws {
        var isGiven = false
        try await append { consume in
            if isGiven { return false }
            isGiven = true
            try bytes.withUnsafeBytes(consume)
            return true
        }
    }
}

/// What a store knows of an upload.
public struct UploadStatus: Hashable, Sendable {
    public var id: UploadID
    public var info: [UInt8]
    /// Bytes received.
    public var offset: Int64
    /// Seconds since 1970.
    public var startedAt: Int64
    /// Seconds since 1970 of the last byte received.
    public var lastActivity: Int64
    /// A request is working on it.
    public var isClaimed: Bool
}

/// The bound of what a registry may keep with an upload.
public enum UploadInfo {
    /// Bytes.
    public static let maximumBytes = 720

    /// By what was given when an upload began: who has it, in words of the registry's. The same for the same bytes.
    public typealias Holders = @Sendable (_ info: [UInt8]) -> [String]
}
