/// Texts as Go's `strconv` writes them; error messages are made of them.
public enum GoText {
    /// `strconv.Quote`: double quotes, Go escapes for what does not print.
    public static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" {
                out += "\\\""
            } else {
                out += escaped(scalar)
            }
        }
        return out + "\""
    }

    /// A byte as encoding/json names it in `invalid character …`: `'x'`, `'\n'`, `'\x00'`, `'\''`.
    static func quoted(byte: UInt8) -> String {
        if byte == UInt8(ascii: "'") { return #"'\''"# }
        return "'" + escaped(Unicode.Scalar(byte)) + "'"
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\": return "\\\\"
        case "\u{07}": return "\\a"
        case "\u{08}": return "\\b"
        case "\u{0C}": return "\\f"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{0B}": return "\\v"
        case " "..."~": return String(scalar)
        default: break
        }
        if scalar.value < 0x80 { return "\\x" + hex(scalar.value, digits: 2) }
        if prints(scalar) { return String(scalar) }
        return scalar.value < 0x10000 ? "\\u" + hex(scalar.value, digits: 4) : "\\U" + hex(scalar.value, digits: 8)
    }

    private static func prints(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }

    private static func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
