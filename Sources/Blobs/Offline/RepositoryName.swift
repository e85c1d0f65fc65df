/// The grammars of names (spec/registry.md, appendix C), as far as directories have to be checked by them.
enum RepositoryName {
    /// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
    static func isComponent(_ text: String) -> Bool {
        var separator: [UInt8] = [0]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): separator = []
            case UInt8(ascii: "."): if separator.isEmpty { separator = [byte] } else { return false }
            case UInt8(ascii: "_"):
                guard separator.isEmpty || separator == [byte] else { return false }
                separator.append(byte)
            case UInt8(ascii: "-"):
                guard separator.allSatisfy({ $0 == byte }) else { return false }
                separator.append(byte)
            default: return false
            }
        }
        return separator.isEmpty
    }

    /// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
    static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, first != UInt8(ascii: "."),
            first != UInt8(ascii: "-")
        else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}
