public import OCI

/// Why a bundle could not be written, read or brought to a server. The text is for the person who asked.
public enum BundleError: Error, Hashable, Sendable {
    /// The file cannot be read or written.
    case file(path: String, reason: String)
    /// No tar archive, or one that breaks off.
    case damaged(reason: String)
    /// An archive that no honest program writes.
    case hostile(reason: String)
    /// More than is taken.
    case tooLarge(reason: String)
    /// The bytes are not those of the name.
    case digestMismatch(expected: Digest, actual: Digest)
    /// Something that the bundle should have, or refers to.
    case missing(Digest, of: String)
    /// The archive does not say where an image belongs, or what was asked for cannot be.
    case unclear(String)
    /// What the server answered; 0 where there was no answer.
    case server(status: Int, String)
}

extension BundleError {
    /// Whether it is about one image alone: the others can be brought all the same.
    var isOfOneImage: Bool {
        switch self {
        case .missing, .unclear: true
        // 500: its bytes are lost. What a server says of all requests is about no image.
        case .server(let status, _): status == 500 || (400..<500).contains(status) && ![401, 429].contains(status)
        case .file, .damaged, .hostile, .tooLarge, .digestMismatch: false
        }
    }
}

extension BundleError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .damaged(let reason): "the archive is damaged: \(reason)"
        case .hostile(let reason): "the archive is refused: \(reason)"
        case .tooLarge(let reason): "the archive is refused: \(reason)"
        case .digestMismatch(let expected, let actual): "\(expected) is damaged: its bytes are \(actual)"
        case .missing(let digest, let what): "\(digest) of \(what) is missing"
        case .unclear(let text): text
        case .server(let status, let text): status == 0 ? text : "\(text) (HTTP status \(status))"
        }
    }
}
