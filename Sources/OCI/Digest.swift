/// The hash of some content, `algorithm:hex`.
///
/// A value of this type is always well-formed: a known algorithm and exactly as many lower-case hex digits as it
/// gives (`spec/image-resources.md` 6).
public struct Digest: Hashable, Sendable {
    public enum Algorithm: String, CaseIterable, Hashable, Sendable {
        case sha256, sha384, sha512

        /// Digits of a digest's hex part.
        public var hexLength: Int {
            switch self {
            case .sha256: 64
            case .sha384: 96
            case .sha512: 128
            }
        }
    }

    public let algorithm: Algorithm
    /// Lower case, `algorithm.hexLength` digits.
    public let hex: String

    /// Parses `text` and refuses whatever is not canonical, upper-case hex included.
    public init(parsing text: String) throws(DigestError) {
        if Self.isCanonicalSHA256(text) {
            algorithm = .sha256
            hex = String(text.dropFirst(Self.sha256Prefix.utf8CodeUnitCount))
            return
        }
        let parts = try Self.split(text)
        guard parts.hex.utf8.allSatisfy({ ASCII.isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) })
        else { throw .invalidFormat }
        algorithm = parts.algorithm
        hex = String(parts.hex)
    }

    init(algorithm: Algorithm, uncheckedHex hex: String) {
        self.algorithm = algorithm
        self.hex = hex
    }

    /// Whether `text` names a digest for the reference grammar, which lets upper-case hex pass.
    static func check(_ text: String) throws(DigestError) {
        _ = try split(text)
    }

    private static let sha256Prefix: StaticString = "sha256:"

    /// Whether `text` is what nearly all digests are, found out in one pass: indexes hold very many.
    private static func isCanonicalSHA256(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            let prefix = UnsafeBufferPointer(start: sha256Prefix.utf8Start, count: sha256Prefix.utf8CodeUnitCount)
            return bytes.count == prefix.count + Algorithm.sha256.hexLength && bytes.starts(with: prefix)
                && bytes.dropFirst(prefix.count).allSatisfy {
                    ASCII.isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
                }
        } ?? false
    }

    private static func split(_ text: String) throws(DigestError) -> (algorithm: Algorithm, hex: Substring) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .invalidFormat }
        let name = text[..<colon]
        let hex = text[text.utf8.index(after: colon)...]
        guard isAlgorithmName(name), !hex.isEmpty, hex.utf8.allSatisfy(ASCII.isHexDigit) else { throw .invalidFormat }
        guard let algorithm = Algorithm(rawValue: String(name)) else { throw .unsupportedAlgorithm }
        guard hex.utf8.count == algorithm.hexLength else { throw .invalidLength }
        return (algorithm, hex)
    }

    private static func isAlgorithmName(_ name: Substring) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { ASCII.isAlphanumeric($0) || ASCII.isDigestSeparator($0) }
    }
}

extension Digest: LosslessStringConvertible {
    public init?(_ text: String) {
        guard let digest = try? Digest(parsing: text) else { return nil }
        self = digest
    }

    /// `sha256:…`
    public var description: String { "\(algorithm.rawValue):\(hex)" }
}

extension Digest: Comparable {
    public static func < (left: Digest, right: Digest) -> Bool { left.description < right.description }
}

/// Why a text is no digest. The texts are the ones clients see inside validation messages.
public enum DigestError: Error, Hashable, Sendable {
    case invalidFormat, unsupportedAlgorithm, invalidLength

    public var text: String {
        switch self {
        case .invalidFormat: "invalid checksum digest format"
        case .unsupportedAlgorithm: "unsupported digest algorithm"
        case .invalidLength: "invalid checksum digest length"
        }
    }
}

extension DigestError: CustomStringConvertible {
    public var description: String { text }
}
