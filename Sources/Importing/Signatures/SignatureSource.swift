import OCI
public import RegistryClient

/// A signature that was found.
public struct FoundSignature: Hashable, Sendable {
    /// The lower-case hex of the SHA-256 of `bytes`.
    public let name: String
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        name = Digest.sha256(of: bytes).hex
        self.bytes = bytes
    }
}

/// What was found for one image.
public struct SignatureFindings: Hashable, Sendable {
    /// Those that were not known before, each once, in the order of their sources.
    public var new: [FoundSignature]
    /// Whether there is any signature, known ones included.
    public var hasAny: Bool
    /// Whether all places answered where there could be some.
    public var isComplete: Bool

    public init(new: [FoundSignature] = [], hasAny: Bool? = nil, isComplete: Bool = true) {
        self.new = new
        self.hasAny = hasAny ?? !new.isEmpty
        self.isComplete = isComplete
    }
}

/// Something that knows signatures of images.
public protocol SignatureSource: Sendable {
    /// - Parameter known: names of the signatures that are stored; they need not be fetched again.
    /// - Throws: where signatures may be there but could not be read; another attempt may go better.
    func signatures(of image: SignedImage, known: Set<String>) async throws(SignatureFailure) -> SignatureFindings
}

/// Why signatures could not be read.
public enum SignatureFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case registry(RegistryError)
    /// A file that is there and cannot be used.
    case file(path: String, why: String)
    /// So many that the store must be broken.
    case unreasonable(Int)
    case timedOut

    /// The pause a server asked for.
    public var retryAfter: Duration? {
        if case .registry(let error) = self { error.retryAfter } else { nil }
    }

    public var description: String {
        switch self {
        case .registry(let error): error.text
        case .file(let path, let why): "\(path): \(why)"
        case .unreasonable(let count): "the store has \(count) signatures, which must be a mistake"
        case .timedOut: "it took too long"
        }
    }
}
