import CZlib

/// The gzip format (RFC 1952).
enum Gzip {
    /// `bytes` compressed at zlib's fastest level; nil where zlib has no memory for it.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard let length = UInt32(exactly: bytes.count) else { return nil }
        var stream = z_stream()
        guard weir_deflateInitGzip(&stream, 1) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        // The bound is for the whole input, so one call finishes it.
        let bound = Int(deflateBound(&stream, UInt(length)))
        guard let capacity = UInt32(exactly: bound) else { return nil }
        return bytes.withUnsafeBufferPointer { input in
            var isComplete = false
            let out = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = length
                stream.next_out = output.baseAddress
                stream.avail_out = capacity
                isComplete = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = bound - Int(stream.avail_out)
            }
            return isComplete ? out : nil
        }
    }
}
