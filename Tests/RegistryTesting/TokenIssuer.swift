import Crypto
import Foundation
import RegistryClient

/// A token server of the distribution specification: tokens are JWTs (ES256) that a docker-registry of Debian checks with
/// the certificate that it is given. Everybody gets what they ask for, if they know the password.
public final class TokenIssuer: Sendable {
    public static let service = "test-registry"
    static let name = "test-issuer"

    private let server: TestServer
    public var realm: String { "http://\(server.host)/token" }
    /// Requests for tokens.
    public var requests: [TestRequest] { server.requests }

    /// Runs `body` with an issuer that is gone afterwards.
    public static func run<Value: Sendable>(
        for user: Credentials, _ body: (TokenIssuer) async throws -> Value
    ) async throws -> Value {
        let certificate = try TestCertificate.shared.get()
        let key = try P256.Signing.PrivateKey(pemRepresentation: String(decoding: certificate.key, as: UTF8.self))
        let chain = String(decoding: certificate.certificate, as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("-----") }.joined()
        let server = try await TestServer.start { request in
            guard request.header("authorization") == [FakeRegistry.basic(user)] else {
                return TestResponse(401, text: #"{"details":"incorrect username or password"}"#)
            }
            guard let token = try? Self.token(request, user.username, key, chain) else { return TestResponse(500) }
            return TestResponse(200, [("Content-Type", "application/json")], text: #"{"token":"\#(token)"}"#)
        }
        let result: Result<Value, any Error>
        do { result = .success(try await body(TokenIssuer(server))) } catch { result = .failure(error) }
        await server.stop()
        return try result.get()
    }

    private init(_ server: TestServer) { self.server = server }

    private struct Access: Encodable {
        let type: String
        let name: String
        let actions: [String]
    }

    private struct Claims: Encodable {
        let iss: String
        let sub: String
        let aud: String
        let iat: Int
        let nbf: Int
        let exp: Int
        let jti: String
        let access: [Access]
    }

    private static func token(
        _ request: TestRequest, _ user: String, _ key: P256.Signing.PrivateKey, _ chain: String
    ) throws -> String {
        let items = URLComponents(string: request.target)?.queryItems ?? []
        let access = items.filter { $0.name == "scope" }.compactMap { item -> Access? in
            let parts = (item.value ?? "").split(separator: ":").map(String.init)
            guard parts.count == 3 else { return nil }
            return Access(type: parts[0], name: parts[1], actions: parts[2].split(separator: ",").map(String.init))
        }
        let now = Int(Date().timeIntervalSince1970)
        let claims = Claims(
            iss: name, sub: user, aud: items.first { $0.name == "service" }?.value ?? "", iat: now, nbf: now - 60,
            exp: now + 300, jti: UUID().uuidString, access: access)
        let head = base64URL(Data(#"{"typ":"JWT","alg":"ES256","x5c":["\#(chain)"]}"#.utf8))
        let signed = head + "." + base64URL(try JSONEncoder().encode(claims))
        return signed + "." + base64URL(try key.signature(for: Data(signed.utf8)).rawRepresentation)
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
