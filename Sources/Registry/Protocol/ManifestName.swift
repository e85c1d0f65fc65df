import OCI

/// What a path names a manifest by (spec/registry.md 1.2).
public enum ManifestName: Hashable, Sendable {
    case tag(String)
    case digest(Digest)

    /// - Throws: `DIGEST_INVALID` for what has a colon and is no digest of a supported algorithm, `TAG_INVALID` for what
    ///   is no tag either.
    public init(parsing text: String) throws(RegistryError) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            self = .digest(try Digest(supported: text))
        } else if Self.isTag(text) {
            self = .tag(text)
        } else {
            throw RegistryError(400, .tagInvalid, "manifest tag did not match the grammar", detail: .string(text))
        }
    }

    /// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
    static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, isWord(first) else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension Digest {
    /// A digest in an algorithm that the registry stores by: sha256 or sha512 (spec/registry.md H-1).
    /// - Throws: `DIGEST_INVALID`.
    public init(supported text: String) throws(RegistryError) {
        guard !Self.isUnregistered(text) else {
            throw .invalidDigest(text, DigestError.unsupportedAlgorithm.text)
        }
        do { self = try Digest(parsing: text) } catch { throw .invalidDigest(text, error.text) }
    }
}
