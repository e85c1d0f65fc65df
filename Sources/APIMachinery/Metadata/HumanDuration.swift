/// Durations as people read them in tables.
public enum HumanDuration {
    /// kubectl's short form: `5s`, `3m12s`, `4h`, `6d`; `<unknown>` for a zero time.
    public static func short(since time: Timestamp, now: Timestamp) -> String {
        guard !time.isZero else { return "<unknown>" }
        let seconds = now.secondsSince1970 - time.secondsSince1970
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if hours < 192 { return pair(days, "d", hours % 24, "h") }
        if days < 365 * 2 { return "\(days)d" }
        if days < 365 * 8 { return pair(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }

    private static func pair(_ first: Int64, _ unit: String, _ second: Int64, _ small: String) -> String {
        second == 0 ? "\(first)\(unit)" : "\(first)\(unit)\(second)\(small)"
    }

    /// The reference's long form of image tables: `5 minutes`, `About an hour`, `3 weeks`
    /// (spec/image-resources.md 18).
    public static func long(seconds: Int64) -> String {
        if seconds < 1 { return "Less than a second" }
        if seconds == 1 { return "1 second" }
        if seconds < 60 { return "\(seconds) seconds" }
        let minutes = seconds / 60
        if minutes == 1 { return "About a minute" }
        if minutes < 60 { return "\(minutes) minutes" }
        let hours = (seconds + 1800) / 3600
        if hours == 1 { return "About an hour" }
        if hours < 48 { return "\(hours) hours" }
        if hours < 24 * 14 { return "\(hours / 24) days" }
        if hours < 24 * 60 { return "\(hours / 24 / 7) weeks" }
        if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
        return "\(hours / 24 / 365) years"
    }

    /// `<long> ago`; a zero time is as long ago as the clock of the reference can say.
    public static func ago(_ time: Timestamp, now: Timestamp) -> String {
        guard !time.isZero else { return "292 years ago" }
        return "\(long(seconds: max(0, now.secondsSince1970 - time.secondsSince1970))) ago"
    }
}
