import JSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Turns an answer that is no success into an error (G.9).
enum ErrorDocument {
    static func error(of reply: HTTPReply) -> RegistryError {
        let retryAfter = reply.headers.first(name: "retry-after").flatMap { RetryAfter.parse($0, now: Date()) }
        guard (400...499).contains(reply.status) else {
            return .unexpectedStatus(reply.status, line: reply.statusLine, retryAfter: retryAfter)
        }
        let body = parse(reply)
        if reply.status == 401 {
            for challenge in AuthChallenge.parse(reply.headers["www-authenticate"]) where challenge.scheme == "bearer" {
                guard let entry = entry(for: challenge) else { continue }
                return .registry(status: 401, [entry] + body.entries, retryAfter: retryAfter)
            }
        }
        if !body.entries.isEmpty { return .registry(status: reply.status, body.entries, retryAfter: retryAfter) }
        if reply.status == 401 {
            return .registry(status: 401, [RegistryErrorEntry(code: "UNAUTHORIZED")], retryAfter: retryAfter)
        }
        return .unexplained(
            status: reply.status, why: body.why, body: String(decoding: reply.body, as: UTF8.self),
            retryAfter: retryAfter)
    }

    private static func entry(for challenge: AuthChallenge) -> RegistryErrorEntry? {
        let description = challenge.parameters["error_description"] ?? ""
        switch challenge.parameters["error"] {
        case "invalid_token": return RegistryErrorEntry(code: "UNAUTHORIZED", message: description)
        case "insufficient_scope": return RegistryErrorEntry(code: "DENIED", message: description)
        default: return nil
        }
    }

    private static func parse(_ reply: HTTPReply) -> (entries: [RegistryErrorEntry], why: String) {
        let value: JSONValue
        do {
            value = try JSONValue.parse(reply.body, limits: JSONLimits(depth: 200, bytes: 1 << 20))
        } catch {
            return ([], error.message)
        }
        if let details = value["details"]?.stringValue, !details.isEmpty {
            let code =
                switch reply.status {
                case 401: "UNAUTHORIZED"
                case 403: "DENIED"
                case 429: "TOOMANYREQUESTS"
                default: "UNKNOWN"
                }
            return ([RegistryErrorEntry(code: code, message: details)], "")
        }
        let entries = (value["errors"]?.arrayValue?.elements ?? []).prefix(100).compactMap { element in
            element.objectValue.map { object in
                RegistryErrorEntry(
                    code: object["code"]?.stringValue ?? "UNKNOWN", message: object["message"]?.stringValue ?? "")
            }
        }
        return (Array(entries), "no error details found in HTTP response body")
    }
}
