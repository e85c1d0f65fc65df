extension JSONReader {
    /// At an opening quote: consumes the string, having checked its escapes and its UTF-8.
    mutating func scanString() throws(JSONError) -> JSONToken {
        position += 1
        let start = position
        var escaped = false
        while true {
            skipPlain()
            guard position < end else { throw unexpected("") }
            let byte = base[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return JSONToken(start: start, count: position - 1 - start, escaped: escaped)
            }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                try scanEscape()
            } else if byte < 0x20 {
                throw unexpected("in string literal")
            } else {
                try scanMultibyte()
            }
        }
    }

    /// Advances over ASCII that is neither quote, backslash nor control character, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position &+ 8 <= end {
            let word = UInt64(
                littleEndian: UnsafeRawPointer(base).loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quotes = word ^ 0x2222_2222_2222_2222
            let slashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let found =
                (((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
                    | ((word &- 0x2020_2020_2020_2020) & ~word) | word) & highs
            if found != 0 {
                position &+= found.trailingZeroBitCount &>> 3
                return
            }
            position &+= 8
        }
        while position < end {
            let byte = base[position]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            position &+= 1
        }
    }

    private mutating func scanEscape() throws(JSONError) {
        position += 1
        guard position < end else { throw unexpected("") }
        switch base[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard position < end, Self.hexDigit(base[position]) != nil else {
                    throw unexpected("in \\u hexadecimal character escape")
                }
                position += 1
            }
        default:
            throw unexpected("in string escape code")
        }
    }

    /// One code point beyond ASCII (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
    private mutating func scanMultibyte() throws(JSONError) {
        let first = base[position]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { low = 0xA0 }
            if first == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { low = 0x90 }
            if first == 0xF4 { high = 0x8F }
        default:
            throw error(.encoding, "invalid UTF-8 in string literal")
        }
        for index in 1..<length {
            guard position + index < end else { throw error(.syntax, "unexpected end of JSON input", at: end) }
            let byte = base[position + index]
            guard byte >= low, byte <= high else { throw error(.encoding, "invalid UTF-8 in string literal") }
            low = 0x80
            high = 0xBF
        }
        position += length
    }

    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    @inline(__always)
    func string(_ token: JSONToken) -> String {
        if token.escaped { return unescaped(token) }
        return String(decoding: UnsafeBufferPointer(start: base + token.start, count: token.count), as: UTF8.self)
    }

    /// Resolves escapes; half of a surrogate pair becomes U+FFFD, as in Go.
    func unescaped(_ token: JSONToken) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(token.count)
        var index = token.start
        let stop = token.start + token.count
        while index < stop {
            let byte = base[index]
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                index += 1
                continue
            }
            index += 2
            switch base[index - 1] {
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"):
                var code = codeUnit(at: index)
                index += 4
                if code & 0xFC00 == 0xD800, index + 6 <= stop, base[index] == UInt8(ascii: "\\"),
                    base[index + 1] == UInt8(ascii: "u")
                {
                    let low = codeUnit(at: index + 2)
                    if low & 0xFC00 == 0xDC00 {
                        code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
                        index += 6
                    }
                }
                let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
                out.append(contentsOf: String(scalar).utf8)
            case let other: out.append(other)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The four hex digits at `index`, already checked.
    private func codeUnit(at index: Int) -> UInt32 {
        var code: UInt32 = 0
        for offset in 0..<4 { code = code << 4 | (Self.hexDigit(base[index + offset]) ?? 0) }
        return code
    }
}
