extension Timestamp {
    /// As HTTP headers write it (RFC 9110, 5.6.7): `Fri, 02 Jan 2026 03:04:05 GMT`.
    public var httpDate: String {
        let civil = CivilTime(secondsSince1970: secondsSince1970)
        let days = secondsSince1970 >= 0 ? secondsSince1970 / 86_400 : (secondsSince1970 - 86_399) / 86_400
        // The first of January 1970 was a Thursday.
        let weekday = Int(((days + 4) % 7 + 7) % 7)
        var out: [UInt8] = []
        out += Self.weekdays[weekday].utf8
        out += ", ".utf8
        CivilTime.append(civil.day, digits: 2, to: &out)
        out += " \(Self.months[civil.month - 1]) ".utf8
        CivilTime.append(max(0, civil.year), digits: 4, to: &out)
        for (mark, value) in [(" ", civil.hour), (":", civil.minute), (":", civil.second)] {
            out += mark.utf8
            CivilTime.append(value, digits: 2, to: &out)
        }
        return String(decoding: out, as: UTF8.self) + " GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
