import Crypto
import Foundation
import JSON
import RegistryTesting
import Testing

/// Tokens of an issuer that the server asks for its keys over https.
@Suite("Tokens of an issuer")
struct IssuerTests {
    private static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func sign(_ claims: String, _ key: P256.Signing.PrivateKey) throws -> String {
        let signed = encode(#"{"alg":"ES256","kid":"k"}"#.utf8) + "." + encode(claims.utf8)
        return signed + "." + encode(try key.signature(for: Data(signed.utf8)).rawRepresentation)
    }

    @Test("A token names user and groups; keys come from the issuer whose certificate is trusted, and from nobody else")
    func discovery() async throws {
        let key = P256.Signing.PrivateKey()
        let point = Array(key.publicKey.rawRepresentation)
        let certificate = try TestCertificate.shared.get()
        let issuer = try await TestServer.start(tls: certificate) { request in
            let host = request.header("host").first ?? ""
            switch request.path {
            case "/.well-known/openid-configuration":
                return TestResponse(
                    200, text: #"{"issuer":"https://\#(host)","jwks_uri":"https://\#(host)/keys"}"#)
            case "/keys":
                let (x, y) = (Self.encode(point[..<32]), Self.encode(point[32...]))
                return TestResponse(
                    200, text: #"{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"\#(x)","y":"\#(y)"}]}"#)
            default: return TestResponse(404, text: "")
            }
        }
        let scratch = try Scratch()
        let authority = scratch.path + "/issuer.pem"
        try Data(certificate.certificate).write(to: URL(fileURLWithPath: authority))
        let url = "https://\(issuer.host)"
        func configuration(_ more: String) throws -> String {
            let path = "\(scratch.path)/\(UUID().uuidString).yaml"
            let text =
                "issuers:\n- url: \(url)\n  audiences: [weir]\n  usernamePrefix: 'corp:'\n  groupsClaim: groups\n\(more)"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
        let expiry = Int(Date().timeIntervalSince1970) + 600
        func claims(_ audience: String) -> String {
            #"{"iss":"\#(url)","aud":"\#(audience)","sub":"ann","exp":\#(expiry),"groups":["dev"]}"#
        }
        let path = "/apis/user.openshift.io/v1/users/~"
        try await WeirProcess.run(nil, ["--oidc-config", configuration("  caFile: \(authority)\n")]) { _, api in
            var ann = api
            ann.token = try Self.sign(claims("weir"), key)
            let me = try await ann.get(path)
            #expect(me.status == 200)
            #expect(try me.json()["metadata"]?["name"]?.stringValue == "corp:ann")
            #expect(try me.json()["groups"]?.arrayValue?.contains("dev") == true)
            ann.token = try Self.sign(claims("weir"), P256.Signing.PrivateKey())
            #expect(try await ann.get(path).status == 401)
            ann.token = try Self.sign(claims("vault"), key)
            #expect(try await ann.get(path).status == 401)
        }
        #expect(issuer.requests(to: "/keys").count == 1)
        try await WeirProcess.run(nil, ["--oidc-config", configuration("")]) { _, api in
            var ann = api
            ann.token = try Self.sign(claims("weir"), key)
            #expect(try await ann.get(path).status == 503, "the certificate is nobody's that is known")
        }
        #expect(issuer.requests(to: "/keys").count == 1)
        await issuer.stop()
    }
}
