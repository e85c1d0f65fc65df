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
        guard let match = ReferenceScanner.match(text.utf8.span) else {
            throw ReferenceScanner.match(text.lowercased().utf8.span) == nil ? .invalidFormat : .uppercase
        }
        guard match.name.count <= Self.maxNameLength else { throw .tooLong }
        func part(_ range: Range<Int>) -> String { text.substring(ofBytes: range) }
        self.init()
        if let digest = match.digest {
            id = part(digest)
            do { try Digest.check(id) } catch { throw .digest(error) }
        }
        if let range = match.tag { tag = part(range) }
        let bytes = text.utf8.span
        func slash(in range: Range<Int>) -> Int? { range.first { bytes[$0] == UInt8(ascii: "/") } }
        guard let first = slash(in: match.name) else {
            name = part(match.name)
            if name.utf8.contains(UInt8(ascii: ".")) || name.hasPrefix("localhost") {
                self = ImageReference(registry: text)
            }
            return
        }
        var path = match.name
        let isRegistry = (0..<first).contains { bytes[$0] == UInt8(ascii: ":") || bytes[$0] == UInt8(ascii: ".") }
        if isRegistry || part(0..<first) == "localhost" {
            registry = part(0..<first)
            path = (first + 1)..<path.upperBound
        }
        if let end = slash(in: path) {
            namespace = part(path.lowerBound..<end)
            name = part((end + 1)..<path.upperBound)
        } else {
            name = part(path)
        }
    }

    /// Characters before tag and digest, the host included.
    public static let maxNameLength = 255
}

extension String {
    /// The text between two offsets of bytes, where characters begin and end.
    func substring(ofBytes range: Range<Int>) -> String {
        let start = utf8.index(startIndex, offsetBy: range.lowerBound)
        return String(self[start..<utf8.index(start, offsetBy: range.count)])
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
