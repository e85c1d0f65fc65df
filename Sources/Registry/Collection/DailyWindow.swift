/// A part of every day, in UTC; it may go over midnight. Pure.
public struct DailyWindow: Hashable, Sendable {
    /// Minutes of the day; the end may be 24:00, and is not in it.
    private let start: Int64
    private let end: Int64

    private static let day: Int64 = 1_440

    /// Reads `HH:MM-HH:MM`.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = Self.minutes(parts[0]), let end = Self.minutes(parts[1]), start < Self.day,
            start != end
        else { return nil }
        self.start = start
        self.end = end
    }

    private static func minutes(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hours = Int64(parts[0]), let minutes = Int64(parts[1]), minutes < 60
        else { return nil }
        let total = hours * 60 + minutes
        return total <= day ? total : nil
    }

    /// Milliseconds until it begins; 0 while it lasts.
    /// - Parameter now: milliseconds since 1970.
    func wait(at now: Int64) -> Int64 {
        let day = Self.day * 60_000
        let moment = (now % day + day) % day
        let (start, end) = (start * 60_000, end * 60_000)
        let isOpen = start < end ? (start..<end).contains(moment) : moment >= start || moment < end
        if isOpen { return 0 }
        return moment < start ? start - moment : start + day - moment
    }
}
