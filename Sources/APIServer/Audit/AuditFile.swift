import Glibc

/// The file of an audit log: appended to, rotated by size, readable by its owner only.
///
/// `audit.log` is the present one, `audit.log.1` the one before, and so on. Whoever moves the file away gets all that
/// was written to it; the next lines go to a new one.
struct AuditFile: ~Copyable {
    /// What the system said to an attempt to write.
    struct Failure: Error, Sendable, CustomStringConvertible {
        var operation: String
        var path: String
        var code: Int32
        var description: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }
    }

    private let path: String
    /// In bytes; 0 for no bound.
    private let maximumSize: Int
    private let maximumBackups: Int
    private var descriptor: Int32 = -1
    private var size = 0
    /// Standard output, pipes and devices have no size and are never moved.
    private var isRegular = false
    private var identity: (device: dev_t, inode: ino_t) = (0, 0)
    /// Lines are handed to the system in pieces of about this size.
    private static let pieceSize = 262_144

    /// - Parameter path: `-` for standard output.
    /// - Throws: where the file cannot be opened for appending.
    init(path: String, maximumSize: Int, maximumBackups: Int) throws(Failure) {
        self.path = path
        self.maximumSize = maximumSize
        self.maximumBackups = maximumBackups
        try openFile()
    }

    deinit { if descriptor > 2 { close(descriptor) } }

    private mutating func openFile() throws(Failure) {
        if descriptor > 2 { close(descriptor) }
        descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(operation: "open", path: path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(operation: "open", path: path, code: errno) }
        isRegular = path != "-" && status.st_mode & S_IFMT == S_IFREG
        size = isRegular ? Int(status.st_size) : 0
        identity = (status.st_dev, status.st_ino)
    }

    /// Appends whole lines, beginning new files where they are due.
    /// - Returns: how many of the lines were written, and why it was not all of them.
    mutating func append(_ lines: [[UInt8]]) -> (written: Int, failure: Failure?) {
        var written = 0
        var piece: [UInt8] = []
        var inPiece = 0
        do throws(Failure) {
            if descriptor < 0 || hasMoved { try openFile() }
            for line in lines {
                let isFull = isRegular && maximumSize > 0 && size + piece.count + line.count > maximumSize
                if isFull || piece.count >= Self.pieceSize {
                    try write(piece)
                    written += inPiece
                    (piece, inPiece) = ([], 0)
                }
                if isFull && size > 0 { try rotate() }
                piece += line
                inPiece += 1
            }
            try write(piece)
            return (lines.count, nil)
        } catch {
            return (written, error)
        }
    }

    /// Somebody has renamed or removed the file.
    private var hasMoved: Bool {
        guard isRegular else { return false }
        var status = stat()
        return stat(path, &status) != 0 || status.st_ino != identity.inode || status.st_dev != identity.device
    }

    /// All of it or nothing, as far as the file can be cut again.
    private mutating func write(_ bytes: [UInt8]) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                let failure = Failure(operation: "write to", path: path, code: errno)
                if isRegular && done > 0 { _ = ftruncate(descriptor, off_t(size)) }
                throw failure
            }
        }
        size += bytes.count
    }

    /// Moves the present file to the backups, the oldest of which goes.
    private mutating func rotate() throws(Failure) {
        if maximumBackups < 1 {
            unlink(path)
        } else {
            for number in stride(from: maximumBackups - 1, through: 1, by: -1) {
                // What does not exist cannot be moved, and need not.
                rename("\(path).\(number)", "\(path).\(number + 1)")
            }
            guard rename(path, "\(path).1") == 0 else { throw Failure(operation: "rotate", path: path, code: errno) }
        }
        try openFile()
    }
}
