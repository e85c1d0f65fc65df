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

/// The descriptor of a slice on loan to SwiftNIO, which would like to close what it gets.
///
/// Each write of a region holds on to it until it is done or has failed.
final class BorrowedFile: Sendable {
    private let slice: FileSlice
    private let handle: NIOFileHandle

    init(_ slice: FileSlice) {
        self.slice = slice
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: slice.descriptor)
    }

    deinit {
        // Given back: the slice's owner closes it.
        _ = try? handle.takeDescriptorOwnership()
    }

    func region(_ bytes: Range<Int64>) -> FileRegion {
        FileRegion(fileHandle: handle, readerIndex: Int(bytes.lowerBound), endIndex: Int(bytes.upperBound))
    }

    /// - Throws: where the file ends before `end`: the event loop would try to send the rest for ever.
    func check(_ end: Int64) throws {
        var status = stat()
        guard fstat(slice.descriptor, &status) == 0 else { throw FileFailure.unreadable(errno: errno) }
        guard Int64(status.st_size) >= end else { throw FileFailure.short }
    }

    /// Lets the system read ahead, where it has not: to tell it costs as much as a twentieth of sending.
    func announce(_ bytes: Range<Int64>) {
        #if os(Linux)
        if weir_is_in_memory(slice.descriptor, Int(bytes.upperBound) - 1) != 0 { return }
        posix_fadvise(slice.descriptor, off_t(bytes.lowerBound), off_t(bytes.count), POSIX_FADV_WILLNEED)
        #endif
    }
}

extension FileSlice {
    /// Reads bytes of the file into an empty buffer; waits for the disk.
    /// - Parameter bytes: counted from the beginning of the file.
    func read(_ bytes: Range<Int64>, into empty: ByteBuffer) throws -> ByteBuffer {
        var buffer = empty
        while buffer.readableBytes < bytes.count {
            let done = buffer.readableBytes
            let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count - done) { memory in
                let count = pread(
                    descriptor, memory.baseAddress, bytes.count - done, off_t(bytes.lowerBound) + off_t(done))
                if count < 0 && errno == EINTR { return 0 }
                guard count >= 0 else { throw FileFailure.unreadable(errno: errno) }
                guard count > 0 else { throw FileFailure.short }
                return count
            }
            _ = count
        }
        return buffer
    }
}
