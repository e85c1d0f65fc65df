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

    /// Memory is full of digests, so that the usual ones are kept as their bits, a quarter of a string.
    private enum Form: Hashable, Sendable {
        case sha256(DigestBits)
        case other(Algorithm, hex: String)
    }

    private let form: Form

    public var algorithm: Algorithm {
        switch form {
        case .sha256: .sha256
        case .other(let algorithm, _): algorithm
        }
    }

    /// Lower case, `algorithm.hexLength` digits.
    public var hex: String {
        switch form {
        case .sha256(let bits): bits.hex(after: "")
        case .other(_, let hex): hex
        }
    }

    /// What the first 16 digits say: a number that tells digests apart.
    public var leadingBits: UInt64 {
        switch form {
        case .sha256(let bits): bits.first
        case .other(_, let hex): UInt64(hex.prefix(16), radix: 16) ?? 0
        }
    }

    /// Parses `text` and refuses whatever is not canonical, upper-case hex included.
    public init(parsing text: String) throws(DigestError) {
        if let bits = Self.canonicalSHA256(text) {
            form = .sha256(bits)
            return
        }
        let parts = try Self.split(text)
        guard parts.hex.utf8.allSatisfy({ ASCII.isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) })
        else { throw .invalidFormat }
        form = .other(parts.algorithm, hex: String(parts.hex))
    }

    init(_ bits: DigestBits) {
        form = .sha256(bits)
    }

    /// - Parameter hex: of SHA-384 or SHA-512, as it should be.
    init(_ algorithm: Algorithm, uncheckedHex hex: String) {
        form = .other(algorithm, hex: hex)
    }

    /// Whether `text` names a digest for the reference grammar, which lets upper-case hex pass.
    static func check(_ text: String) throws(DigestError) {
        _ = try split(text)
    }

    private static let sha256Prefix = "sha256:"

    /// What nearly all digests are, found out in one pass; nil for everything else.
    private static func canonicalSHA256(_ text: String) -> DigestBits? {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            let start = sha256Prefix.utf8.count
            guard bytes.count == start + Algorithm.sha256.hexLength, bytes.starts(with: sha256Prefix.utf8) else {
                return nil
            }
            return DigestBits(hex: bytes[start...])
        } ?? nil
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
    public var description: String {
        switch form {
        case .sha256(let bits): bits.hex(after: Self.sha256Prefix)
        case .other(let algorithm, let hex): "\(algorithm.rawValue):\(hex)"
        }
    }
}

extension Digest: Comparable {
    /// As the texts are ordered.
    public static func < (left: Digest, right: Digest) -> Bool {
        guard case .sha256(let first) = left.form, case .sha256(let second) = right.form else {
            return left.description < right.description
        }
        return first < second
    }
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
