/// The grammar of OCI, which lets in digests of algorithms that nobody has thought of yet (spec/registry.md G-3).
extension Digest {
    /// The algorithms that OCI registers. Content in another one may be named, and is not to be had.
    public static let registered: Set<Algorithm> = [.sha256, .sha512]

    /// Whether `text` is a digest by the grammar, of an algorithm that is not registered.
    public static func isUnregistered(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let name = text[..<colon]
        let encoded = text[colon...].utf8.dropFirst()
        guard isAlgorithm(name.utf8), !encoded.isEmpty, encoded.allSatisfy(isEncoded) else { return false }
        guard let algorithm = Algorithm(rawValue: String(name)) else { return true }
        return !registered.contains(algorithm)
    }

    /// `component *([+._-] component)` of lower-case letters and digits.
    private static func isAlgorithm(_ name: Substring.UTF8View) -> Bool {
        name.split(omittingEmptySubsequences: false) { ASCII.isDigestSeparator($0) }.allSatisfy { component in
            !component.isEmpty
                && component.allSatisfy {
                    ASCII.isLowerAlphanumeric($0)
                }
        }
    }

    private static func isEncoded(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }
}
