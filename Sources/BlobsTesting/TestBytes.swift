public import Blobs
public import OCI

/// Bytes that can be made again from a number.
public enum TestBytes {
    public static func make(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { memory, initialized in
            var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
            var index = 0
            while index < count {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                var word = state
                for _ in 0..<min(8, count - index) {
                    memory[index] = UInt8(truncatingIfNeeded: word)
                    word >>= 8
                    index += 1
                }
            }
            initialized = count
        }
    }
}

/// A source that gives bytes piece by piece, and may fail at its end.
public func source(of bytes: [UInt8], pieces size: Int, then failure: (any Error)? = nil) -> BlobSource {
    var offset = 0
    return { consume in
        guard offset < bytes.count else {
            if let failure { throw failure }
            return false
        }
        let end = min(bytes.count, offset + size)
        try bytes[offset..<end].withUnsafeBytes(consume)
        offset = end
        return true
    }
}

/// The client is gone.
public struct SourceFailure: Error {
    public init() {}
}

extension BlobStore {
    /// All bytes of a blob; nil where it is absent.
    public func bytes(of digest: Digest) async throws -> [UInt8]? {
        try await content(of: digest)?.collect(upTo: .max)
    }

    /// An upload that must be there.
    public func claimed(
        _ id: UploadID, file: StaticString = #fileID, line: UInt = #line
    ) async throws -> any BlobUpload {
        try requireValue(try await upload(id), "the upload is gone", file: file, line: line)
    }
}
