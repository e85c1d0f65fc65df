/// When something happens, as cron writes it: `minute hour day-of-month month day-of-week`, in UTC. Pure.
///
/// Fields are lists of `*`, numbers, ranges `a-b` and steps `*/n`, `a-b/n`; months and weekdays may be named by three
/// letters, Sunday is 0 or 7. Where both days are restricted, either will do, as cron has it. `@hourly`, `@daily`,
/// `@weekly`, `@monthly` and `@yearly` stand for the obvious.
public struct CronExpression: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// Bit n stands for the value n.
    private let minutes: UInt64
    private let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let anyDay: Bool
    private let anyWeekday: Bool

    static let maximumLength = 128

    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// - Returns: nil for what is no expression, and for one whose time never comes, such as February 30.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        let fields = (Self.shorthands[text.lowercased()] ?? text).lowercased()
            .split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5, let minutes = Self.bits(fields[0], 0...59), let hours = Self.bits(fields[1], 0...23),
            let days = Self.bits(fields[2], 1...31),
            let months = Self.bits(fields[3], 1...12, names: Self.monthNames, firstName: 1),
            var weekdays = Self.bits(fields[4], 0...7, names: Self.weekdayNames, firstName: 0)
        else { return nil }
        if weekdays & 1 << 7 != 0 { weekdays |= 1 }
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        self.weekdays = weekdays & 0x7F
        anyDay = fields[2].first == "*"
        anyWeekday = fields[4].first == "*"
        description = fields.joined(separator: " ")
        guard next(after: 0) != nil else { return nil }
    }

    private static func bits(
        _ field: Substring, _ range: ClosedRange<Int>, names: [String] = [], firstName: Int = 0
    ) -> UInt64? {
        func value(_ text: Substring) -> Int? {
            if let index = names.firstIndex(of: String(text)) { return index + firstName }
            guard !text.isEmpty, text.utf8.count <= 2, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(text), range.contains(number)
            else { return nil }
            return number
        }
        var bits: UInt64 = 0
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            guard pieces.count <= 2, let first = pieces.first else { return nil }
            var step = 1
            if pieces.count == 2 {
                guard pieces[1].utf8.count <= 2, let number = Int(pieces[1]), number > 0 else { return nil }
                step = number
            }
            let low: Int
            var high: Int
            if first == "*" {
                (low, high) = (range.lowerBound, range.upperBound)
            } else {
                let ends = first.split(separator: "-", omittingEmptySubsequences: false)
                guard ends.count <= 2, let from = value(ends[0]) else { return nil }
                low = from
                high = pieces.count == 2 ? range.upperBound : from
                if ends.count == 2 {
                    guard let to = value(ends[1]), to >= from else { return nil }
                    high = to
                }
            }
            for number in stride(from: low, through: high, by: step) { bits |= 1 << UInt64(number) }
        }
        return bits
    }

    /// The first time after another, both in seconds since 1970; nil where there is none within nine years, which is as
    /// far apart as two leap days can be.
    public func next(after seconds: Int64) -> Int64? {
        var minute = seconds.quotientRoundedDown(60) + 1
        let last = minute + 9 * 366 * 1_440
        while minute <= last {
            let day = minute.quotientRoundedDown(1_440)
            guard isDay(day) else {
                minute = (day + 1) * 1_440
                continue
            }
            let ofDay = Int(minute - day * 1_440)
            guard hours & 1 << UInt64(ofDay / 60) != 0 else {
                minute = day * 1_440 + Int64(ofDay / 60 + 1) * 60
                continue
            }
            if minutes & 1 << UInt64(ofDay % 60) != 0 { return minute * 60 }
            minute += 1
        }
        return nil
    }

    private func isDay(_ day: Int64) -> Bool {
        let date = Self.date(ofDay: day)
        guard months & 1 << UInt64(date.month) != 0 else { return false }
        // 1970-01-01 was a Thursday.
        let weekday = Int((day % 7 + 11) % 7)
        let isOfMonth = days & 1 << UInt64(date.day) != 0
        let isOfWeek = weekdays & 1 << UInt64(weekday) != 0
        if anyDay || anyWeekday { return isOfMonth && isOfWeek }
        return isOfMonth || isOfWeek
    }

    /// Month and day of the Gregorian calendar, counted in years that begin in March.
    private static func date(ofDay day: Int64) -> (month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted.quotientRoundedDown(146_097)
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        return (Int(month < 10 ? month + 3 : month - 9), Int(ofYear - (153 * month + 2) / 5 + 1))
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity.
    fileprivate func quotientRoundedDown(_ divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}
