#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Files that somebody else wrote: bounded, and nothing but files.
enum PlainFile {
    /// The content; nil where nothing is there.
    ///
    /// Pipes and devices, on which a reader could wait for ever, are refused without being read.
    static func content(of path: String, maxBytes: Int) -> Result<[UInt8]?, SignatureFailure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            return errno == ENOENT || errno == ENOTDIR ? .success(nil) : .failure(failure(path))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(failure(path)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.file(path: path, why: "is no regular file")) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                return .failure(failure(path))
            }
            if count == 0 { return .success(bytes) }
            bytes += buffer[..<count]
            guard bytes.count <= maxBytes else {
                return .failure(.file(path: path, why: "is longer than \(maxBytes) bytes"))
            }
        }
    }

    private static func failure(_ path: String) -> SignatureFailure {
        .file(path: path, why: String(cString: strerror(errno)))
    }
}
