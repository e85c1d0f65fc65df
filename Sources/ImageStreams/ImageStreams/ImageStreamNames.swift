import APIMachinery

/// The rule for names of streams (spec/image-resources.md 9.1).
enum ImageStreamNames {
    /// The most bytes of `namespace/name`.
    static let maximumLength = 255

    static let pattern = "[a-z0-9]+(?:[._-][a-z0-9]+)*"

    /// The messages of the rules that fail: those of a path segment, else that of the pattern.
    static func messages(_ name: String) -> [String] {
        let segment = NameRules.pathSegment(name)
        if !segment.isEmpty { return segment }
        return matches(name) ? [] : ["must match \"\(pattern)\""]
    }

    /// Lower-case letters and digits, joined by single `.`, `_` or `-`.
    private static func matches(_ name: String) -> Bool {
        var expectsAlphanumeric = true
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                expectsAlphanumeric = false
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                if expectsAlphanumeric { return false }
                expectsAlphanumeric = true
            default:
                return false
            }
        }
        return !expectsAlphanumeric
    }
}
