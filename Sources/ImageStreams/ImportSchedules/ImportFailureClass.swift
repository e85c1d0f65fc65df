import APIMachinery
import ImageAPI

/// What kind of failure stopped an import: how soon another try makes sense (spec/users-want.md, section 6, 1). Pure.
public enum ImportFailureClass: String, Hashable, Sendable, CaseIterable {
    /// The network, or a registry that is not well: it may be over in seconds.
    case transient
    /// The registry wants fewer requests.
    case rateLimited
    /// Somebody has to do something elsewhere: push the image, give access, raise a limit.
    case lasting
    /// Nothing changes until the stream or the configuration of this server does.
    case final

    /// - Parameters: of the condition `ImportSuccess`.
    public init(reason: String, message: String) {
        switch reason {
        case ImportCondition.rateLimited, "TooManyRequests": self = .rateLimited
        case ImportCondition.timeout: self = .transient
        case "NotFound", "Unauthorized", ImportCondition.untrusted, "NotV2Registry": self = .lasting
        case "Forbidden", "Invalid":
            self = message.lowercased().contains("exceeds the maximum limit") ? .lasting : .final
        default:
            // The reference calls everything else an internal error; the words tell them apart.
            let text = message.lowercased()
            self = Self.lastingTexts.contains(where: text.contains) ? .lasting : .transient
        }
    }

    private static let lastingTexts = [
        "denied: ", "name unknown", "unauthorized: ", "unsupported: ", "unsupported image manifest",
        "no manifests in manifest list", "content integrity error", "http response to https client",
        "unable to parse docker reference", "mismatched history", "is longer than",
    ]

    /// Milliseconds before a try, without jitter.
    ///
    /// - Parameters:
    ///   - attempt: its number, from 1 on.
    ///   - interval: of the schedule, in seconds: what is transient is tried at least that often.
    public func delay(attempt: Int, interval: Int64) -> Int64? {
        func doubled(_ base: Int64, _ longest: Int64) -> Int64 {
            min(base << Int64(min(max(attempt, 1) - 1, 20)), longest)
        }
        switch self {
        case .transient: return doubled(5, max(5, interval)) * 1_000
        case .rateLimited: return doubled(30, 3_600) * 1_000
        case .lasting: return doubled(600, 21_600) * 1_000
        case .final: return nil
        }
    }
}

extension ImportCondition {
    /// Beside `ImportSuccess`, while a failed import is to be tried again.
    public static let retry = "ImportRetry"

    static let rateLimited = "RateLimited"
    static let timeout = "Timeout"
    static let untrusted = "TLSUntrusted"

    /// The reason of the condition for a failure: that of the status, or a more exact one where the status only says
    /// that something went wrong inside.
    public static func reason(of status: Status) -> String {
        if status.code == 429 { return rateLimited }
        guard status.reason == "InternalError" else { return status.reason }
        if status.message.contains("toomanyrequests") || status.message.contains("error parsing HTTP 429") {
            return rateLimited
        }
        if status.message.contains("x509: ") { return untrusted }
        let isTimeout = ["context deadline exceeded", "i/o timeout", "connection timed out"]
            .contains { status.message.hasSuffix($0) }
        return isTimeout ? timeout : status.reason
    }
}
