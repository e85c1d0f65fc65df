extension Quantity: CustomStringConvertible {
    /// The canonical form: no fraction, and the largest unit that allows it.
    public var description: String {
        if isZero { return "0" }
        let sign = isNegative ? "-" : ""
        let magnitude = nanos.magnitude
        let unit = Self.nanosPerUnit.magnitude
        // Small ones, and those with a fraction, are clearer in powers of ten.
        if format == .binarySI, magnitude >= 1024 * unit, magnitude % unit == 0 {
            var (number, exponent) = (magnitude / unit, 0)
            while exponent < 60, number % 1024 == 0 {
                number /= 1024
                exponent += 10
            }
            return sign + String(number) + (QuantitySuffix.binary.first { $0.exponent == exponent }?.text ?? "")
        }
        var (number, exponent) = (magnitude, -9)
        while number % 1000 == 0 {
            number /= 1000
            exponent += 3
        }
        if format != .decimalExponent, let suffix = QuantitySuffix.decimal.first(where: { $0.exponent == exponent }) {
            return sign + String(number) + suffix.text
        }
        return sign + String(number) + (exponent == 0 ? "" : "e\(exponent)")
    }
}
