public import OCI

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why a store of blobs could not do what it was asked for.
public enum BlobError: Error, Hashable, Sendable {
    /// Another request has the upload (spec/registry.md 1.10, U-5).
    case busy
    /// The upload was finished or cancelled by now.
    case uploadUnknown
    /// The bytes are not those of the digest.
    case digestMismatch(expected: Digest, actual: Digest)
    /// There is no room left, or none that the server's user may take.
    case full
    /// More bytes in all unfinished uploads than the server allows (W-5).
    case tooManyStagedBytes
    case readOnly
    /// More bytes than the caller allowed, or than the file system takes in one file.
    case tooLarge
    /// The file of a blob cannot be right.
    case corrupt(Digest)
    /// Another process, or another store of this one, uses the directory.
    case locked(path: String, pid: Int32?)
    /// Whoever begins an upload has as many as it may.
    case tooManyUploads(holder: String)
    /// `info` of an upload is too long.
    case infoTooLong
    /// The store was closed.
    case closed
    /// Anything else the system refused. The text is for the log.
    case io(operation: String, errno: Int32)

    init(_ operation: String, errno code: Int32) {
        switch code {
        case ENOSPC, EDQUOT: self = .full
        case EROFS: self = .readOnly
        case EFBIG: self = .tooLarge
        default: self = .io(operation: operation, errno: code)
        }
    }

    /// The value of the metric's label `code` (spec/registry.md 3.10, Q-3); nil for what is no fault of the storage.
    public var storageCode: String? {
        switch self {
        case .full: "DEVICE_OUT_OF_SPACE"
        case .readOnly: "READ_ONLY_FILESYSTEM"
        case .tooLarge: "FILE_TOO_LARGE"
        case .io(_, ENOENT): "PATH_NOT_FOUND"
        case .corrupt, .io, .locked: "UNKNOWN"
        case .busy, .uploadUnknown, .digestMismatch, .tooManyStagedBytes, .tooManyUploads, .infoTooLong, .closed: nil
        }
    }
}

extension BlobError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .busy: "another request is working on this upload"
        case .uploadUnknown: "the upload is not there any more"
        case .digestMismatch(let expected, let actual): "the content is \(actual), not \(expected)"
        case .full: "no space left on the device"
        case .tooManyStagedBytes: "unfinished uploads take all the room they may"
        case .readOnly: "the file system is read-only"
        case .tooLarge: "too many bytes"
        case .corrupt(let digest): "the file of \(digest) is damaged"
        case .locked(let path, let pid):
            "\(path) is in use by \(pid.map { "process \($0)" } ?? "another process")"
        case .tooManyUploads(let holder): "too many unfinished uploads of \(holder)"
        case .infoTooLong: "too much information about an upload"
        case .closed: "the store is closed"
        case .io(let operation, let code): "can't \(operation): \(String(cString: strerror(code)))"
        }
    }
}
