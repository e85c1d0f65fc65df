import APIMachinery
import APIServer
import Foundation
import HTTPTypes
import Testing

@testable import Identity

@Suite("Rules of OAuth")
struct OAuthRuleTests {
    private static let issuer = "https://weir.example:6443"
    private static let challenge = "3PQc_WblO8W9xBQjYfGOKsco5u3B1iCP_MYNH1nthpY"
    private static let verifier = "a-verifier-that-is-long-enough-for-the-rules-of-PKCE"

    @Test("A token's name is the hash of what follows its prefix")
    func names() {
        #expect(OAuthTokenName.name(of: "sha256~secret") == "sha256~K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols")
        #expect(OAuthTokenName.name(of: "sha256~") == nil)
        #expect(OAuthTokenName.name(of: "secret") == nil)
        #expect(OAuthTokenName.name(of: "sha256~" + String(repeating: "x", count: 1100)) == nil)
        let (token, name) = OAuthTokenName.make()
        #expect(OAuthTokenName.name(of: token) == name)
        #expect(token.utf8.count == 50 && OAuthTokenValidation.name(name).isEmpty)
        // A token that is stored by mistake would be readable to all who list.
        #expect(!OAuthTokenValidation.name("sha256~secret").isEmpty)
        #expect(OAuthTokenName.make().token != token)
    }

    @Test("Tokens that administrators write name client, user and scopes, and do not change")
    func validation() {
        let good = OAuthAccessToken(
            metadata: ObjectMeta(name: OAuthTokenName.make().name, uid: "1"), clientName: "c", scopes: ["user:full"],
            userName: "alice", userUID: "u")
        #expect(OAuthTokenValidation.validate(good).isEmpty)
        func fields(_ change: (inout OAuthAccessToken) -> Void) -> [String] {
            var token = good
            change(&token)
            return OAuthTokenValidation.validate(token).map(\.field)
        }
        #expect(fields { $0.clientName = "" } == ["clientName"])
        #expect(fields { $0.userName = "" } == ["userName"])
        #expect(fields { $0.userName = "system:admin" } == ["userName"])
        #expect(fields { $0.userUID = "" } == ["userUID"])
        #expect(fields { $0.scopes = [] } == ["scopes"])
        #expect(fields { $0.scopes = ["user:full", "role:admin:*"] } == ["scopes[1]"])
        #expect(fields { $0.expiresIn = -1 } == ["expiresIn"])
        #expect(fields { $0.inactivityTimeoutSeconds = 300 } == ["inactivityTimeoutSeconds"])
        #expect(fields { $0.metadata.name = "sha256~short" } == ["metadata.name"])
        var longer = good
        longer.expiresIn = 1
        #expect(OAuthTokenValidation.validateUpdate(longer, old: good).count == 1)
        longer = good
        longer.metadata.labels = ["a": "b"]
        #expect(OAuthTokenValidation.validateUpdate(longer, old: good).isEmpty)
    }

    @Test("A code's verifier must be the one that was announced")
    func pkce() {
        let hashed = CodeChallenge(challenge: Self.challenge, method: "S256")
        #expect(hashed?.isMet(by: Self.verifier) == true)
        #expect(hashed?.isMet(by: Self.challenge) == false)
        #expect(hashed?.isMet(by: "") == false)
        let plain = CodeChallenge(challenge: Self.verifier, method: nil)
        #expect(plain?.isMet(by: Self.verifier) == true)
        #expect(plain?.isMet(by: Self.verifier + "x") == false)
        #expect(CodeChallenge(challenge: Self.challenge, method: "S512") == nil)
        #expect(CodeChallenge(challenge: "short", method: "S256") == nil)
        #expect(CodeChallenge(challenge: String(repeating: "a", count: 129), method: "S256") == nil)
    }

    @Test(
        "Answers go to loopback addresses of the program, and to the server's own pages",
        arguments: [
            (OAuthClient.cli, "http://127.0.0.1:8080/callback", true), (.cli, "http://[::1]:1/callback", true),
            (.cli, "http://127.0.0.1/callback", true), (.cli, "http://127.0.0.1:0/callback", false),
            (.cli, "http://127.0.0.1:65536/callback", false), (.cli, "http://127.0.0.1:+1/callback", false),
            (.cli, "http://127.0.0.1:1/callback?x", false), (.cli, "http://127.0.0.1:1/callback#x", false),
            (.cli, "http://127.0.0.1:1", false), (.cli, "http://127.0.0.2:1/callback", false),
            (.cli, "http://127.0.0.1x/callback", false), (.cli, "HTTP://127.0.0.1:1/callback", false),
            (.challenging, issuer + "/oauth/token/implicit", true),
            (.challenging, issuer + "/oauth/token/implicit/", false),
            (.browser, issuer + "/oauth/token/display", true), (.browser, issuer + "/oauth/token/implicit", false),
        ])
    func redirects(_ client: OAuthClient, _ address: String, _ isGood: Bool) {
        #expect(client.permits(redirect: address, issuer: Self.issuer) == isGood)
    }

    @Test("Parameters come once")
    func parameters() throws {
        #expect(try FormParameters("a=1&b=%26+x")["b"] == "& x")
        #expect(try FormParameters("a=")["a"] == nil)
        #expect(throws: FormParameters.Malformed.self) { try FormParameters("a=1&a=1") }
        #expect(throws: FormParameters.Malformed.self) { try FormParameters("a=1&%61=2") }
        #expect(throws: FormParameters.Malformed.self) {
            try FormParameters((0..<65).map { "p\($0)=1" }.joined(separator: "&"))
        }
        #expect(throws: FormParameters.Malformed.self) {
            try FormParameters("a=" + String(repeating: "x", count: 20_000))
        }
    }

    @Test("Values in pages are escaped, wherever they stand")
    func html() {
        let evil = "\"'><script>&\0"
        let page: HTML = "<a title=\"\(evil)\">\(HTML("<b>\(evil)</b>"))</a>"
        #expect(
            page.text
                == "<a title=\"&#34;&#39;&gt;&lt;script&gt;&amp;\u{FFFD}\"><b>&#34;&#39;&gt;&lt;script&gt;&amp;\u{FFFD}</b></a>"
        )
    }

    @Test("The server's address is what the request names, if the certificate names it too")
    func address() {
        let address = PublicAddress(configured: nil, hosts: ["weir.example", "127.0.0.1", "::1"]) { "127.0.0.1:6443" }
        func url(_ hosts: String...) -> String {
            var headers = HTTPFields()
            for host in hosts { headers.append(HTTPField(name: .host, value: host)) }
            return address.url(for: ServerRequest(method: "GET", path: "/", headers: headers))
        }
        #expect(url("weir.example:6443") == "https://weir.example:6443")
        #expect(url("WEIR.example") == "https://WEIR.example")
        #expect(url("[::1]:6443") == "https://[::1]:6443")
        for host in [
            "evil.example", "weir.example.evil", "weir.example:x", "weir.example:1/x", "weir.example@evil", "[::1", "",
            "weir.example:6443:1",
        ] {
            #expect(url(host) == "https://127.0.0.1:6443", "\(host)")
        }
        #expect(url("weir.example", "evil.example") == "https://127.0.0.1:6443")
        let fixed = PublicAddress(configured: "https://a", hosts: []) { "b" }
        #expect(fixed.url(for: ServerRequest(method: "GET", path: "/")) == "https://a")
    }

    @Test("Tokens of narrow scopes are good for little")
    func scopes() {
        let list = AccessAttributes(verb: "list", group: "project.openshift.io", resource: "projects")
        let check = AccessAttributes(
            verb: "create", group: "authorization.k8s.io", resource: "selfsubjectaccessreviews")
        let write = AccessAttributes(verb: "create", group: "image.openshift.io", resource: "imagestreams")
        #expect([list, check, write].map(OAuthScope.full.permits) == [true, true, true])
        #expect([list, check, write].map(OAuthScope.info.permits) == [false, false, false])
        #expect([list, check, write].map(OAuthScope.checkAccess.permits) == [false, true, false])
        #expect([list, check, write].map(OAuthScope.listProjects.permits) == [true, false, false])
    }

    @Test(
        "A bearer token stands behind the scheme and one blank",
        arguments: [
            ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER abc ", "abc"), ("Bearer  abc", nil),
            ("Bearer ", nil),
            ("Bearer", nil), ("Basic abc", nil), ("", nil), ("Bearer abc def", "abc"),
        ] as [(String, String?)])
    func bearer(_ header: String, _ token: String?) {
        let request = ServerRequest(method: "GET", path: "/", headers: [.authorization: header])
        #expect(BearerAuthenticator.token(in: request) == token)
    }
}
