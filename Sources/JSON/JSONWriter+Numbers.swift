extension JSONWriter {
    /// The shortest digits that give the number back, laid out as Go does: plain between 1e-6 and 1e21, else with an
    /// exponent (`1e+21`, `1e-7`). What JSON cannot express (NaN, infinity) becomes `null`.
    public mutating func write(_ value: Double) {
        guard value.isFinite else {
            writeNull()
            return
        }
        let (digits, exponent) = Self.shortest(value.magnitude)
        if value.sign == .minus { put(UInt8(ascii: "-")) }
        let magnitude = value.magnitude
        if magnitude != 0, magnitude < 1e-6 || magnitude >= 1e21 {
            put(digits[0])
            if digits.count > 1 {
                put(UInt8(ascii: "."))
                for digit in digits.dropFirst() { put(digit) }
            }
            put(UInt8(ascii: "e"))
            if exponent > 0 { put(UInt8(ascii: "+")) }
            write(Int64(exponent - 1))
        } else if exponent <= 0 {
            put(UInt8(ascii: "0"))
            if magnitude != 0 {
                put(UInt8(ascii: "."))
                for _ in 0..<(-exponent) { put(UInt8(ascii: "0")) }
                for digit in digits { put(digit) }
            }
        } else {
            for index in 0..<max(exponent, digits.count) {
                if index == exponent { put(UInt8(ascii: ".")) }
                put(index < digits.count ? digits[index] : UInt8(ascii: "0"))
            }
        }
        needsComma = true
    }

    /// Digits `d` (ASCII) and exponent `e` such that the value is 0.d × 10^e.
    private static func shortest(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var written = 0
        var negative = false
        var part = 0  // 0: integer digits, 1: fraction, 2: exponent
        for byte in value.description.utf8 {
            switch byte {
            case UInt8(ascii: "."): part = 1
            case UInt8(ascii: "e"): part = 2
            case UInt8(ascii: "-"): negative = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if part == 2 {
                    written = written * 10 + Int(byte - UInt8(ascii: "0"))
                } else {
                    if part == 0 { exponent += 1 }
                    digits.append(byte)
                }
            default: break
            }
        }
        exponent += negative ? -written : written
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, value == 0 ? 0 : exponent)
    }
}
