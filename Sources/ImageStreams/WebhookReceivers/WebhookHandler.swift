import APIMachinery
import APIServer
import Crypto
import Foundation
import HTTPTypes
import ImageAPI
import JSON

/// Takes the calls of registries (spec/users-want.md, section 6, 2).
///
/// The token in the query says which receiver is meant and that the caller was told its address; the audit log does not
/// show it. Everything else is the caller's word: the answer is the same whether a tag follows the image or not.
public struct WebhookHandler: PathHandler {
    public static let path = WebhookToken.path

    private let receivers: ObjectStore<WebhookReceiver>
    private let secret: @Sendable (_ namespace: String, _ name: String) async throws -> Secret?
    private let take: @Sendable (WebhookReceiver, [WebhookPayload.Hint]) -> Void

    /// - Parameters:
    ///   - secret: reads a secret, for the keys of callers.
    ///   - take: gets what a caller said; must not wait.
    public init(
        _ api: ImageStreamsAPI, secret: @escaping @Sendable (String, String) async throws -> Secret?,
        take: @escaping @Sendable (WebhookReceiver, [WebhookPayload.Hint]) -> Void
    ) {
        receivers = api.webhookReceivers
        self.secret = secret
        self.take = take
    }

    public var paths: [String] { [Self.path] }

    public func respond(
        to request: ServerRequest, path: String, _ context: RequestContext
    ) async throws -> ServerResponse {
        guard request.method == "POST" else { throw APIError.methodNotAllowed }
        guard let receiver = try await receiver(for: request) else { return .text(404, "404 page not found\n") }
        let body: [UInt8]
        do { body = try await request.body.collect(upTo: WebhookPayload.maximumBytes) } catch BodyReader.Failure
            .tooLarge
        {
            throw APIError.tooLarge("limit is \(WebhookPayload.maximumBytes)")
        } catch BodyReader.Failure.incomplete {
            throw APIError.badRequest("unexpected EOF")
        }
        if let reference = receiver.spec.secret {
            let key = try await secret(receiver.metadata.namespace, reference.name)?.data[reference.key] ?? []
            guard Self.isSigned(request, body, key: key, now: context.now) else {
                return .text(401, "the call does not show the secret of this receiver\n")
            }
        }
        guard let format = WebhookPayload.Format(rawValue: receiver.spec.type),
            let hints = WebhookPayload.hints(body, format)
        else { throw APIError.badRequest("this is no call of the type of this receiver") }
        if !hints.isEmpty { take(receiver, hints) }
        return .text(202, "accepted\n")
    }

    private func receiver(for request: ServerRequest) async throws -> WebhookReceiver? {
        guard let token = QueryParameters(request.query)["token"], let names = WebhookToken.names(token),
            let receiver = try await receivers.object(names.name, namespace: names.namespace),
            receiver.metadata.deletionTimestamp == nil, let mark = receiver.status.url.range(of: "?token=")
        else { return nil }
        return WebhookToken.equal(receiver.status.url[mark.upperBound...].utf8, token.utf8) ? receiver : nil
    }

    /// Seconds that the time of a signed call may be off.
    private static let tolerance: Int64 = 300

    /// Of any number that a caller can write.
    private static func isRecent(_ seconds: Int64, now: Int64) -> Bool {
        let (difference, isTooFar) = seconds.subtractingReportingOverflow(now)
        return !isTooFar && difference.magnitude <= UInt64(tolerance)
    }

    /// Harbor sends the key as it is, others as a bearer token or, such as EventBridge, as a password.
    private static func shows(_ authorization: String, key: [UInt8]) -> Bool {
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts.first?.lowercased(), parts.count) {
        case ("bearer", 2) where WebhookToken.equal(parts[1].utf8, key): return true
        case ("basic", 2):
            if let pair = Data(base64Encoded: String(parts[1])), let colon = pair.firstIndex(of: UInt8(ascii: ":")),
                WebhookToken.equal(pair[(colon + 1)...], key)
            {
                return true
            }
        default: break
        }
        return WebhookToken.equal(authorization.utf8, key)
    }

    static func isSigned(_ request: ServerRequest, _ body: [UInt8], key: [UInt8], now: Timestamp) -> Bool {
        guard !key.isEmpty else { return false }
        func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.header($0) } }
        for name in ["X-Gitlab-Token", "X-Weir-Token"] {
            if let value = header(name) { return WebhookToken.equal(value.utf8, key) }
        }
        let symmetric = SymmetricKey(data: key)
        if let value = header("X-Hub-Signature-256") {
            let code = HMAC<SHA256>.authenticationCode(for: body, using: symmetric)
            let expected = "sha256=" + code.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
            return WebhookToken.equal(value.lowercased().utf8, expected.utf8)
        }
        if let value = header("Authorization") { return shows(value, key: key) }
        guard let id = header("webhook-id"), let time = header("webhook-timestamp"), let seconds = Int64(time),
            isRecent(seconds, now: now.secondsSince1970), let signatures = header("webhook-signature")
        else { return false }
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(id).\(time).".utf8) + body, using: symmetric)
        let expected = "v1,\(Data(code).base64EncodedString())"
        return signatures.split(separator: " ").prefix(10).contains { WebhookToken.equal($0.utf8, expected.utf8) }
    }
}
