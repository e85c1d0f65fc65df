extension JSONReader {
    /// At `-` or a digit: consumes the number.
    mutating func scanNumber() throws(JSONError) -> JSONToken {
        let start = position
        var written = false
        if base[position] == UInt8(ascii: "-") { position += 1 }
        if position < end, base[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try scanDigits("in numeric literal")
        }
        if position < end, base[position] == UInt8(ascii: ".") {
            written = true
            position += 1
            try scanDigits("after decimal point in numeric literal")
        }
        if position < end, base[position] | 0x20 == UInt8(ascii: "e") {
            written = true
            position += 1
            if position < end, base[position] == UInt8(ascii: "+") || base[position] == UInt8(ascii: "-") {
                position += 1
            }
            try scanDigits("in exponent of numeric literal")
        }
        return JSONToken(start: start, count: position - start, escaped: written)
    }

    private mutating func scanDigits(_ context: StaticString) throws(JSONError) {
        guard position < end, isDigit(base[position]) else { throw unexpected("\(context)") }
        repeat { position += 1 } while position < end && isDigit(base[position])
    }

    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    /// The exact value, if it is a whole number that fits: `10`, also `10.0` and `1e1`.
    func integer(_ token: JSONToken) -> Int64? {
        token.escaped ? decimalInteger(token) : plainInteger(token.start, token.count)
    }

    private func plainInteger(_ start: Int, _ count: Int) -> Int64? {
        let negative = base[start] == UInt8(ascii: "-")
        var value: UInt64 = 0
        for index in (negative ? start + 1 : start)..<(start + count) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(base[index] &- UInt8(ascii: "0")))
            if overflow || carry { return nil }
            value = sum
        }
        return Self.signed(value, negative: negative)
    }

    private static func signed(_ magnitude: UInt64, negative: Bool) -> Int64? {
        if !negative { return Int64(exactly: magnitude) }
        if magnitude == UInt64(Int64.max) + 1 { return Int64.min }
        return Int64(exactly: magnitude).map { -$0 }
    }

    /// Digits with a decimal point or an exponent: exact, without a detour over floating point.
    private func decimalInteger(_ token: JSONToken) -> Int64? {
        var digits: [UInt8] = []
        var exponent = 0
        var index = token.start
        let stop = token.start + token.count
        let negative = base[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        var fraction = false
        while index < stop, base[index] | 0x20 != UInt8(ascii: "e") {
            if base[index] == UInt8(ascii: ".") {
                fraction = true
            } else {
                digits.append(base[index] &- UInt8(ascii: "0"))
                if fraction { exponent -= 1 }
            }
            index += 1
        }
        if index < stop {
            index += 1
            let sign = base[index] == UInt8(ascii: "-") ? -1 : 1
            var written = 0
            while index < stop {
                if isDigit(base[index]) {
                    written = min(written * 10 + Int(base[index] &- UInt8(ascii: "0")), 1 << 40)
                }
                index += 1
            }
            exponent += sign * written
        }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { return 0 }
        guard exponent >= 0, exponent < 20 else { return nil }
        var value: UInt64 = 0
        for digit in digits + [UInt8](repeating: 0, count: exponent) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
        }
        return Self.signed(value, negative: negative)
    }

    /// The nearest double; nil if beyond the largest.
    func double(_ token: JSONToken) -> Double? {
        let text = String(decoding: UnsafeBufferPointer(start: base + token.start, count: token.count), as: UTF8.self)
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Consumes a number into an `integer` if it is written as one and fits, else into a `double`.
    mutating func readNumber() throws(JSONError) -> JSONValue {
        let token = try scanNumber()
        if !token.escaped, let value = integer(token) { return .integer(value) }
        guard let value = double(token) else { throw typeError("number \(string(at: token))", "float64") }
        return .double(value)
    }

    func string(at token: JSONToken) -> String {
        String(decoding: UnsafeBufferPointer(start: base + token.start, count: token.count), as: UTF8.self)
    }
}
