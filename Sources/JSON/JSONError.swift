/// Why bytes could not be read as JSON, or as the type asked for.
///
/// `message` is the text Go's encoding/json (and so every Kubernetes API server) gives for the same input:
/// people and tools know these sentences.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// Not JSON: grammar, escapes, nesting deeper than the limit.
        case syntax
        /// JSON, but a string holds bytes that are not UTF-8.
        case encoding
        /// Longer than the limit.
        case size
        /// JSON of another type than the field wants.
        case type
        /// The right JSON type, but not a value of the field (a malformed time or base64 text).
        case value
    }

    public let kind: Kind
    /// The text without the position.
    public let message: String
    /// Bytes before the offending one.
    public let offset: Int
    /// Counted from 1; lines end with LF.
    public let line: Int
    /// Bytes, counted from 1.
    public let column: Int

    public init(kind: Kind, message: String, offset: Int = 0, line: Int = 1, column: Int = 1) {
        self.kind = kind
        self.message = message
        self.offset = offset
        self.line = line
        self.column = column
    }

    public var description: String { message }
}

/// What a reader accepts before it gives up.
public struct JSONLimits: Sendable, Hashable {
    /// Arrays and objects open at the same time.
    public var depth: Int
    /// Length of the whole text in bytes.
    public var bytes: Int

    public init(depth: Int = 10_000, bytes: Int = 128 << 20) {
        self.depth = depth
        self.bytes = bytes
    }

    public static let standard = JSONLimits()
}

/// A flaw that does not make the text unreadable: what `fieldValidation` warns about or rejects.
public struct JSONIssue: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable { case unknownField, duplicateField }

    public let kind: Kind
    /// As Kubernetes prints it: `spec.tags[0].from.odd`.
    public let path: String

    /// At most this many issues of one text are kept.
    public static let limit = 100

    public init(kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    /// `unknown field "spec.tags[0].from.odd"`.
    public var description: String {
        switch kind {
        case .unknownField: "unknown field \(GoText.quoted(path))"
        case .duplicateField: "duplicate field \(GoText.quoted(path))"
        }
    }
}
