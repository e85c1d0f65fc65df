#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An open file, closed with its last reference. All calls wait for the disk.
final class ArchiveFile: Sendable {
    let path: String
    let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// - Throws: `.file`.
    static func open(_ path: String, writes: Bool = false, creates: Bool = false) throws(BundleError) -> ArchiveFile {
        let flags = (writes ? O_RDWR : O_RDONLY) | (creates ? O_CREAT : 0) | O_CLOEXEC
        #if canImport(Glibc)
        let descriptor = Glibc.open(path, flags, 0o644)
        #elseif canImport(Musl)
        let descriptor = Musl.open(path, flags, 0o644)
        #else
        let descriptor = Darwin.open(path, flags, 0o644)
        #endif
        guard descriptor >= 0 else { throw failure(path) }
        return ArchiveFile(path: path, descriptor: descriptor)
    }

    static func failure(_ path: String) -> BundleError { .file(path: path, reason: String(cString: strerror(errno))) }

    /// Bytes of a regular file.
    func size() throws(BundleError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .file(path: path, reason: "only a file can be read, no pipe or directory")
        }
        return Int64(status.st_size)
    }

    /// Exactly the bytes of a range.
    /// - Throws: `.damaged` where the file ends before.
    func read(at offset: Int64, count: Int) throws(BundleError) -> [UInt8] {
        var failure: BundleError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { memory, done in
            while done < count {
                let got = pread(
                    descriptor, memory.baseAddress.map { $0 + done }, count - done, off_t(offset) + off_t(done))
                if got > 0 {
                    done += got
                } else if got == 0 {
                    failure = .damaged(reason: "it ends in the middle")
                    return
                } else if errno != EINTR {
                    failure = Self.failure(path)
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Drops everything behind an offset, and writes from there on.
    func cut(at offset: Int64) throws(BundleError) {
        guard ftruncate(descriptor, off_t(offset)) == 0, lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
            throw Self.failure(path)
        }
    }

    /// Waits until all is durable.
    func sync() throws(BundleError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
    }

    /// Gives a file another name, durably.
    static func move(_ path: String, to other: String) throws(BundleError) {
        guard rename(path, other) == 0 else { throw failure(other) }
        let folder = other.lastIndex(of: "/").map { String(other[...$0]) } ?? "."
        try open(folder).sync()
    }
}
