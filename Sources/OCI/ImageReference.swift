/// A pull spec split into its parts, as people and API objects write it (`spec/image-resources.md` 6,
/// `spec/import-and-controllers.md` A.7). An absent part is the empty string.
///
///     try ImageReference(parsing: "quay.io/org/app/web:1.2").name   // "app/web"
public struct ImageReference: Hashable, Sendable {
    /// Host and port as written, `docker.io` or `localhost:5000`.
    public var registry: String
    public var namespace: String
    /// May contain slashes.
    public var name: String
    public var tag: String
    /// Normally a digest; `exact` also renders other values.
    public var id: String

    public init(registry: String = "", namespace: String = "", name: String = "", tag: String = "", id: String = "") {
        self.registry = registry
        self.namespace = namespace
        self.name = name
        self.tag = tag
        self.id = id
    }

    /// Parses `text`; the errors' texts and their order are those of the table in A.7.
    ///
    /// A text without slash whose name contains a dot or starts with `localhost` is a registry only: then `registry`
    /// is the whole text, tag included, and everything else is empty.
    public init(parsing text: String) throws(ImageReferenceError) {
        guard !text.isEmpty else { throw .empty }
        guard let match = ReferenceScanner.match(text[...]) else {
            throw ReferenceScanner.match(text.lowercased()[...]) == nil ? .invalidFormat : .uppercase
        }
        guard match.name.utf8.count <= Self.maxNameLength else { throw .tooLong }
        if let digest = match.digest {
            do { try Digest.check(String(digest)) } catch { throw .digest(error) }
        }
        self.init()
        guard let (first, rest) = Self.splitAtSlash(match.name) else {
            guard !match.name.contains("."), !match.name.hasPrefix("localhost") else {
                registry = text
                return
            }
            name = String(match.name)
            setVersion(match)
            return
        }
        var path = match.name
        if first == "localhost" || first.contains(where: { $0 == ":" || $0 == "." }) {
            registry = String(first)
            path = rest
        }
        if let (left, right) = Self.splitAtSlash(path) {
            namespace = String(left)
            name = String(right)
        } else {
            name = String(path)
        }
        setVersion(match)
    }

    /// Characters before tag and digest, the host included.
    public static let maxNameLength = 255

    private mutating func setVersion(_ match: ReferenceScanner.Match) {
        tag = match.tag.map(String.init) ?? ""
        id = match.digest.map(String.init) ?? ""
    }

    private static func splitAtSlash(_ text: Substring) -> (Substring, Substring)? {
        guard let slash = text.firstIndex(of: "/") else { return nil }
        return (text[..<slash], text[text.index(after: slash)...])
    }
}

/// Why a text is no image reference.
public enum ImageReferenceError: Error, Hashable, Sendable {
    case empty
    case uppercase
    case invalidFormat
    case tooLong
    case digest(DigestError)
    /// The stricter parser used before talking to a registry refuses a name that looks like an image id.
    case hexName(String)

    /// The exact text of the rule tables.
    public var text: String {
        switch self {
        case .empty: "repository name must have at least one component"
        case .uppercase: "repository name must be lowercase"
        case .invalidFormat: "invalid reference format"
        case .tooLong: "repository name must not be more than \(ImageReference.maxNameLength) characters"
        case .digest(let error): error.text
        case .hexName(let name): "invalid repository name (\(name)), cannot specify 64-byte hexadecimal strings"
        }
    }
}

extension ImageReferenceError: CustomStringConvertible {
    public var description: String { text }
}
