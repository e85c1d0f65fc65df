/// Why a text is no quantity; the texts are those of Kubernetes.
public enum QuantityError: Error, Sendable, Hashable {
    case format
    case suffix

    public var text: String {
        switch self {
        case .format:
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        case .suffix: "unable to parse quantity's suffix"
        }
    }
}

extension Quantity {
    /// Reads `[sign]digits[.digits][suffix]`.
    ///
    /// As Kubernetes reads it, which is more than the error's text admits: missing digits are zero.
    public init(parsing text: String) throws(QuantityError) { try self.init(parsing: Array(text.utf8)) }

    /// - Parameter text: may come from anybody and be of any length.
    init(parsing text: [UInt8]) throws(QuantityError) {
        guard !text.isEmpty else { throw .format }
        var rest = text[...]
        let sign = rest.first
        let isNegative = sign == UInt8(ascii: "-")
        if isNegative || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        var number = DecimalDigits()
        number.digits = Self.takeDigits(&rest)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let fraction = Self.takeDigits(&rest)
            number.digits += fraction
            number.exponent = -fraction.count
        }
        try Self.checkForm(ofSuffix: rest)
        let unit = try Unit(suffix: rest)
        number.normalize()
        let magnitude: Int128
        var format = unit.format
        switch unit {
        case .decimal(let exponent), .exponent(let exponent):
            magnitude = number.scaled(byPowerOfTen: exponent + 9)
        case .binary(let exponent):
            // Only binary quantities are bounded by what 64 bits hold.
            magnitude = min(number.doubled(exponent).scaled(byPowerOfTen: 9), Int128(Int64.max) * Self.nanosPerUnit)
            if magnitude < Self.nanosPerUnit { format = .decimalSI }
        }
        self.init(nanos: isNegative ? -magnitude : magnitude, format: format)
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        return digits.map { $0 &- UInt8(ascii: "0") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    /// `[eEinumkKMGTP]*[-+]?[0-9]*`
    private static func checkForm(ofSuffix suffix: ArraySlice<UInt8>) throws(QuantityError) {
        let letters = Array("eEinumkKMGTP".utf8)
        var rest = suffix.drop { letters.contains($0) }
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard rest.drop(while: isDigit).isEmpty else { throw .format }
    }
}

/// What a suffix multiplies by.
private enum Unit {
    case decimal(Int)
    case binary(Int)
    case exponent(Int)

    var format: Quantity.Format {
        switch self {
        case .decimal: .decimalSI
        case .binary: .binarySI
        case .exponent: .decimalExponent
        }
    }

    init(suffix: ArraySlice<UInt8>) throws(QuantityError) {
        let text = String(decoding: suffix, as: UTF8.self)
        if let known = QuantitySuffix.decimal.first(where: { $0.text == text }) {
            self = .decimal(known.exponent)
        } else if let known = QuantitySuffix.binary.first(where: { $0.text == text }) {
            self = .binary(known.exponent)
        } else if text.utf8.count > 1, text.first == "e" || text.first == "E", let number = Int64(text.dropFirst()) {
            // Go keeps 32 bits of it.
            self = .exponent(Int(Int32(truncatingIfNeeded: number)))
        } else {
            throw .suffix
        }
    }
}

/// The letters behind quantities, and the powers they stand for.
enum QuantitySuffix {
    /// Powers of ten.
    static let decimal: [(text: String, exponent: Int)] = [
        ("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18),
    ]
    /// Powers of two.
    static let binary: [(text: String, exponent: Int)] = [
        ("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60),
    ]
}

/// A number of any length: digits, most significant first, times a power of ten.
private struct DecimalDigits {
    var digits: [UInt8] = []
    var exponent = 0

    /// More digits than a quantity can tell apart, also after 60 doublings.
    private static let longest = 128

    /// Drops leading zeros, and digits beyond any that count; something stays for what was dropped, because amounts
    /// are rounded up.
    mutating func normalize() {
        digits = Array(digits.drop { $0 == 0 })
        guard digits.count > Self.longest else { return }
        let dropped = digits[Self.longest...]
        exponent += dropped.count
        let isExact = dropped.allSatisfy { $0 == 0 }
        digits.removeSubrange(Self.longest...)
        if !isExact {
            digits.append(1)
            exponent -= 1
        }
    }

    /// Multiplied by two, `times` over.
    func doubled(_ times: Int) -> DecimalDigits {
        var result = self
        for _ in 0..<times {
            var carry: UInt8 = 0
            for index in result.digits.indices.reversed() {
                let value = result.digits[index] * 2 + carry
                result.digits[index] = value % 10
                carry = value / 10
            }
            if carry > 0 { result.digits.insert(carry, at: 0) }
        }
        return result
    }

    /// The whole number that is not less, at most `Quantity.largest`.
    func scaled(byPowerOfTen power: Int) -> Int128 {
        if digits.isEmpty { return 0 }
        let whole = digits.count + exponent + power
        if whole <= 0 { return 1 }
        // `largest` is the smallest number of 38 digits.
        if whole > 37 { return Quantity.largest }
        var value: Int128 = 0
        for index in 0..<whole { value = value * 10 + (index < digits.count ? Int128(digits[index]) : 0) }
        if digits.count > whole, digits[whole...].contains(where: { $0 != 0 }) { value += 1 }
        return min(value, Quantity.largest)
    }
}
