/// The parts of a blob that a client asks for (spec/registry.md L-4; RFC 9110, 14). Pure.
enum ByteRanges: Hashable, Sendable {
    case all
    /// In the order of the request; none is empty.
    case parts([Range<Int64>])
    /// Nothing of what is asked for is there.
    case none
    /// So many, or so much of the same, that it is refused.
    case tooMuch

    static let maximumCount = 1024

    /// - Parameters:
    ///   - header: of `Range`; nil where there is none.
    ///   - size: of the blob, in bytes.
    init(_ header: String?, size: Int64) {
        guard let header, header.lowercased().hasPrefix("bytes=") else {
            self = .all
            return
        }
        let specs = header.dropFirst(6).split(separator: ",", omittingEmptySubsequences: true)
        guard !specs.isEmpty else {
            self = .all
            return
        }
        guard specs.count <= Self.maximumCount else {
            self = .tooMuch
            return
        }
        var parts: [Range<Int64>] = []
        var total: Int64 = 0
        for spec in specs {
            switch Self.range(spec, size: size) {
            case .some(let range):
                guard let range else { continue }
                parts.append(range)
                let (sum, isTooMuch) = total.addingReportingOverflow(range.upperBound - range.lowerBound)
                guard !isTooMuch else {
                    self = .tooMuch
                    return
                }
                total = sum
            case .none:
                self = .all
                return
            }
        }
        if parts.isEmpty {
            self = .none
        } else if parts.count > 1, total - size > size {
            self = .tooMuch
        } else {
            self = .parts(parts)
        }
    }

    /// - Returns: nil for what is no range; `.some(nil)` for one that lies outside.
    private static func range(_ spec: Substring, size: Int64) -> Range<Int64>?? {
        let text = spec.filter { $0 != " " && $0 != "\t" }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2, !(ends[0].isEmpty && ends[1].isEmpty) else { return nil }
        if ends[0].isEmpty {
            guard let length = number(ends[1]) else { return nil }
            return length == 0 || size == 0 ? .some(nil) : .some(max(0, size - length)..<size)
        }
        guard let first = number(ends[0]) else { return nil }
        guard !ends[1].isEmpty else { return .some(first < size ? first..<size : nil) }
        guard let last = number(ends[1]) else { return nil }
        guard first <= last, first < size else { return .some(nil) }
        return .some(first..<(min(last, size - 1) + 1))
    }

    /// A decimal number; one beyond all bounds is the largest.
    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text) ?? Int64.max
    }
}
