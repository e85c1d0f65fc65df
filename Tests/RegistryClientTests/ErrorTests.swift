import OCI
import Testing

@testable import RegistryClient

@Suite("Registry errors")
struct ErrorTests {
    static func error(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) throws
        -> RegistryError
    {
        let reason = [503: "Service Unavailable", 502: "Bad Gateway", 404: "Not Found"][status] ?? ""
        return ErrorDocument.error(
            of: HTTPReply(
                url: try #require(WebAddress("https://h/v2/")), status: status, reason: reason,
                headers: HTTPFields(headers),
                body: Array(body.utf8)))
    }

    @Test(
        "Answers become errors with the reference's texts",
        arguments: [
            (
                404, #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#,
                "manifest unknown: manifest unknown"
            ),
            (404, #"{"errors":[{"code":"NAME_UNKNOWN"}]}"#, "name unknown: repository name not known to registry"),
            (
                401, #"{"errors":[{"code":"UNAUTHORIZED"},{"code":"DENIED"}]}"#,
                "errors:\nunauthorized: authentication required\ndenied: requested access to the resource is denied\n"
            ),
            (401, "<html>", "unauthorized: authentication required"),
            (401, #"{"errors":[]}"#, "unauthorized: authentication required"),
            (403, #"{"errors":[{"code":"DENIED"}]}"#, "denied: requested access to the resource is denied"),
            (429, #"{"errors":[{"code":"TOOMANYREQUESTS","message":"limit"}]}"#, "toomanyrequests: limit"),
            (429, #"{"details":"slow down"}"#, "toomanyrequests: slow down"),
            (403, #"{"details":"no"}"#, "denied: no"), (400, #"{"details":"no"}"#, "unknown: no"),
            (400, #"{"errors":[{"code":"NEW_CODE","message":"m"}]}"#, "unknown: m"),
            (503, "whatever", "received unexpected HTTP status: 503 Service Unavailable"),
            (304, "", "received unexpected HTTP status: 304"),
            (404, "{}", #"error parsing HTTP 404 response body: no error details found in HTTP response body: "{}""#),
        ])
    func texts(status: Int, body: String, text: String) throws {
        #expect(try Self.error(status, body).text == text)
    }

    @Test("A body that is no JSON is quoted with the reason")
    func unparsable() throws {
        let text = try Self.error(404, "404 page not found").text
        #expect(text.hasPrefix("error parsing HTTP 404 response body: "))
        #expect(text.hasSuffix(#": "404 page not found""#))
    }

    @Test("A bearer challenge may tell why a 401 came")
    func challengeErrors() throws {
        let invalid = try Self.error(401, "", [("WWW-Authenticate", #"Bearer realm="r",error="invalid_token""#)])
        #expect(invalid.contains(code: "UNAUTHORIZED"))
        let scope = try Self.error(
            401, #"{"errors":[{"code":"UNAUTHORIZED"}]}"#,
            [("WWW-Authenticate", #"Bearer realm="r",error="insufficient_scope",error_description="only reading""#)])
        #expect(scope.contains(code: "DENIED") && scope.contains(code: "UNAUTHORIZED"))
        #expect(scope.text.contains("denied: only reading"))
    }

    @Test("Retries obey the registry's wish up to the cap")
    func retries() throws {
        let policy = RetryPolicy(maxRetries: 2, base: .seconds(1), maxRetryAfter: .seconds(30))
        let busy = try Self.error(503, "")
        #expect(policy.pause(after: busy, attempt: 0, jitter: 0.5) == .seconds(1))
        #expect(policy.pause(after: busy, attempt: 1, jitter: 0) == .seconds(1))
        #expect(policy.pause(after: busy, attempt: 1, jitter: 1) == .seconds(3))
        #expect(policy.pause(after: busy, attempt: 2, jitter: 0) == nil)
        let asked = try Self.error(429, "", [("Retry-After", "30")])
        #expect(policy.pause(after: asked, attempt: 0, jitter: 1) == .seconds(30))
        #expect(policy.pause(after: try Self.error(429, "", [("Retry-After", "31")]), attempt: 0, jitter: 1) == nil)
        #expect(policy.pause(after: try Self.error(500, ""), attempt: 0, jitter: 1) == nil)
        #expect(policy.pause(after: try Self.error(404, ""), attempt: 0, jitter: 1) == nil)
        let timeout = RegistryError.network(method: "Get", url: "u", NetworkFailure(.timeout, "t"))
        #expect(policy.pause(after: timeout, attempt: 0, jitter: 0.5) == .seconds(1))
        let refused = RegistryError.network(method: "Get", url: "u", NetworkFailure(.refused, "t"))
        #expect(policy.pause(after: refused, attempt: 0, jitter: 0.5) == nil)
    }

    @Test("Passwords are never printed")
    func secrets() {
        #expect(!"\(alice) \(String(reflecting: alice)) \(RegistryAccess(credentials: alice))".contains("secret"))
    }
}
