#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The file of a blob.
struct FileContent: BlobContent {
    let open: BlobFile
    let size: Int64
    let workers: BlobWorkers

    var file: BlobFile? { open }

    func read(_ range: Range<Int64>) async throws(BlobError) -> [UInt8] {
        let (open, size) = (open, size)
        return try await workers.run { () throws(BlobError) in
            let range = range.clamped(to: 0..<size)
            var failure: BlobError?
            let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { memory, count in
                do throws(BlobError) {
                    count = try Disk.read(
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: UnsafeMutableRawBufferPointer(memory)[..<range.count]),
                        from: open, at: range.lowerBound)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            guard bytes.count == range.count else { throw .io(operation: "read a blob to its end", errno: EIO) }
            return bytes
        }
    }
}
