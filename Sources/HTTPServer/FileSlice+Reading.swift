import APIServer
import CDisk
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What went wrong with a file on its way out; the answer is broken off.
enum FileFailure: Error {
    /// The file is shorter than its answer says.
    case short
    case unreadable(errno: Int32)
}

extension FileSlice {
    /// Appends as much of some bytes of the file as is in memory, from the first of them on. Never waits for the disk.
    /// - Parameter bytes: counted from the beginning of the file.
    func readCached(_ bytes: Range<Int64>, to buffer: inout ByteBuffer) {
        #if os(Linux)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count) { memory in
            // Where the file system cannot tell, nothing is.
            max(0, weir_read_cached(descriptor, memory.baseAddress, bytes.count, Int(bytes.lowerBound)))
        }
        #endif
    }

    /// Appends bytes of the file; waits for the disk.
    /// - Parameter bytes: counted from the beginning of the file.
    func read(_ bytes: Range<Int64>, to buffer: inout ByteBuffer) throws {
        var offset = bytes.lowerBound
        while offset < bytes.upperBound {
            let wanted = Int(bytes.upperBound - offset)
            let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { memory in
                let count = pread(descriptor, memory.baseAddress, wanted, off_t(offset))
                if count < 0 && errno == EINTR { return 0 }
                guard count >= 0 else { throw FileFailure.unreadable(errno: errno) }
                guard count > 0 else { throw FileFailure.short }
                return count
            }
            offset += Int64(count)
        }
    }

    /// Lets the system read ahead, while what was read goes out.
    func announce(_ bytes: Range<Int64>) {
        #if os(Linux)
        if !bytes.isEmpty {
            posix_fadvise(descriptor, off_t(bytes.lowerBound), off_t(bytes.count), POSIX_FADV_WILLNEED)
        }
        #endif
    }
}
