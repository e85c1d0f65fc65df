/// Standard base64 with padding (RFC 4648, section 4), the JSON form of byte fields.
public enum Base64 {
    public enum Outcome: Sendable, Hashable {
        case bytes([UInt8])
        /// Offset of the first byte that cannot stand there.
        case illegal(at: Int)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    /// ASCII text of `bytes`.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let rest = bytes.count - index
            let second = rest > 1 ? bytes[index + 1] : 0
            let third = rest > 2 ? bytes[index + 2] : 0
            let group = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
            out.append(alphabet[Int(group >> 18)])
            out.append(alphabet[Int(group >> 12 & 63)])
            out.append(rest > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            out.append(rest > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
            index += 3
        }
        return out
    }

    /// Decodes padded base64; line breaks are skipped, as Go does.
    public static func decode(_ text: [UInt8]) -> Outcome { text.withUnsafeBufferPointer { decode($0) } }

    static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Outcome {
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == 0x0A || byte == 0x0D {
                index += 1
                continue
            }
            if byte == UInt8(ascii: "=") { return finish(text, index, group, digits, out) }
            let value = values[Int(byte)]
            guard value != 0xFF else { return .illegal(at: index) }
            group = group << 6 | UInt32(value)
            digits += 1
            index += 1
            if digits == 4 {
                out.append(UInt8(truncatingIfNeeded: group >> 16))
                out.append(UInt8(truncatingIfNeeded: group >> 8))
                out.append(UInt8(truncatingIfNeeded: group))
                group = 0
                digits = 0
            }
        }
        return digits == 0 ? .bytes(out) : .illegal(at: max(0, index - digits))
    }

    /// At the first `=`: checks the padding and takes the last one or two bytes.
    private static func finish(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ group: UInt32, _ digits: Int, _ out: [UInt8]
    ) -> Outcome {
        guard digits >= 2 else { return .illegal(at: start) }
        var padding = 0
        for index in start..<text.count {
            let byte = text[index]
            if byte == 0x0A || byte == 0x0D { continue }
            guard byte == UInt8(ascii: "="), digits + padding < 4 else { return .illegal(at: index) }
            padding += 1
        }
        guard digits + padding == 4 else { return .illegal(at: text.count) }
        var out = out
        if digits == 2 {
            out.append(UInt8(truncatingIfNeeded: group >> 4))
        } else {
            out.append(UInt8(truncatingIfNeeded: group >> 10))
            out.append(UInt8(truncatingIfNeeded: group >> 2))
        }
        return .bytes(out)
    }
}
