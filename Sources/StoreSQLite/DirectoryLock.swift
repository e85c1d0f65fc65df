import Store

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The exclusive use of a store's directory: `flock` on `DIR/lock`.
///
/// The kernel drops the lock with the process, however it ends, so there is no stale lock to remove.
/// The file's text, the holder's process id, only serves the message of whoever comes second.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `.locked` when another store (of this process, too) holds it, `.io` when the file can't be made.
    init(directory: String) throws(StoreError) {
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == ENOSPC { throw .full(path: directory) }
            throw .io("can't open \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let pid = Self.holder(descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw .io("can't lock \(path): \(String(cString: strerror(code)))")
            }
            throw .locked(path: directory, pid: pid)
        }
        let text = Array("\(getpid())\n".utf8)
        // A full disk must not keep a store from opening: the text is only for people.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
        self.descriptor = descriptor
    }

    deinit {
        // A program that is just being started by this process has a copy of the descriptor, which would keep the lock.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer.prefix(count), as: UTF8.self).filter(\.isNumber))
    }
}
