/// Changes to the layout of text that is valid JSON; strings stay as they are but for Go's HTML escaping.
public enum JSONText {
    /// Appends `text` without white space; `<`, `>`, `&`, U+2028 and U+2029 are escaped as Go does for raw members.
    static func compact(_ text: UnsafeBufferPointer<UInt8>, into out: inout [UInt8]) {
        out.reserveCapacity(out.count + text.count)
        var inString = false
        // Mostly the text is compact already.
        var index = compactPrefix(of: text, &inString)
        out += text[..<index]
        while index < text.count {
            let byte = text[index]
            index += 1
            if inString {
                switch byte {
                case UInt8(ascii: "\\"):
                    out.append(byte)
                    if index < text.count { out.append(text[index]) }
                    index += 1
                    continue
                case UInt8(ascii: "\""): inString = false
                case UInt8(ascii: "<"): out += #"\u003c"#.utf8; continue
                case UInt8(ascii: ">"): out += #"\u003e"#.utf8; continue
                case UInt8(ascii: "&"): out += #"\u0026"#.utf8; continue
                case 0xE2 where index + 1 < text.count && text[index] == 0x80 && text[index + 1] & 0xFE == 0xA8:
                    out += (text[index + 1] == 0xA8 ? #"\u2028"# : #"\u2029"#).utf8
                    index += 2
                    continue
                default: break
                }
            } else {
                switch byte {
                case 0x20, 0x09, 0x0A, 0x0D: continue
                case UInt8(ascii: "\""): inString = true
                default: break
                }
            }
            out.append(byte)
        }
    }

    /// The length of the beginning that is as it should be.
    /// - Parameter inString: whether it ends inside of a string.
    private static func compactPrefix(of text: UnsafeBufferPointer<UInt8>, _ inString: inout Bool) -> Int {
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""): inString.toggle()
            case UInt8(ascii: "\\"): index += 1
            case 0x20, 0x09, 0x0A, 0x0D: if !inString { return index }
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0xE2: return index
            default: break
            }
            index += 1
        }
        return min(index, text.count)
    }

    /// Valid JSON without white space between its tokens.
    public static func compacted(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        text.withUnsafeBufferPointer { compact($0, into: &out) }
        return out
    }

    /// Valid JSON indented by two spaces, one member a line, for `?pretty`; empty containers stay on one line.
    public static func indented(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count * 2)
        var depth = 0
        var inString = false
        var pendingBreak = false
        var index = 0
        func lineBreak() {
            out.append(0x0A)
            out.append(contentsOf: repeatElement(0x20, count: 2 * depth))
        }
        while index < text.count {
            let byte = text[index]
            index += 1
            if inString {
                out.append(byte)
                if byte == UInt8(ascii: "\\"), index < text.count {
                    out.append(text[index])
                    index += 1
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: continue
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth = max(0, depth - 1)
                if pendingBreak { pendingBreak = false } else { lineBreak() }
                out.append(byte)
                continue
            default: break
            }
            if pendingBreak {
                pendingBreak = false
                lineBreak()
            }
            out.append(byte)
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                pendingBreak = true
            case UInt8(ascii: ","): lineBreak()
            case UInt8(ascii: ":"): out.append(0x20)
            default: break
            }
        }
        return out
    }
}
