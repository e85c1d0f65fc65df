#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The `Retry-After` header: seconds, or a date in the one form HTTP still allows to be sent.
enum RetryAfter {
    /// The pause asked for, never negative; nil for anything unreadable.
    static func parse(_ value: String, now: Date) -> Duration? {
        let value = value.trimmingBlanks
        if let seconds = UInt32(value) { return .seconds(Int64(seconds)) }
        guard let date = date(value) else { return nil }
        return .seconds(max(0, Int64((date - now.timeIntervalSince1970).rounded(.up))))
    }

    /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func date(_ text: String) -> Double? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
            let day = Int(parts[1]), (1...31).contains(day), let month = months.firstIndex(of: String(parts[2])),
            let year = Int(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return Double(days(year, month + 1, day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2])
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Days since 1970-01-01 in the Gregorian calendar, counted in years that start in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return y * 365 + y / 4 - y / 100 + y / 400 + dayOfYear - 719_468
    }
}

/// Whether and when a failed call is tried again (`spec/import-and-controllers.md` A.12, H.4).
struct RetryPolicy: Sendable {
    var maxRetries: Int
    var base: Duration
    var maxRetryAfter: Duration

    /// The pause before the retry number `attempt` (from 0), nil for none. `jitter` is between 0 and 1.
    func pause(after error: RegistryError, attempt: Int, jitter: Double) -> Duration? {
        guard attempt < maxRetries, error.isTemporary else { return nil }
        if let asked = error.retryAfter { return asked <= maxRetryAfter ? asked : nil }
        return base * (1 << min(attempt, 16)) * (0.5 + jitter)
    }
}
