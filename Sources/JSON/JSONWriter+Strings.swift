extension JSONWriter {
    /// A string: `"`, `\` and control characters escaped; also `<`, `>`, `&`, U+2028 and U+2029, as Go does by default.
    public mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { buffer in
            reserve(buffer.count &+ 2)
            put(UInt8(ascii: "\""))
            if let start = buffer.baseAddress { putEscaped(start, buffer.count) }
            put(UInt8(ascii: "\""))
        }
        needsComma = true
    }

    private mutating func putEscaped(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
        var start = 0
        var index = 0
        while index < length {
            index = Self.plainEnd(bytes, index, length)
            guard index < length else { break }
            let byte = bytes[index]
            if byte == 0xE2 {
                // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
                guard index + 2 < length, bytes[index + 1] == 0x80, bytes[index + 2] & 0xFE == 0xA8 else {
                    index += 1
                    continue
                }
                put(bytes + start, index - start)
                putUnicodeEscape(bytes[index + 2] == 0xA8 ? 0x2028 : 0x2029)
                index += 3
            } else {
                put(bytes + start, index - start)
                putEscape(byte)
                index += 1
            }
            start = index
        }
        put(bytes + start, length - start)
    }

    /// Offset of the first byte from `index` on that may need escaping.
    @inline(__always)
    private static func plainEnd(_ bytes: UnsafePointer<UInt8>, _ index: Int, _ length: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = index
        while index &+ 8 <= length {
            let word = UInt64(
                littleEndian: UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quotes = word ^ 0x2222_2222_2222_2222
            let slashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let ampersands = word ^ 0x2626_2626_2626_2626
            // '<' is 3C and '>' is 3E: they differ in one bit only.
            let angles = (word & 0xFDFD_FDFD_FDFD_FDFD) ^ 0x3C3C_3C3C_3C3C_3C3C
            let lines = word ^ 0xE2E2_E2E2_E2E2_E2E2
            let found =
                (((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | ((ampersands &- ones) & ~ampersands)
                    | ((angles &- ones) & ~angles) | ((lines &- ones) & ~lines)
                    | ((word &- 0x2020_2020_2020_2020) & ~word)) & 0x8080_8080_8080_8080
            if found != 0 { return index &+ found.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < length {
            switch bytes[index] {
            case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "&"), UInt8(ascii: "<"),
                UInt8(ascii: ">"), 0xE2:
                return index
            default: index &+= 1
            }
        }
        return index
    }

    private mutating func putEscape(_ byte: UInt8) {
        let short: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): short = byte
        case 0x0A: short = UInt8(ascii: "n")
        case 0x0D: short = UInt8(ascii: "r")
        case 0x09: short = UInt8(ascii: "t")
        case 0x08: short = UInt8(ascii: "b")
        case 0x0C: short = UInt8(ascii: "f")
        default:
            putUnicodeEscape(UInt16(byte))
            return
        }
        put(UInt8(ascii: "\\"))
        put(short)
    }

    private mutating func putUnicodeEscape(_ unit: UInt16) {
        put(UInt8(ascii: "\\"))
        put(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] as [UInt16] {
            let digit = UInt8(truncatingIfNeeded: unit >> shift) & 0xF
            put(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
