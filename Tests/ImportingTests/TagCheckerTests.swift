import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

@Suite("Looking whether a tag has moved")
struct TagCheckerTests {
    private static let none = RegistryKeyring([])

    private static func keyring(_ host: String, _ user: String) throws -> RegistryKeyring {
        RegistryKeyring([
            try DockerConfiguration(
                parsing: Array(#"{"auths":{"\#(host)":{"username":"\#(user)","password":"p"}}}"#.utf8), form: .nested)
        ])
    }

    @Test("costs a HEAD with what the registry said the last time, and a GET only where it names no digest")
    func conditional() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "a/b", tag: "1")
            registry.intercept { request in
                guard request.path.hasSuffix("/manifests/1") else { return nil }
                if request.header("if-none-match") == ["\"tag-1\""] { return TestResponse(304) }
                return TestResponse(200, [("Docker-Content-Digest", "\(digest)"), ("ETag", "\"tag-1\"")])
            }
            try await withImporter { importer in
                let checker = TagChecker(importer: importer)
                let query = try #require(
                    checker.query(for: "\(registry.host)/a/b:1", insecure: true, credentials: Self.none))
                for _ in 0..<5 { #expect(await checker.check(query) == .digest(digest)) }
                let manifests = registry.server.requests.filter { $0.path.contains("/manifests/") }
                #expect(manifests.map(\.method) == Array(repeating: "HEAD", count: 5))
                #expect(manifests.dropFirst().allSatisfy { $0.header("if-none-match") == ["\"tag-1\""] })
                #expect(registry.server.requests(to: "/v2/").count == 1, "the registry is greeted once")

                // Nothing but the manifest tells the digest here.
                registry.intercept { request in
                    request.method == "HEAD" && request.path.hasSuffix("/manifests/1") ? TestResponse(200) : nil
                }
                #expect(await checker.check(query) == .digest(digest))
                #expect(registry.server.requests.last?.method == "GET")
            }
        }
    }

    @Test("is one question for all who have the same credentials, and another for others; tokens are used again")
    func credentials() async throws {
        let alice = Credentials(username: "alice", password: "p")
        try await FakeRegistry.run(login: .bearer(alice)) { registry in
            let digest = registry.putImage("x", in: "private/b", tag: "1")
            try await withImporter { importer in
                let checker = TagChecker(importer: importer)
                func query(_ user: String?) throws -> TagChecker.Query {
                    let keyring = try user.map { try Self.keyring(registry.host, $0) } ?? Self.none
                    return try #require(
                        checker.query(for: "\(registry.host)/private/b:1", insecure: true, credentials: keyring))
                }
                #expect(try query("alice") == query("alice"))
                #expect(try query("alice") != query("bob") && query("alice") != query(nil))
                for _ in 0..<4 { #expect(await checker.check(try query("alice")) == .digest(digest)) }
                #expect(registry.server.requests(to: "/token").count == 1)
                guard case .failed(let error) = await checker.check(try query(nil)) else {
                    Issue.record("nobody is let in")
                    return
                }
                #expect(error.isAccessRefused)
            }
        }
    }

    @Test("shows a mirror nothing that is for the registry it mirrors")
    func mirrors() async throws {
        let alice = Credentials(username: "alice", password: "p")
        try await FakeRegistry.run(login: .basic(alice)) { mirror in
            try await FakeRegistry.run(login: .basic(alice)) { registry in
                let digest = registry.putImage("x", in: "a/b", tag: "1")
                let copy = mirror.putImage("x", in: "a/b", tag: "1")
                let policy = PullPolicy(
                    pullSources: {
                        [RemoteReference(repository: mirror.repository("a/b"), selector: $0.selector), $0]
                    },
                    blockedHost: { _ in nil })
                try await withImporter(policy: policy) { importer in
                    let checker = TagChecker(importer: importer)
                    func answer(_ keyring: RegistryKeyring) async throws -> TagChecker.Answer {
                        await checker.check(
                            try #require(
                                checker.query(for: "\(registry.host)/a/b:1", insecure: true, credentials: keyring)))
                    }
                    let first = try await answer(try Self.keyring(registry.host, "alice"))
                    #expect(first == .digest(digest))
                    #expect(!mirror.server.requests.isEmpty)
                    #expect(mirror.server.requests.allSatisfy { $0.header("authorization").isEmpty })
                    // What is for the mirror opens it.
                    let count = registry.server.requests.count
                    let second = try await answer(try Self.keyring(mirror.host, "alice"))
                    #expect(second == .digest(copy))
                    #expect(registry.server.requests.count == count)
                }
            }
        }
    }

    @Test("is not done while the registry has had enough; what users ask for is")
    func budgets() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "a/b", tag: "1")
            registry.intercept { request in
                guard request.method == "HEAD" else { return nil }
                return TestResponse(
                    200,
                    [
                        ("Docker-Content-Digest", "\(digest)"), ("RateLimit-Limit", "100;w=21600"),
                        ("RateLimit-Remaining", "3;w=21600"), ("RateLimit-Reset", "600"),
                    ])
            }
            try await withImporter { importer in
                let checker = TagChecker(importer: importer)
                let query = try #require(
                    checker.query(for: "\(registry.host)/a/b:1", insecure: true, credentials: Self.none))
                #expect(await checker.check(query) == .digest(digest))
                let count = registry.server.requests.count
                guard case .paused(let pause) = await checker.check(query) else {
                    Issue.record("it goes on")
                    return
                }
                #expect(pause > .seconds(500) && registry.server.requests.count == count)
                #expect(await importer.images("\(registry.host)/a/b:1").first?.image != nil)
            }
        }
    }

    @Test("work that nobody waits for sends nothing before the time that a registry names")
    func refused() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a/b", tag: "1")
            registry.intercept { request in
                request.path.contains("/manifests/") ? TestResponse(429, [("Retry-After", "60")]) : nil
            }
            try await withImporter { importer in
                let request = ImportRequest(
                    images: [ImageImportEntry(from: "\(registry.host)/a/b:1", insecure: true)])
                func manifests() -> Int { registry.server.requests.count { $0.path.contains("/manifests/") } }
                let first = await importer.run(request, credentials: NoCredentials(), isBackground: true)
                #expect(first.images[0].failure?.status.code == 429 && manifests() == 1)
                let second = await importer.run(request, credentials: NoCredentials(), isBackground: true)
                #expect(second.images[0].failure?.status.code == 429 && manifests() == 1)
                #expect(second.images[0].failure?.status.details?.retryAfterSeconds ?? 0 > 50)
            }
        }
    }

    @Test("what is no tag of a registry, or blocked, is not asked for")
    func refusedReferences() async throws {
        let policy = PullPolicy(pullSources: { [$0] }, blockedHost: { $0.host == "blocked.example" ? $0.host : nil })
        try await withImporter(policy: policy) { importer in
            let checker = TagChecker(importer: importer)
            for text in ["", "*", "a b", "blocked.example/a/b:1"] {
                #expect(checker.query(for: text, insecure: false, credentials: Self.none) == nil, "\(text)")
            }
        }
    }
}
