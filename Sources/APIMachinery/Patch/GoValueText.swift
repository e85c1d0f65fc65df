import JSON

/// Decoded JSON as Go's `fmt` prints it: error texts of patches and of server-side apply quote documents like that.
public enum GoValueText {
    /// Deeper parts of a document are left out: a text is for people, and a document may be 10,000 levels deep.
    private static let depthLimit = 64

    /// As `%v` prints it: `map[a:1 b:[x y]]`, `<nil>`; texts stand without quotes.
    public static func plain(_ value: JSONValue) -> String { plain(value, depth: 0) }

    /// As `%#v` prints it: `map[string]interface {}{"a":1}`, `"x"`.
    static func syntax(_ value: JSONValue) -> String { syntax(value, depth: 0) }

    /// What `%T` prints for a value.
    static func type(of value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .bool: "bool"
        case .integer: "int64"
        case .double: "float64"
        case .string: "string"
        case .array: "[]interface {}"
        case .object: "map[string]interface {}"
        }
    }

    private static func plain(_ value: JSONValue, depth: Int) -> String {
        if depth > depthLimit { return "..." }
        switch value {
        case .null: return "<nil>"
        case .string(let text): return text
        case .double(let number): return text(of: number)
        case .bool, .integer: return value.description
        case .array(let elements):
            return "[" + elements.map { plain($0, depth: depth + 1) }.joined(separator: " ") + "]"
        case .object(let members):
            return "map["
                + sorted(members).map { "\($0.key):\(plain($0.value, depth: depth + 1))" }.joined(separator: " ") + "]"
        }
    }

    private static func syntax(_ value: JSONValue, depth: Int) -> String {
        if depth > depthLimit { return "..." }
        switch value {
        case .null: return "interface {}(nil)"
        case .string(let text): return GoText.quoted(text)
        case .double(let number): return text(of: number)
        case .bool, .integer: return value.description
        case .array(let elements):
            return "[]interface {}{" + elements.map { syntax($0, depth: depth + 1) }.joined(separator: ", ") + "}"
        case .object(let members):
            return "map[string]interface {}{"
                + sorted(members).map { "\(GoText.quoted($0.key)):\(syntax($0.value, depth: depth + 1))" }
                .joined(separator: ", ") + "}"
        }
    }

    private static func sorted(_ members: JSONObject) -> [JSONObject.Element] {
        members.sorted { Exactly.order($0.key, $1.key) < 0 }
    }

    /// `%v` writes exponents with two digits at least.
    private static func text(of number: Double) -> String {
        let text = JSONValue.double(number).description
        guard let mark = text.lastIndex(where: { $0 == "e" }) else { return text }
        let exponent = text[text.index(after: mark)...]
        guard let sign = exponent.first, exponent.count == 2 else { return text }
        return "\(text[...mark])\(sign)0\(exponent.dropFirst())"
    }
}
