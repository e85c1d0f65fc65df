import APIMachinery
import JSON

/// What a token says.
struct JSONWebClaims: Sendable {
    let members: JSONValue

    init(_ members: JSONValue) { self.members = members }

    subscript(name: String) -> JSONValue? { members[name] }

    var issuer: String { members["iss"]?.stringValue ?? "" }
    var subject: String { members["sub"]?.stringValue ?? "" }

    /// One audience or a list of them.
    var audiences: [String] { strings("aud") }

    /// A string as a list of one, or the strings of a list.
    func strings(_ name: String) -> [String] {
        guard let value = members[name] else { return [] }
        if let text = value.stringValue { return [text] }
        return value.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// Seconds since 1970; nil where there is no such claim, or it is no number that could be a time.
    func time(_ name: String) -> Int64? {
        guard let value = members[name]?.doubleValue, value.isFinite, value >= 0, value < 1e12 else { return nil }
        return Int64(value)
    }

    /// Whether the token is good now: `exp` must be there and lie ahead, `nbf` and `iat` must lie behind.
    /// - Parameters:
    ///   - leeway: how much clocks may differ, in seconds.
    ///   - seconds: how long ago it may have ended.
    func isCurrent(now: Timestamp, leeway: Int64, expiredWithin seconds: Int64 = 0) -> Bool {
        let now = now.secondsSince1970
        guard let end = time("exp"), now < end + leeway + seconds else { return false }
        for name in ["nbf", "iat"] where members[name] != nil {
            guard let start = time(name), now >= start - leeway else { return false }
        }
        return true
    }
}
