import Foundation
import JSON
import Testing

/// The requests of `oc login`, as clients send them (spec/clients.md 2.2, 2.3).
@Suite("Logging in")
struct LoginTests {
    /// alice, whose password is "open sesame".
    private static let htpasswd = "alice:$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\n"
    private static let verifier = "a-verifier-that-is-long-enough-for-the-rules-of-PKCE"
    /// Base64url of the SHA-256 of the verifier.
    private static let challenge = "3PQc_WblO8W9xBQjYfGOKsco5u3B1iCP_MYNH1nthpY"

    private static func run(
        _ arguments: [String] = [], _ body: (WeirProcess, API, Browser) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        let file = scratch.path + "/users"
        try htpasswd.write(toFile: file, atomically: true, encoding: .utf8)
        try await WeirProcess.run(nil, ["--htpasswd-file", file] + arguments) { server, api in
            try await Browser.with(server) { browser in try await body(server, api, browser) }
        }
    }

    @Test("Passwords, codes and tokens stand in no log, however much is logged")
    func canaries() async throws {
        let scratch = try Scratch()
        let audit = scratch.path + "/audit.log"
        let policy = scratch.path + "/policy.yaml"
        try "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n"
            .write(toFile: policy, atomically: true, encoding: .utf8)
        var secrets = ["open sesame", Data("alice:open sesame".utf8).base64EncodedString(), "wrong-canary"]
        var logged = ""
        try await Self.run(["--log-level", "trace", "--audit-log", audit, "--audit-policy", policy]) {
            server, api, browser in
            let csrf = ("X-CSRF-Token", "1")
            _ = try await browser.send(
                Self.challenging(server), headers: [csrf, Browser.basic("alice", "wrong-canary")])
            let admitted = try await browser.send(
                Self.challenging(server), headers: [csrf, Browser.basic("alice", "open sesame")])
            let code = try #require(admitted.parameter("code"))
            let form = [
                ("grant_type", "authorization_code"), ("code", code), ("code_verifier", Self.verifier),
                ("client_id", "openshift-challenging-client"),
            ]
            let exchanged = try await browser.send("/oauth/token", form: form)
            let token = try #require(try exchanged.json()["access_token"]?.stringValue)
            _ = try await browser.send("/oauth/token/display?code=" + code)
            var alice = api
            alice.token = token
            #expect(try await alice.get("/apis/user.openshift.io/v1/users/~").status == 200)
            #expect(
                try await api.post(
                    "/apis/authentication.k8s.io/v1/tokenreviews", #"{"spec":{"token":"\#(token)"}}"#
                ).status == 201)
            secrets += [String(code.dropFirst(7)), String(token.dropFirst(7)), Self.verifier, try server.token()]
            try await eventually("the audit log tells of the review") {
                ((try? String(contentsOfFile: audit, encoding: .utf8)) ?? "").contains("tokenreviews")
            }
            logged = server.child.errors + server.child.output
        }
        logged += try String(contentsOfFile: audit, encoding: .utf8)
        #expect(logged.contains("/oauth/token"))
        for secret in secrets { #expect(!logged.contains(secret), "\(secret)") }
    }

    private static func authorize(_ server: WeirProcess, _ client: String, _ more: [(String, String)]) -> String {
        "/oauth/authorize?" + Browser.encode([("client_id", client)] + more)
    }

    private static func challenging(_ server: WeirProcess) -> String {
        authorize(
            server, "openshift-challenging-client",
            [
                ("code_challenge", challenge), ("code_challenge_method", "S256"),
                ("redirect_uri", server.url + "/oauth/token/implicit"), ("response_type", "code"),
            ])
    }

    @Test("oc login -u -p: described, challenged, a code for the password, a token for the code, revoked by oc logout")
    func password() async throws {
        try await Self.run { server, api, browser in
            let described = try await browser.send(
                "/.well-known/oauth-authorization-server", headers: [("X-CSRF-Token", "1")])
            #expect(described.status == 200)
            let document = try described.json()
            #expect(document["issuer"]?.stringValue == server.url)
            #expect(document["authorization_endpoint"]?.stringValue == server.url + "/oauth/authorize")
            #expect(document["code_challenge_methods_supported"]?.arrayValue?.contains("S256") == true)

            let target = Self.challenging(server)
            let csrf = ("X-CSRF-Token", "1")
            let asked = try await browser.send(target, headers: [csrf])
            #expect(asked.status == 401)
            #expect(asked.headers.first(name: "www-authenticate") == #"Basic realm="openshift""#)
            let wrong = try await browser.send(target, headers: [csrf, Browser.basic("alice", "wrong")])
            #expect(wrong.status == 401)
            let unknown = try await browser.send(target, headers: [csrf, Browser.basic("mallory", "open sesame")])
            #expect(unknown.status == 401)
            // A page of somebody else's makes a browser send the password, but not this header.
            let bare = try await browser.send(target, headers: [Browser.basic("alice", "open sesame")])
            #expect(bare.status == 401)
            #expect(bare.headers.first(name: "www-authenticate") == nil)
            #expect(bare.text.contains("/oauth/token/request"))

            let admitted = try await browser.send(target, headers: [csrf, Browser.basic("alice", "open sesame")])
            #expect(admitted.status == 302)
            #expect(admitted.location?.path == "/oauth/token/implicit")
            let code = try #require(admitted.parameter("code"))
            let form = [
                ("grant_type", "authorization_code"), ("code", code),
                ("redirect_uri", server.url + "/oauth/token/implicit"), ("code_verifier", Self.verifier),
            ]
            let client = Browser.basic("openshift-challenging-client", "")
            let exchanged = try await browser.send("/oauth/token", form: form, headers: [client])
            #expect(exchanged.status == 200)
            #expect(exchanged.headers.first(name: "cache-control") == "no-store")
            let token = try #require(try exchanged.json()["access_token"]?.stringValue)
            #expect(token.hasPrefix("sha256~"))
            #expect(try exchanged.json()["expires_in"]?.integerValue == 86_400)
            #expect(try exchanged.json()["token_type"]?.stringValue == "Bearer")
            // The code is used up.
            let again = try await browser.send("/oauth/token", form: form, headers: [client])
            #expect(again.status == 400)
            #expect(try again.json()["error"]?.stringValue == "invalid_grant")

            var alice = api
            alice.token = token
            let review = try await alice.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")
            #expect(review.status == 201)
            let info = try review.json()["status"]?["userInfo"]
            #expect(info?["username"]?.stringValue == "alice")
            #expect(info?["groups"]?.arrayValue?.contains("system:authenticated:oauth") == true)
            let me = try await alice.get("/apis/user.openshift.io/v1/users/~").json()
            #expect(me["identities"]?.arrayValue?.contains("htpasswd:alice") == true)
            let identity = try await api.get("/apis/user.openshift.io/v1/identities/htpasswd:alice").json()
            #expect(identity["user"]?["uid"] == me["metadata"]?["uid"])

            let own = try await alice.get("/apis/oauth.openshift.io/v1/useroauthaccesstokens").names()
            let name = try #require(own.first)
            #expect(own.count == 1)
            #expect(!token.contains(name.dropFirst(7)))
            #expect(try await alice.get("/apis/oauth.openshift.io/v1/oauthaccesstokens").status == 403)
            #expect(
                try await alice.send("DELETE", "/apis/oauth.openshift.io/v1/oauthaccesstokens/\(name)").status == 200)
            #expect(try await alice.get("/apis/user.openshift.io/v1/users/~").status == 401)
        }
    }

    @Test("oc login --web: a form with its own value, a code to the loopback address, PKCE required")
    func web() async throws {
        try await Self.run { server, api, browser in
            let callback = "http://127.0.0.1:39123/callback"
            func target(_ more: [(String, String)]) -> String {
                Self.authorize(
                    server, "openshift-cli-client", [("redirect_uri", callback), ("response_type", "code")] + more)
            }
            let pkce = [("code_challenge", Self.challenge), ("code_challenge_method", "S256")]
            for bare in [[], [("code_challenge", Self.challenge)]] {
                let refused = try await browser.send(target(bare))
                #expect(refused.status == 302)
                #expect(refused.parameter("error") == "invalid_request")
            }
            let page = try await browser.send(target(pkce + [("state", #""><script>x</script>"#)]))
            #expect(page.status == 200)
            #expect(page.headers.first(name: "www-authenticate") == nil)
            #expect(!page.text.contains("<script"))
            let policy = try #require(page.headers.first(name: "content-security-policy"))
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(policy.contains("form-action 'self' http://127.0.0.1:39123"))
            #expect(page.headers.first(name: "cache-control") == "no-store")
            #expect(page.headers.first(name: "x-frame-options") == "DENY")
            let value = try #require(page.field("form"))

            let login = [("username", "alice"), ("password", "open sesame")]
            // Another site cannot know the value, nor set the cookie.
            #expect(try await browser.send(target(pkce), form: login).status == 403)
            #expect(try await browser.send(target(pkce), form: login + [("form", value + "x")]).status == 403)
            let wrong = try await browser.send(
                target(pkce), form: [("username", #"<b>"'"#), ("password", "no"), ("form", value)])
            #expect(wrong.status == 401)
            #expect(wrong.text.contains("&lt;b&gt;&#34;&#39;") && !wrong.text.contains("<b>"))

            let admitted = try await browser.send(target(pkce + [("state", "s 1")]), form: login + [("form", value)])
            #expect(admitted.status == 302)
            #expect(admitted.headers.first(name: "location")?.hasPrefix(callback + "?code=sha256~") == true)
            #expect(admitted.parameter("state") == "s 1")
            let code = try #require(admitted.parameter("code"))
            let form = [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback),
                ("code_verifier", Self.verifier),
            ]
            let exchanged = try await browser.send(
                "/oauth/token", form: form, headers: [Browser.basic("openshift-cli-client", "")])
            #expect(exchanged.status == 200)

            browser.forgetCookies()
            #expect(
                try await browser.send(target(pkce), form: login + [("form", value)]).status == 403,
                "a value without the cookie")
        }
    }

    @Test("Codes: nothing for another client, another address, a wrong or missing verifier")
    func exchange() async throws {
        try await Self.run { server, _, browser in
            let client = "openshift-challenging-client"
            func code() async throws -> String {
                let answer = try await browser.send(
                    Self.challenging(server),
                    headers: [("X-CSRF-Token", "1"), Browser.basic("alice", "open sesame")])
                return try #require(answer.parameter("code"))
            }
            let redirect = server.url + "/oauth/token/implicit"
            let attempts: [(client: String, secret: String, redirect: String, verifier: String?, error: String)] = [
                ("openshift-cli-client", "", redirect, Self.verifier, "invalid_grant"),
                ("openshift-browser-client", "", redirect, Self.verifier, "invalid_client"),
                ("nobody", "", redirect, Self.verifier, "invalid_client"),
                (client, "secret", redirect, Self.verifier, "invalid_client"),
                (client, "", redirect + "/x", Self.verifier, "invalid_grant"),
                (client, "", redirect, Self.verifier + "x", "invalid_grant"),
                (client, "", redirect, nil, "invalid_grant"),
            ]
            for attempt in attempts {
                var form = [
                    ("grant_type", "authorization_code"), ("code", try await code()),
                    ("redirect_uri", attempt.redirect),
                ]
                if let verifier = attempt.verifier { form.append(("code_verifier", verifier)) }
                let answer = try await browser.send(
                    "/oauth/token", form: form, headers: [Browser.basic(attempt.client, attempt.secret)])
                #expect(try answer.json()["error"]?.stringValue == attempt.error, "\(attempt)")
            }
            let twice = try await browser.send(
                "/oauth/token",
                form: [("grant_type", "authorization_code"), ("code", "a"), ("code", "b"), ("client_id", client)])
            #expect(try twice.json()["error"]?.stringValue == "invalid_request")
            let implicit = try await browser.send(
                Self.authorize(server, client, [("response_type", "token")]),
                headers: [("X-CSRF-Token", "1"), Browser.basic("alice", "open sesame")])
            #expect(implicit.headers.first(name: "location")?.hasPrefix("\(redirect)#access_token=sha256~") == true)
        }
    }

    @Test(
        "Answers go nowhere but to addresses of the client",
        arguments: [
            ("openshift-challenging-client", "https://evil.example/oauth/token/implicit"),
            ("openshift-cli-client", "https://127.0.0.1:1/callback"),
            ("openshift-cli-client", "http://127.0.0.1:1/callback/../x"),
            ("openshift-cli-client", "http://127.0.0.1@evil.example/callback"),
            ("openshift-cli-client", "http://127.0.0.1.evil.example/callback"),
            ("openshift-cli-client", "http://localhost:1/callback"),
            ("openshift-browser-client", "http://127.0.0.1:1/callback"),
            ("unknown", "http://127.0.0.1:1/callback"),
        ])
    func redirects(client: String, address: String) async throws {
        try await Self.run { server, _, browser in
            let answer = try await browser.send(
                Self.authorize(
                    server, client,
                    [
                        ("redirect_uri", address), ("response_type", "code"), ("code_challenge", Self.challenge),
                        ("code_challenge_method", "S256"),
                    ]), headers: [("X-CSRF-Token", "1"), Browser.basic("alice", "open sesame")])
            #expect(answer.status == 400)
            #expect(answer.headers.first(name: "location") == nil)
        }
    }

    @Test("The token pages: through the log-in and back, one token at the press of a button")
    func pages() async throws {
        try await Self.run { server, api, browser in
            let start = try await browser.send("/oauth/token/request")
            #expect(start.status == 302)
            let login = try #require(start.headers.first(name: "location"))
            let page = try await browser.send(login)
            let value = try #require(page.field("form"))
            let back = try await browser.send(
                login, form: [("username", "alice"), ("password", "open sesame"), ("form", value)])
            let display = try #require(back.headers.first(name: "location"))
            #expect(display.hasPrefix(server.url + "/oauth/token/display?code="))
            let confirm = try await browser.send(display)
            #expect(confirm.status == 200)
            #expect(!confirm.text.contains("API token"))
            let code = try #require(confirm.field("code"))
            #expect(try await browser.send("/oauth/token/display", form: [("code", code)]).status == 400)
            let shown = try await browser.send("/oauth/token/display", form: [("code", code), ("form", value)])
            #expect(shown.status == 200)
            let token = try #require(
                shown.text.split(separator: "\n").first { $0.hasPrefix("<pre>sha256~") })
            var alice = api
            alice.token = String(token.dropFirst(5).dropLast(6))
            #expect(try await alice.get("/apis/user.openshift.io/v1/users/~").status == 200)
            // Somebody else's browser, sent here with a code that is good.
            browser.forgetCookies()
            #expect(try await browser.send(display).status == 400)
            #expect(try await browser.send("/oauth/token/implicit").status == 200)
        }
    }

    @Test("Guessing passwords ends after ten, also for the right one, and only for that user")
    func bruteForce() async throws {
        try await Self.run { server, _, browser in
            let csrf = ("X-CSRF-Token", "1")
            for _ in 0..<10 {
                let answer = try await browser.send(
                    Self.challenging(server), headers: [csrf, Browser.basic("alice", "guess")])
                #expect(answer.status == 401)
            }
            let refused = try await browser.send(
                Self.challenging(server), headers: [csrf, Browser.basic("alice", "open sesame")])
            #expect(refused.status == 429)
            #expect(Int(refused.headers.first(name: "retry-after") ?? "") ?? 0 > 0)
            let other = try await browser.send(
                Self.challenging(server), headers: [csrf, Browser.basic("bob", "guess")])
            #expect(other.status == 401)
        }
    }
}
