#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What an answer says of the requests that are left: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`, also
/// with `X-` before them, and `Retry-After` of a 429. Numbers may be followed by parameters: `76;w=21600`.
struct RateLimitHeaders: Hashable, Sendable {
    var limit: Int?
    var remaining: Int?
    /// Until the window begins anew.
    var reset: Duration?
    /// The length of the window.
    var window: Duration?
    /// The registry refused the request for being one too many.
    var isRefusal = false
    var retryAfter: Duration?

    /// Nothing beyond a year is believed.
    private static let longest: Int64 = 366 * 86_400

    init() {}

    init(status: Int, _ headers: HTTPFields, now: Date = Date()) {
        isRefusal = status == 429
        if isRefusal { retryAfter = headers.first(name: "retry-after").flatMap { RetryAfter.parse($0, now: now) } }
        func field(_ name: String) -> String? {
            headers.first(name: "ratelimit-\(name)") ?? headers.first(name: "x-ratelimit-\(name)")
        }
        limit = field("limit").flatMap(Self.number).map { Int(clamping: $0) }
        let left = field("remaining")
        remaining = left.flatMap(Self.number).map { Int(clamping: $0) }
        window = (left.flatMap(Self.window) ?? field("limit").flatMap(Self.window)).map { .seconds($0) }
        if let value = field("reset").flatMap(Self.number) {
            // Some send seconds from now, others a time since 1970.
            let seconds = value > 1_000_000_000 ? value - Int64(now.timeIntervalSince1970) : value
            reset = .seconds(min(max(0, seconds), Self.longest))
        }
    }

    private static func number(_ text: String) -> Int64? {
        let digits = text.trimmingBlanks.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.utf8.count <= 18 else { return nil }
        return Int64(digits)
    }

    private static func window(_ text: String) -> Int64? {
        for part in text.split(separator: ";").dropFirst() {
            let part = String(part).trimmingBlanks
            guard part.hasPrefix("w=") else { continue }
            return number(String(part.dropFirst(2))).map { min($0, longest) }
        }
        return nil
    }
}
