import APIMachinery

/// Elapsed time as the tables of this group print it (spec/image-resources.md 18).
enum HumanDuration {
    /// `2 hours ago`. A zero time is as far away as the reference can count.
    static func ago(_ time: Timestamp, now: Timestamp) -> String {
        if time.isZero { return "292 years ago" }
        let (seconds, overflow) = now.secondsSince1970.subtractingReportingOverflow(time.secondsSince1970)
        return overflow ? "292 years ago" : "\(text(seconds: seconds)) ago"
    }

    static func text(seconds: Int64) -> String {
        switch seconds {
        case ..<1: return "Less than a second"
        case 1: return "1 second"
        case ..<60: return "\(seconds) seconds"
        default: break
        }
        let minutes = seconds / 60
        if minutes == 1 { return "About a minute" }
        if minutes < 60 { return "\(minutes) minutes" }
        let hours = (seconds + 1800) / 3600
        switch hours {
        case ...1: return "About an hour"
        case ..<48: return "\(hours) hours"
        case ..<(24 * 14): return "\(hours / 24) days"
        case ..<(24 * 60): return "\(hours / 24 / 7) weeks"
        case ..<(24 * 365 * 2): return "\(hours / 24 / 30) months"
        default: return "\(hours / 24 / 365) years"
        }
    }
}
