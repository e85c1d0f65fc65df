/// The name of a repository: a namespace and an image stream in it (spec/registry.md 3.1).
public struct RepositoryPath: Hashable, Sendable, CustomStringConvertible {
    public var namespace: String
    public var stream: String

    /// What follows the namespace where clients use a longer name, `a/b` for the stream `a.b` (S-2). It is no part of what
    /// the path is: two paths are the same that lead to one stream.
    public let nested: String?

    public init(namespace: String, stream: String) {
        self.namespace = namespace
        self.stream = stream
        nested = nil
    }

    /// Reads a name as it stands in a path of `/v2/`.
    /// - Throws: `NAME_INVALID` for one that breaks the grammar (G-1), has one component, or has more than two where those
    ///   are refused.
    public init(parsing text: String, nested: NestedNames = .refuse) throws(RegistryError) {
        guard text.utf8.count <= Self.maximumLength, Self.isName(text) else {
            throw .invalidName(text, "it does not have the form of a repository name")
        }
        let parts = text.split(separator: "/")
        guard parts.count == 2 || parts.count > 2 && nested == .flatten else {
            throw .invalidName(text, "must have the form <namespace>/<imagestream>")
        }
        guard Self.isLabel(parts[0].utf8) else {
            throw .invalidName(text, "the namespace must be a DNS label")
        }
        let stream = parts.dropFirst().joined(separator: ".")
        guard Self.isStream(stream.utf8[...]) else {
            throw .invalidName(text, "image streams cannot have this name: only single separators join its parts")
        }
        namespace = String(parts[0])
        self.stream = stream
        self.nested = parts.count > 2 ? parts.dropFirst().joined(separator: "/") : nil
    }

    public static let maximumLength = 255

    /// The stream, whatever clients call it.
    public var description: String { "\(namespace)/\(stream)" }

    /// As clients name it.
    public var name: String { nested.map { "\(namespace)/\($0)" } ?? description }

    public static func == (left: RepositoryPath, right: RepositoryPath) -> Bool {
        left.stream == right.stream && left.namespace == right.namespace
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(namespace)
        hasher.combine(stream)
    }

    /// Whether clients can name a stream: its name may have been chosen before anybody thought of a registry.
    public static func isReachable(namespace: String, stream: String) -> Bool {
        let text = "\(namespace)/\(stream)"
        return text.utf8.count <= maximumLength && isName(text) && !stream.utf8.contains(UInt8(ascii: "/"))
            && isLabel(namespace.utf8[...]) && isStream(stream.utf8[...])
    }

    /// The grammar of OCI distribution: components of lower-case letters and digits, which `.`, `_`, `__` or dashes join.
    static func isName(_ text: String) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy(isComponent)
    }

    private static func isComponent(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        var separator: [UInt8] = []
        for byte in bytes {
            if isAlphanumeric(byte) {
                guard isSeparator(separator) else { return false }
                separator.removeAll(keepingCapacity: true)
            } else {
                separator.append(byte)
            }
        }
        return true
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        switch bytes.first {
        case nil: true
        case UInt8(ascii: "."): bytes.count == 1
        case UInt8(ascii: "_"): bytes.count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: "_") }
        case UInt8(ascii: "-"): bytes.allSatisfy { $0 == UInt8(ascii: "-") }
        default: false
        }
    }

    /// What image streams may be called: of separators there is one at a time (spec/image-resources.md 9.4).
    private static func isStream(_ bytes: Substring.UTF8View) -> Bool {
        zip(bytes, bytes.dropFirst()).allSatisfy { isAlphanumeric($0) || isAlphanumeric($1) }
    }

    private static func isLabel(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
