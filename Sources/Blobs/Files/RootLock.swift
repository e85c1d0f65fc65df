#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The exclusive use of a directory of blobs. The kernel drops it with the process, however that ends.
///
/// The file's text, the holder's process id, serves the message of whoever comes second; it is taken back at an orderly
/// end.
final class RootLock: Sendable {
    private let file: BlobFile
    /// The last holder came to an orderly end.
    let wasReleased: Bool

    init(_ layout: BlobLayout) throws(BlobError) {
        let file = try Disk.open(layout.lock, O_RDWR | O_CREAT)
        var text = [UInt8](repeating: 0, count: 32)
        let count = max(0, pread(file.descriptor, &text, text.count, 0))
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno != EWOULDBLOCK { throw BlobError("lock \(layout.lock)", errno: errno) }
            let pid = Int32(String(decoding: text.prefix(count), as: UTF8.self).filter(\.isNumber))
            throw .locked(path: layout.root, pid: pid)
        }
        wasReleased = count == 0
        let own = Array("\(getpid())\n".utf8)
        // A full disk must not keep a store from opening: the text is only for people.
        _ = ftruncate(file.descriptor, 0)
        _ = pwrite(file.descriptor, own, own.count, 0)
        self.file = file
    }

    func release() {
        _ = ftruncate(file.descriptor, 0)
        flock(file.descriptor, LOCK_UN)
    }

    deinit {
        // A program that is just being started by this process has a copy of the descriptor, which would keep the lock.
        flock(file.descriptor, LOCK_UN)
    }
}
