#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The bytes of a blob. They stay readable as long as the value is held, also when the blob is removed meanwhile.
public protocol BlobContent: Sendable {
    /// Bytes.
    var size: Int64 { get }
    /// The file that has the bytes, from its first to its last; nil where the engine keeps them elsewhere.
    var file: BlobFile? { get }

    /// Bytes of a range, which must lie within the blob.
    func read(_ range: Range<Int64>) async throws(BlobError) -> [UInt8]
}

extension BlobContent {
    /// All bytes of a small blob.
    /// - Throws: `.tooLarge` where there are more than `limit`.
    public func collect(upTo limit: Int) async throws(BlobError) -> [UInt8] {
        guard size <= Int64(limit) else { throw .tooLarge }
        return try await read(0..<size)
    }
}

/// An open file, closed with its last reference.
public final class BlobFile: Sendable {
    public let descriptor: Int32

    /// - Parameter descriptor: is closed by this object.
    public init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
