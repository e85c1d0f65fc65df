/// A duration as Go writes it: `10s`, `1m30s`, `1.5h`.
public struct GoDuration: Sendable {
    public let duration: Duration

    /// Nil for a text that is no duration.
    public init?(_ text: String) {
        if text == "0" {
            duration = .zero
            return
        }
        var rest = text[...]
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty else { return nil }
        var seconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let scale = Self.units[String(unit)] else { return nil }
            rest = rest.dropFirst(unit.count)
            seconds += number * scale
        }
        guard seconds.isFinite, seconds < 1e9 else { return nil }
        duration = .milliseconds(Int64(sign * seconds * 1000))
    }

    private static let units: [String: Double] = [
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600,
    ]
}
