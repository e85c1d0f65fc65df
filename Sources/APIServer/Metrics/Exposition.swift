/// The text of one scrape, in the Prometheus text format 0.0.4 (spec/api-machinery.md 8.7).
///
/// ```swift
/// var text = Exposition()
/// text.begin("http_requests_total", .counter, help: "Requests by method.")
/// text.sample([("method", "GET")], 3)
/// ```
public struct Exposition: Sendable {
    /// The types of families this server has.
    public enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All that was written so far; each line ends with a newline.
    public private(set) var text = ""
    private var name = ""
    /// The head of the present family; written with its first sample, so that an empty family leaves no trace.
    private var head = ""

    public init() {}

    /// Begins a family. All its samples follow before the next one begins; a name begins once.
    public mutating func begin(_ name: String, _ kind: Kind, help: String) {
        self.name = name
        head = "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One sample of the present family.
    public mutating func sample(_ labels: [(name: String, value: String)] = [], _ value: Double) {
        line("", labels, Self.text(of: value))
    }

    /// One sample of the present family.
    public mutating func sample(_ labels: [(name: String, value: String)] = [], _ value: Int) {
        line("", labels, String(value))
    }

    /// All samples of one label set of a histogram: cumulative buckets, sum and count.
    public mutating func histogram(_ labels: [(name: String, value: String)], _ histogram: HistogramValues) {
        var total = 0
        for (index, bound) in histogram.bounds.enumerated() {
            total += histogram.counts[index]
            line("_bucket", labels + [("le", Self.text(of: bound))], String(total))
        }
        line("_bucket", labels + [("le", "+Inf")], String(histogram.count))
        line("_sum", labels, Self.text(of: histogram.sum))
        line("_count", labels, String(histogram.count))
    }

    private mutating func line(_ suffix: String, _ labels: [(name: String, value: String)], _ value: String) {
        if !head.isEmpty {
            text += head
            head = ""
        }
        text += name
        text += suffix
        if !labels.isEmpty {
            text += "{"
            for (index, label) in labels.enumerated() {
                if index > 0 { text += "," }
                text += "\(label.name)=\"\(Self.escaped(label.value, quotes: true))\""
            }
            text += "}"
        }
        text += " \(value)\n"
    }

    /// Backslashes and newlines are escaped everywhere, quotes in label values.
    static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || quotes && $0 == 0x22 }) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Whole numbers without a fraction, and the words of the format for what is no number.
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.description
    }
}
