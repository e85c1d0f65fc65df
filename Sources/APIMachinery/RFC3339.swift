import JSON

/// A text that is not a time, in the words of Go's `time.Parse`.
public struct TimeParseError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

/// Reads times as Go's `time.Parse` does with the layouts `RFC3339` and `metav1.RFC3339Micro`: any offset, fractions
/// of any length, lower-case letters refused.
struct RFC3339 {
    enum Layout: String {
        case seconds = "2006-01-02T15:04:05Z07:00"
        case micros = "2006-01-02T15:04:05.000000Z07:00"
    }

    private let text: String
    private let layout: Layout
    private let bytes: [UInt8]
    private var position = 0

    /// Seconds since 1970 and nanoseconds of the second.
    static func parse(_ text: String, _ layout: Layout) throws(TimeParseError) -> (seconds: Int64, nanoseconds: Int) {
        var parser = RFC3339(text: text, layout: layout, bytes: Array(text.utf8))
        return try parser.time()
    }

    /// Seconds since 1970 of a text of the form every server writes, `2026-01-02T03:04:05Z`; nil for any other form.
    static func plain(_ text: String) -> Int64? {
        text.utf8.withContiguousStorageIfAvailable { bytes -> Int64? in
            guard bytes.count == 20 else { return nil }
            func digits(_ start: Int, _ count: Int, _ separator: UInt8) -> Int? {
                var value = 0
                for index in start..<(start + count) {
                    let digit = bytes[index] &- 0x30
                    guard digit <= 9 else { return nil }
                    value = value * 10 + Int(digit)
                }
                return bytes[start + count] == separator ? value : nil
            }
            guard let year = digits(0, 4, UInt8(ascii: "-")), let month = digits(5, 2, UInt8(ascii: "-")),
                let day = digits(8, 2, UInt8(ascii: "T")), let hour = digits(11, 2, UInt8(ascii: ":")),
                let minute = digits(14, 2, UInt8(ascii: ":")), let second = digits(17, 2, UInt8(ascii: "Z")),
                1...12 ~= month, day >= 1, day <= CivilTime.days(inMonth: month, year: year), hour < 24, minute < 60,
                second < 60
            else { return nil }
            return CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
                .secondsSince1970
        } ?? nil
    }

    private init(text: String, layout: Layout, bytes: [UInt8]) {
        self.text = text
        self.layout = layout
        self.bytes = bytes
    }

    private mutating func time() throws(TimeParseError) -> (seconds: Int64, nanoseconds: Int) {
        let year = try number("2006", digits: 4...4)
        try literal("-")
        let month = try number("01", digits: 2...2, in: 1...12, "month")
        try literal("-")
        let day = try number("02", digits: 2...2)
        try literal("T")
        let hour = try number("15", digits: 1...2, in: 0...23, "hour")
        try literal(":")
        let minute = try number("04", digits: 2...2, in: 0...59, "minute")
        try literal(":")
        let second = try number("05", digits: 2...2, in: 0...59, "second")
        let nanoseconds = try fraction()
        let offset = try zone()
        if position < bytes.count { throw problem(": extra text: " + GoText.quoted(rest)) }
        guard day >= 1, day <= CivilTime.days(inMonth: month, year: year) else { throw problem(": day out of range") }
        let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        return (civil.secondsSince1970 - Int64(offset), nanoseconds)
    }

    private var rest: String { String(decoding: bytes[position...], as: UTF8.self) }

    private func problem(_ message: String) -> TimeParseError {
        TimeParseError(message: "parsing time \(GoText.quoted(text))\(message)")
    }

    private func mismatch(_ element: String) -> TimeParseError {
        problem(
            " as \(GoText.quoted(layout.rawValue)): cannot parse \(GoText.quoted(rest)) as \(GoText.quoted(element))")
    }

    private func isDigit(_ index: Int) -> Bool { index < bytes.count && bytes[index] &- 0x30 <= 9 }

    private mutating func literal(_ character: Unicode.Scalar) throws(TimeParseError) {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            throw mismatch(String(character))
        }
        position += 1
    }

    private mutating func number(
        _ element: String, digits: ClosedRange<Int>, in range: ClosedRange<Int>? = nil, _ name: String = ""
    ) throws(TimeParseError) -> Int {
        var count = 0
        var value = 0
        while count < digits.upperBound, isDigit(position + count) {
            value = value * 10 + Int(bytes[position + count] - 0x30)
            count += 1
        }
        guard count >= digits.lowerBound else { throw mismatch(element) }
        if let range, !range.contains(value) { throw problem(": \(name) out of range") }
        position += count
        return value
    }

    /// Nanoseconds; digits beyond the ninth are dropped. The layout with micros wants exactly six.
    private mutating func fraction() throws(TimeParseError) -> Int {
        let present = position < bytes.count && bytes[position] == UInt8(ascii: ".") && isDigit(position + 1)
        let comma = position < bytes.count && bytes[position] == UInt8(ascii: ",") && isDigit(position + 1)
        if layout == .micros {
            guard present, (1...6).allSatisfy({ isDigit(position + $0) }) else { throw mismatch(".000000") }
        }
        guard present || comma else { return 0 }
        position += 1
        var value = 0
        var count = 0
        while isDigit(position), layout == .seconds || count < 6 {
            if count < 9 { value = value * 10 + Int(bytes[position] - 0x30) }
            count += 1
            position += 1
        }
        for _ in 0..<max(0, 9 - count) { value *= 10 }
        return value
    }

    /// Seconds east of Greenwich.
    private mutating func zone() throws(TimeParseError) -> Int {
        if position < bytes.count, bytes[position] == UInt8(ascii: "Z") {
            position += 1
            return 0
        }
        guard position + 6 <= bytes.count, bytes[position + 3] == UInt8(ascii: ":"),
            [1, 2, 4, 5].allSatisfy({ isDigit(position + $0) }),
            bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
        else { throw mismatch("Z07:00") }
        let hours = Int(bytes[position + 1] - 0x30) * 10 + Int(bytes[position + 2] - 0x30)
        let minutes = Int(bytes[position + 4] - 0x30) * 10 + Int(bytes[position + 5] - 0x30)
        guard hours <= 24 else { throw problem(": time zone offset hour out of range") }
        guard minutes < 60 else { throw problem(": time zone offset minute out of range") }
        let negative = bytes[position] == UInt8(ascii: "-")
        position += 6
        return (hours * 60 + minutes) * (negative ? -60 : 60)
    }
}
