/// A length of time as policies and annotations write it: numbers with units, the larger first or not, such as `36h`,
/// `1d12h`, `30m`. Weeks, days, hours, minutes and seconds; whole numbers alone.
struct RetentionPeriod: Hashable, Sendable, Comparable {
    let seconds: Int64

    /// A hundred years: beyond it nothing is meant.
    static let longest: Int64 = 100 * 365 * 86_400

    private static let units: [UInt8: Int64] = [
        UInt8(ascii: "w"): 604_800, UInt8(ascii: "d"): 86_400, UInt8(ascii: "h"): 3_600, UInt8(ascii: "m"): 60,
        UInt8(ascii: "s"): 1,
    ]

    init(seconds: Int64) { self.seconds = seconds }

    /// Nil for a text that is no duration, is zero, or is longer than a hundred years.
    init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        var total: Int64 = 0
        var number: Int64?
        for byte in text.utf8 {
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                let next = (number ?? 0) * 10 + Int64(byte - UInt8(ascii: "0"))
                guard next <= Self.longest else { return nil }
                number = next
            } else {
                guard let unit = Self.units[byte], let count = number else { return nil }
                let (part, isTooLong) = count.multipliedReportingOverflow(by: unit)
                guard !isTooLong, part <= Self.longest, total + part <= Self.longest else { return nil }
                total += part
                number = nil
            }
        }
        guard number == nil, total > 0 else { return nil }
        seconds = total
    }

    static func < (left: RetentionPeriod, right: RetentionPeriod) -> Bool { left.seconds < right.seconds }

    var duration: Duration { .seconds(seconds) }
}
