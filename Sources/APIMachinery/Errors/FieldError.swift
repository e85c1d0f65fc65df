import JSON

/// One failed validation rule on one field (spec/api-machinery.md 2.5).
///
/// The value is rendered when the error is made, so that a `FieldError` carries text only and compares by text.
public struct FieldError: Error, Sendable, Hashable {
    /// The cause reasons clients switch on.
    public enum Kind: String, Sendable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case typeInvalid = "FieldValueTypeInvalid"
        case notSupported = "FieldValueNotSupported"
        case notFound = "FieldValueNotFound"
        case duplicate = "FieldValueDuplicate"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case `internal` = "InternalError"
    }

    public var kind: Kind
    /// The path of the field, for example `spec.tags[latest].from.name`.
    public var field: String
    /// What follows the path in messages: `Invalid value: "x": detail`.
    public var body: String

    public init(kind: Kind, field: String, body: String) {
        self.kind = kind
        self.field = field
        self.body = body
    }

    /// The text of one failure: `<field>: <body>`.
    public var text: String { "\(field): \(body)" }

    public var cause: StatusCause { StatusCause(reason: kind.rawValue, message: body, field: field) }

    public static func required(_ field: String, _ detail: String = "") -> FieldError {
        FieldError(kind: .required, field: field, body: join("Required value", detail))
    }

    public static func invalid(_ field: String, _ value: FieldValue, _ detail: String) -> FieldError {
        FieldError(kind: .invalid, field: field, body: join("Invalid value: \(value.rendered)", detail))
    }

    public static func notSupported(_ field: String, _ value: FieldValue, supported: [String]) -> FieldError {
        let list = supported.map(goQuoted).joined(separator: ", ")
        return FieldError(
            kind: .notSupported, field: field,
            body: "Unsupported value: \(value.rendered): supported values: \(list)")
    }

    public static func notFound(_ field: String, _ value: FieldValue) -> FieldError {
        FieldError(kind: .notFound, field: field, body: "Not found: \(value.rendered)")
    }

    public static func duplicate(_ field: String, _ value: FieldValue) -> FieldError {
        FieldError(kind: .duplicate, field: field, body: "Duplicate value: \(value.rendered)")
    }

    public static func forbidden(_ field: String, _ detail: String) -> FieldError {
        FieldError(kind: .forbidden, field: field, body: join("Forbidden", detail))
    }

    public static func tooLong(_ field: String, _ detail: String) -> FieldError {
        FieldError(kind: .tooLong, field: field, body: join("Too long", detail))
    }

    public static func `internal`(_ field: String, _ detail: String) -> FieldError {
        FieldError(kind: .internal, field: field, body: join("Internal error", detail))
    }

    private static func join(_ head: String, _ detail: String) -> String {
        detail.isEmpty ? head : "\(head): \(detail)"
    }
}

/// A value as validation messages print it: strings quoted as in Go, numbers and booleans bare, the rest as compact JSON.
public enum FieldValue: Sendable, ExpressibleByStringLiteral {
    case string(String)
    case number(Int64)
    case bool(Bool)
    case json(JSONValue)
    /// Text that is printed as it is.
    case raw(String)

    public init(stringLiteral value: String) { self = .string(value) }

    public var rendered: String {
        switch self {
        case .string(let text): goQuoted(text)
        case .number(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .json(let value): value.description
        case .raw(let text): text
        }
    }
}

/// A string in double quotes with Go's escapes (`strconv.Quote`).
public func goQuoted(_ text: String) -> String { GoText.quoted(text) }

/// Whether Go's `unicode.IsPrint` holds: letters, marks, numbers, punctuation, symbols and the ASCII space.
public func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
        return false
    default:
        return true
    }
}

extension Sequence where Element == FieldError {
    /// The aggregate of several failures: the single text, or `[a, b]` with equal texts once (spec/api-machinery.md 2.5).
    public var aggregateText: String {
        var seen = Set<String>()
        let texts = map(\.text).filter { seen.insert($0).inserted }
        return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    }
}
