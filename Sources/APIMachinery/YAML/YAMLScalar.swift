import JSON
import Yams

/// How plain scalars of YAML become JSON values and back, by the table Kubernetes uses (YAML 1.1 without dates).
enum YAMLScalar {
    static func resolve(_ scalar: YAMLEvent.Scalar) -> JSONValue {
        scalar.isPlain ? resolve(plain: scalar.text) : .string(scalar.text)
    }

    static func resolve(plain text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, isNumeric(first) else { return .string(text) }
        let digits = text.replacing("_", with: "")
        if let integer = integer(digits) { return .integer(integer) }
        if isFloat(digits), let number = Double(digits) { return .double(number) }
        return .string(text)
    }

    /// The text of a mapping key: numbers and booleans become their text.
    static func key(_ scalar: YAMLEvent.Scalar) -> String { key(resolve(scalar)) ?? scalar.text }

    /// The text of a key; nil for what can be none.
    static func key(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .integer, .double: value.description
        case .array, .object: nil
        }
    }

    /// A string, quoted where it would read back as something else.
    static func node(string text: String) -> Node {
        let style: Node.Scalar.Style
        if case .string = resolve(plain: text) {
            style = text.contains("\n") ? .literal : (isDateLike(text) || isBase60(text) ? .doubleQuoted : .plain)
        } else {
            style = .doubleQuoted
        }
        return .scalar(Node.Scalar(text, Tag(.str), style))
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }

    private static func integer(_ text: String) -> Int64? {
        var body = Substring(text)
        var sign = ""
        if let first = body.first, first == "-" || first == "+" {
            sign = first == "-" ? "-" : ""
            body = body.dropFirst()
        }
        guard let first = body.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { return nil }
        if body == "0" { return 0 }
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)] where body.hasPrefix(prefix) {
            return Int64(sign + body.dropFirst(prefix.count), radix: radix)
        }
        return Int64(sign + body)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    private static func isFloat(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func isDigit(_ byte: UInt8?) -> Bool {
            byte.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ?? false
        }
        func skipDigits() -> Int {
            let count = rest.prefix { isDigit($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        var digits = skipDigits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            digits += skipDigits()
        }
        guard digits > 0 else { return false }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard skipDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// A date would read back as a time in YAML 1.1: `2001-02-03`, `2001-02-03T04:05:06Z`.
    private static func isDateLike(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 8, bytes[4] == UInt8(ascii: "-") else { return false }
        return bytes[..<4].allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            && bytes[4...].allSatisfy {
                ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: ":")) || "-+TtZz. ".utf8.contains($0)
            }
    }

    /// A number in base 60 in YAML 1.1: `1:20`.
    private static func isBase60(_ text: String) -> Bool {
        guard let first = text.utf8.first, isNumeric(first), text.contains(":") else { return false }
        return text.utf8.allSatisfy {
            ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: ":")) || $0 == UInt8(ascii: ".")
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
        }
    }
}
