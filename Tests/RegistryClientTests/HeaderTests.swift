import Foundation
import Testing

@testable import RegistryClient

@Suite("Header grammars")
struct HeaderTests {
    struct Challenges: Sendable {
        let line: String
        let expected: [AuthChallenge]
        init(_ line: String, _ expected: (String, [String: String])...) {
            self.line = line
            self.expected = expected.map { AuthChallenge(scheme: $0.0, parameters: $0.1) }
        }
    }

    @Test(
        "Challenges are read as far as they are well-formed",
        arguments: [
            Challenges(
                #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#,
                ("bearer", ["realm": "https://auth.docker.io/token", "service": "registry.docker.io"])),
            Challenges(#"BASIC Realm="a \"b\" \\c""#, ("basic", ["realm": #"a "b" \c"#])),
            Challenges(
                "Bearer realm=https://a/b, scope=x:y:z", ("bearer", ["realm": "https://a/b", "scope": "x:y:z"])),
            Challenges(
                #"Bearer realm="r", scope="a,b" , Basic realm="s""#, ("bearer", ["realm": "r", "scope": "a,b"]),
                ("basic", ["realm": "s"])),
            Challenges("Negotiate, Basic realm=x", ("negotiate", [:]), ("basic", ["realm": "x"])),
            Challenges("Negotiate", ("negotiate", [:])),
            Challenges(#"Bearer realm="r",service=,error="e""#, ("bearer", ["realm": "r"])),
            Challenges(#"Bearer realm="r",service="open"#, ("bearer", ["realm": "r"])),
            Challenges(#"Bearer realm="r" ; x"#, ("bearer", ["realm": "r"])),
            Challenges(#"Bearer  realm = "r" ,, service = s"#, ("bearer", ["realm": "r", "service": "s"])),
            Challenges(#"Bearer realm="a",realm="b""#, ("bearer", ["realm": "b"])),
            Challenges(""), Challenges("=x"), Challenges(#"realm="x""#), Challenges("\"\""), Challenges(",,,"),
        ])
    func challenges(example: Challenges) {
        #expect(AuthChallenge.parse([example.line]) == example.expected)
    }

    @Test("Several lines give their challenges in order, and no input makes the parser trap")
    func lines() {
        #expect(AuthChallenge.parse(["Basic realm=a", "Bearer realm=b"]).map(\.scheme) == ["basic", "bearer"])
        let alphabet = Array("Bb=\",\\ \t/aé\u{0}")
        for _ in 0..<20_000 {
            let text = String((0..<Int.random(in: 0...20)).compactMap { _ in alphabet.randomElement() })
            _ = AuthChallenge.parse([text])
            _ = LinkHeader.next([text, "<\(text)>\(text)"])
            _ = WebAddress("https://\(text)")?.resolving(text)
            _ = RetryAfter.parse(text, now: Date())
        }
    }

    @Test(
        "The next page is the first link whose relation is next, or that has none",
        arguments: [
            (#"</v2/a/tags/list?last=v&n=5>; rel="next""#, "/v2/a/tags/list?last=v&n=5"),
            ("</x>", "/x"), ("</x>;rel=next", "/x"), (#"</x>; title="a,b"; rel="prev next""#, "/x"),
            (#"</first>; rel="first", </x>; rel="next""#, "/x"), (#"</x>; rel="prev""#, nil), ("", nil), ("<x", nil),
            ("x>", nil),
        ] as [(String, String?)])
    func links(value: String, next: String?) {
        #expect(LinkHeader.next([value]) == next)
    }

    @Test("Retry-After is seconds or a date")
    func retryAfter() {
        let now = Date(timeIntervalSince1970: 784_111_770)
        #expect(RetryAfter.parse("7", now: now) == .seconds(7))
        #expect(RetryAfter.parse(" 0 ", now: now) == .zero)
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(7))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:00 GMT", now: now) == .zero)
        for text in [
            "", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 99 Nov 1994 08:49:37 GMT", "99999999999",
        ] {
            #expect(RetryAfter.parse(text, now: now) == nil)
        }
        #expect(RetryAfter.date("Thu, 29 Feb 2024 12:00:00 GMT") == 1_709_208_000)
    }
}

@Suite("Web addresses")
struct WebAddressTests {
    @Test(
        "An address is taken apart, or refused",
        arguments: [
            ("https://Host.io/v2/?a=b#c", "https://host.io/v2/?a=b"), ("http://h:5000", "http://h:5000/"),
            ("HTTP://h", "http://h/"), ("https://[::1]:5000/x", "https://[::1]:5000/x"),
            ("https://h?x", "https://h/?x"),
            ("https://h/a b", "https://h/a%20b"), ("https://h/é\r\n", "https://h/%C3%A9%0D%0A"),
            ("https://user:pw@h/", nil), ("ftp://h/", nil), ("h/x", nil), ("https:///x", nil),
            ("https://h:99999/", nil),
            ("https://h:x/", nil), ("https://a b/", nil), ("", nil), ("https:/h", nil),
        ] as [(String, String?)])
    func parsing(text: String, normal: String?) {
        #expect(WebAddress(text)?.description == normal)
    }

    @Test(
        "Locations are relative to the address that names them",
        arguments: [
            ("/x?y", "https://h:1/x?y"), ("//o/x", "https://o/x"), ("http://o", "http://o/"),
            ("?n=2", "https://h:1/a/b?n=2"),
            ("c", "https://h:1/a/c"), ("../c/./d", "https://h:1/c/d"), ("/../../x", "https://h:1/x"),
            ("c?next=http://x", "https://h:1/a/c?next=http://x"), ("", nil), ("mailto:x", nil), ("javascript:x", nil),
        ] as [(String, String?)])
    func resolving(reference: String, expected: String?) throws {
        let base = try #require(WebAddress("https://h:1/a/b?c"))
        #expect(base.resolving(reference)?.description == expected)
    }

    @Test("The origin knows the ports of the schemes")
    func origin() {
        #expect(WebAddress("https://h/")?.origin == WebAddress("https://H:443/x")?.origin)
        #expect(WebAddress("https://h/")?.origin != WebAddress("http://h/")?.origin)
    }
}

@Suite("Token requests")
struct TokenTests {
    @Test("The query is sorted and encoded, and keeps what the realm had")
    func query() throws {
        func url(_ realm: String, _ scopes: [String], _ credentials: Credentials? = nil) throws -> String {
            let address = try RealmPolicy.address(realm, insecure: false)
            return TokenRequest(
                realm: address, service: "registry.docker.io", scopes: scopes, credentials: credentials, insecure: false
            ).url.description
        }
        #expect(
            try url("https://auth.docker.io/token", ["repository:org/app:pull"], alice)
                == "https://auth.docker.io/token?account=alice&scope=repository%3Aorg%2Fapp%3Apull"
                + "&service=registry.docker.io")
        #expect(
            try url("https://h/t?x=1&a", ["b", "a c"])
                == "https://h/t?a=&scope=b&scope=a+c&service=registry.docker.io&x=1")
    }

    @Test("Tokens live at least a minute, at most an hour, less a margin")
    func lifetime() throws {
        let now = ContinuousClock.now
        func token(_ text: String) throws -> BearerToken { try BearerToken(parsing: Array(text.utf8), now: now) }
        #expect(try token(#"{"token":"a","access_token":"b"}"#).value == "b")
        #expect(try token(#"{"token":"a"}"#).expires == now + .seconds(50))
        #expect(try token(#"{"token":"a","expires_in":300}"#).expires == now + .seconds(290))
        #expect(try token(#"{"token":"a","expires_in":-5}"#).expires == now + .seconds(50))
        #expect(try token(#"{"token":"a","expires_in":9000000000000000000}"#).expires == now + .seconds(3590))
        #expect(throws: RegistryError.noTokenInAnswer) { try token("{}") }
        #expect(throws: RegistryError.noTokenInAnswer) { try token("[]") }
        #expect(throws: RegistryError.self) { try token("<html>") }
        #expect(throws: RegistryError.self) { try token(#"{"token":"a\r\nX: y"}"#) }
        #expect(RegistryError.noTokenInAnswer.text == "authorization server did not include a token in the response")
    }

    @Test(
        "Credentials go to the registry's host, its parent domains and known pairs only",
        arguments: [
            ("registry.example.com", "https://registry.example.com/t", true),
            ("registry.example.com", "https://example.com/t", true),
            ("registry.gitlab.com", "https://gitlab.com/t", true),
            ("registry.example.com", "https://auth.example.com/t", false),
            ("registry.example.com", "https://com/t", false), ("registry.example.com", "https://le.com/t", false),
            ("registry-1.docker.io", "https://auth.docker.io/t", true), ("quay.io", "https://auth.docker.io/t", false),
            ("127.0.0.1", "https://127.0.0.1:5001/t", true), ("127.0.0.1", "https://0.1/t", false),
        ])
    func realms(registry: String, realm: String, allowed: Bool) throws {
        let address = try RealmPolicy.address(realm, insecure: false)
        let trusted = RegistryClientConfiguration().trustedTokenHosts
        #expect(RealmPolicy.mayReceiveCredentials(address, registryHost: registry, trusted: trusted) == allowed)
    }

    @Test("A realm without TLS needs an insecure import")
    func plainRealm() throws {
        #expect(throws: RegistryError.refusedTokenRealm("http://h/t")) {
            try RealmPolicy.address("http://h/t", insecure: false)
        }
        #expect(try RealmPolicy.address("http://h/t", insecure: true).scheme == "http")
        #expect(throws: RegistryError.refusedTokenRealm("file:///etc")) {
            try RealmPolicy.address("file:///etc", insecure: true)
        }
    }
}
