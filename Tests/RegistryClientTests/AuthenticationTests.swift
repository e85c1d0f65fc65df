import OCI
import RegistryTesting
import Testing

@testable import RegistryClient

@Suite("Authentication")
struct AuthenticationTests {
    @Test("Basic: user and password are sent where they are asked for, and their lack is told")
    func basic() async throws {
        try await FakeRegistry.run(login: .basic(alice)) { registry in
            let reference = registry.reference("a/b", registry.putImage("x", in: "a/b"))
            try await withClient { client in
                _ = try await client.manifest(reference, access: access(alice))
                let none = await failure { () async throws(RegistryError) in
                    try await client.manifest(reference, access: plain)
                }
                #expect(
                    none?.text
                        == "Get \"http://\(registry.host)/v2/a/b/manifests/\(reference.selector)\": no basic auth credentials"
                )
                #expect(none?.isAccessRefused == true)
                let wrong = await failure { () async throws(RegistryError) in
                    try await client.manifest(reference, access: access(mallory))
                }
                #expect(wrong?.contains(code: "UNAUTHORIZED") == true)
            }
            #expect(registry.server.requests(to: "/v2/").allSatisfy { $0.header("authorization").isEmpty })
        }
    }

    @Test("Bearer: one token serves all requests for a repository")
    func bearer() async throws {
        try await FakeRegistry.run(login: .bearer(alice)) { registry in
            let config = registry.put(blob: "{}", in: "a/b")
            let reference = registry.reference("a/b", registry.putImage("x", in: "a/b", tag: "1"))
            try await withClient { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask { _ = try await client.manifest(reference, access: access(alice)) }
                    }
                    try await group.waitForAll()
                }
                _ = try await client.blob(config, in: reference.repository, access: access(alice))
                _ = try await client.tags(in: reference.repository, access: access(alice))
            }
            #expect(
                registry.server.lines.filter { $0.contains("/token") }
                    == ["GET /token?account=alice&scope=repository%3Aa%2Fb%3Apull&service=test"])
            #expect(
                registry.server.requests(to: "/token").first?.header("authorization") == [FakeRegistry.basic(alice)])
        }
    }

    @Test("Bearer: an anonymous token opens what is public, and a refusal of the token server keeps its text")
    func bearerWithout() async throws {
        try await FakeRegistry.run(login: .bearer(alice)) { registry in
            registry.putImage("x", in: "public/a", tag: "1")
            registry.putImage("x", in: "private/a", tag: "1")
            try await withClient { client in
                _ = try await client.manifest(registry.reference("public/a", "1"), access: plain)
                let refused = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("private/a", "1"), access: plain)
                }
                #expect(refused?.contains(code: "UNAUTHORIZED") == true)
                let wrong = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("public/a", "1"), access: access(mallory))
                }
                #expect(
                    wrong?.text == "Get \"http://\(registry.host)/v2/public/a/manifests/1\": "
                        + "unauthorized: incorrect username or password")
            }
        }
    }

    @Test("A token that is refused is replaced once")
    func revoked() async throws {
        try await FakeRegistry.run(login: .bearer(alice)) { registry in
            registry.putImage("x", in: "a", tag: "1")
            try await withClient { client in
                _ = try await client.manifest(registry.reference("a", "1"), access: access(alice))
                registry.revokeTokens()
                _ = try await client.manifest(registry.reference("a", "1"), access: access(alice))
            }
            #expect(registry.server.requests(to: "/token").count == 2)
            #expect(registry.server.requests(to: "/v2/a/manifests/1").count == 3)
        }
    }

    @Test("A registry that asks only later, at the manifest, is answered too")
    func lateChallenge() async throws {
        try await FakeRegistry.run(login: .bearer(alice)) { registry in
            registry.putImage("x", in: "a", tag: "1")
            registry.intercept { $0.path == "/v2/" ? TestResponse(200) : nil }
            try await withClient { client in
                _ = try await client.manifest(registry.reference("a", "1"), access: access(alice))
            }
            #expect(registry.server.requests(to: "/v2/a/manifests/1").count == 2)
        }
    }

    @Test("A token server elsewhere is asked anonymously")
    func foreignRealm() async throws {
        let foreign = try await TestServer.start { _ in TestResponse(200, text: #"{"token":"t"}"#) }
        try await FakeRegistry.run(login: .bearer(alice, realm: "http://localhost:\(foreign.port)/token")) { registry in
            registry.putImage("x", in: "a", tag: "1")
            try await withClient { client in
                _ = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "1"), access: access(alice))
                }
            }
        }
        #expect(!foreign.requests.isEmpty)
        for request in foreign.requests {
            #expect(request.header("authorization").isEmpty)
            #expect(!request.query.contains("alice"))
        }
        await foreign.stop()
    }

    @Test("With TLS, no realm without TLS is asked")
    func plainRealm() async throws {
        let certificate = try TestCertificate.shared.get()
        try await FakeRegistry.run(tls: certificate, login: .bearer(alice)) { registry in
            let trust = try certificate.trust()
            try await withClient({ $0.trust = trust }) { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "1"), access: RegistryAccess(credentials: alice))
                }
                #expect(
                    error?.text.hasSuffix("refusing to ask for a token at \"http://\(registry.host)/token\"") == true)
            }
            #expect(registry.server.requests(to: "/token").isEmpty)
        }
    }

    @Test("If bearer does not work, basic does")
    func bothSchemes() async throws {
        try await FakeRegistry.run(login: .none) { registry in
            registry.putImage("x", in: "a", tag: "1")
            registry.intercept { request in
                if request.path == "/token" { return TestResponse(500) }
                guard request.header("authorization") != [FakeRegistry.basic(alice)] else { return nil }
                return TestResponse(
                    401, [("WWW-Authenticate", #"Bearer realm="http://127.0.0.1:1/token", Basic realm="x""#)])
            }
            try await withClient { client in
                _ = try await client.manifest(registry.reference("a", "1"), access: access(alice))
            }
        }
    }
}
