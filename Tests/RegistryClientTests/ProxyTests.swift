import OCI
import RegistryTesting
import Testing

@testable import RegistryClient

@Suite("Proxies")
struct ProxyTests {
    /// Of `HTTPS_PROXY` `p:1`, `HTTP_PROXY` `q:2` and these exceptions.
    static let routes: [(exceptions: String, url: String, proxy: String?)] = [
        ("", "https://r.example/", "p"),
        ("", "http://r.example/", "q"),
        ("", "https://localhost/", nil),
        ("", "https://127.9.9.9:5000/", nil),
        ("", "https://[::1]/", nil),
        ("", "https://10.0.0.1/", "p"),
        ("*", "https://r.example/", nil),
        ("r.example", "https://r.example/", nil),
        ("r.example", "https://deep.r.example/", nil),
        ("r.example", "https://other.example/", "p"),
        ("r.example", "https://notr.example/", "p"),
        (".r.example", "https://r.example/", "p"),
        (".r.example", "https://a.r.example/", nil),
        ("*.r.example", "https://a.r.example/", nil),
        ("*.r.example", "https://r.example/", "p"),
        ("r.example:5000", "https://r.example/", "p"),
        ("r.example:5000", "https://r.example:5000/", nil),
        ("r.example:443", "https://r.example/", nil),
        ("other, R.Example ,", "https://r.example/", nil),
        ("10.0.0.0/8", "https://10.200.1.1/", nil),
        ("10.0.0.0/8", "https://11.0.0.1/", "p"),
        ("10.128.0.0/9", "https://10.127.1.1/", "p"),
        ("10.128.0.0/9", "https://10.128.1.1/", nil),
        ("0.0.0.0/0", "https://10.128.1.1/", nil),
        ("fd00::/8", "https://[fd12::1]/", nil),
        ("fd00::/8", "https://10.0.0.1/", "p"),
        ("10.0.0.1", "https://10.0.0.1:5000/", nil),
        ("10.0.0.1:80", "https://10.0.0.1:5000/", "p"),
        ("[fd00::1]:443", "https://[fd00::1]/", nil),
        ("fd00::1", "https://[fd00::1]/", nil),
        ("10.0.0.0/33, nonsense:port, ., /8", "https://10.0.0.1/", "p"),
    ]

    @Test("which requests go through one", arguments: routes)
    func which(exceptions: String, url: String, proxy: String?) throws {
        let rules = try ProxyRules(environment: [
            "HTTPS_PROXY": "http://p:1", "http_proxy": "q:2", "NO_PROXY": exceptions, "https_proxy": "http://ignored",
        ])
        #expect(rules.proxy(for: try #require(WebAddress(url)))?.host == proxy)
    }

    @Test("what the variables may say")
    func values() throws {
        let url = try #require(WebAddress("https://r.example/"))
        func proxy(_ text: String) throws -> ProxyRules.Proxy? {
            try ProxyRules(environment: ["HTTPS_PROXY": text]).proxy(for: url)
        }
        #expect(try proxy("") == nil)
        #expect(try proxy("p")?.port == 80)
        #expect(try proxy("socks5://p")?.port == 1080 && proxy("socks5h://p:9")?.kind == .socks)
        #expect(try proxy("http://[::1]:3128/")?.host == "::1")
        let credentials = Credentials(username: "al ice", password: "p@ss")
        #expect(try proxy("http://al%20ice:p%40ss@p:3128")?.kind == .http(credentials))
        #expect(try proxy("p:3128")?.kind == .http(nil))
        for bad in ["https://p", "ftp://p", "http://", "http://p:70000", "socks5://a:b@p", "http://s3cret@ /"] {
            let error = #expect(throws: ProxyRules.Invalid.self) { try proxy(bad) }
            #expect(
                error?.description.contains("HTTPS_PROXY") == true && error?.description.contains("s3cret") == false)
        }
    }

    @Test("A registry whose name only the proxy knows, with TLS and without", arguments: [true, false])
    func proxied(isSecure: Bool) async throws {
        let certificate = try TestCertificate.shared.get()
        try await FakeRegistry.run(tls: isSecure ? certificate : nil) { registry in
            let digest = registry.putImage("x", in: "a/b", tag: "1")
            try await ConnectProxy.run(to: registry.server.port) { proxy in
                let rules = try ProxyRules(environment: [
                    "HTTPS_PROXY": "http://user:word@127.0.0.1:\(proxy.port)",
                    "HTTP_PROXY": "http://127.0.0.1:\(proxy.port)",
                ])
                try await withClient({ $0.proxies = rules }) { client in
                    let repository = RepositoryName(host: "registry.invalid", path: "a/b")
                    let fetched = try await client.manifest(
                        RemoteReference(repository: repository, tag: "1"), access: plain)
                    #expect(fetched.manifest.digest == digest)
                }
                let first = proxy.requests.first ?? ""
                #expect(first.hasPrefix("CONNECT registry.invalid:443 "))
                #expect(first.lowercased().contains("\r\nproxy-authorization: basic dxnlcjp3b3jk\r\n"))
                #expect(proxy.requests.contains { $0.hasPrefix("CONNECT registry.invalid:80 ") } == !isSecure)
            }
        }
    }

    @Test("What is behind a proxy may be sent no further than without one")
    func redirects() async throws {
        let rules = try ProxyRules(environment: ["HTTPS_PROXY": "http://p", "HTTP_PROXY": "http://p"])
        let home = try #require(WebAddress("https://192.0.2.1/"))
        let rows: [(String, Bool)] = [
            ("https://192.0.2.2/x", true), ("https://nobody.invalid/x", true), ("http://169.254.169.254/x", false),
            ("https://10.0.0.1/x", false), ("https://127.0.0.1/x", false),
        ]
        for (target, isAllowed) in rows {
            let target = try #require(WebAddress(target))
            let addresses = try? await RedirectGuard(allowsPrivate: false, proxies: rules)
                .addresses(of: target, sentBy: home)
            #expect(addresses == (isAllowed ? [] : nil), "\(target)")
        }
    }
}
