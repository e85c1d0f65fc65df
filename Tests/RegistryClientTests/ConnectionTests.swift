import OCI
import RegistryTesting
import Synchronization
import Testing

@testable import RegistryClient

@Suite("Reaching a registry")
struct ConnectionTests {
    @Test("A registry without TLS is refused unless the import is insecure")
    func plainHTTP() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a/b", tag: "1")
            try await withClient { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a/b", "1"), access: RegistryAccess())
                }
                #expect(
                    error?.text
                        == "Get \"https://\(registry.host)/v2/\": http: server gave HTTP response to HTTPS client")
                _ = try await client.manifest(registry.reference("a/b", "1"), access: plain)
            }
            #expect(registry.server.lines == ["GET /v2/", "GET /v2/a/b/manifests/1"])
            #expect(registry.server.requests.allSatisfy { $0.header("user-agent") == ["weir/1.2.3"] })
            #expect(registry.server.requests.last?.header("accept") == MediaType.manifestAccept)
        }
    }

    @Test("A certificate nobody signed is refused, unless it is trusted or the import is insecure")
    func certificates() async throws {
        let certificate = try TestCertificate.shared.get()
        try await FakeRegistry.run(tls: certificate) { registry in
            let reference = registry.reference("a/b", registry.putImage("x", in: "a/b"))
            try await withClient { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(reference, access: RegistryAccess())
                }
                #expect(
                    error?.text == "Get \"https://\(registry.host)/v2/\": tls: failed to verify certificate: "
                        + "x509: certificate signed by unknown authority")
                _ = try await client.manifest(reference, access: plain)
            }
            let trust = try certificate.trust()
            try await withClient({ $0.trust = trust }) { client in
                _ = try await client.manifest(reference, access: RegistryAccess())
            }
        }
    }

    @Test("Nobody listening reads like Go's error, and is found out at once")
    func refused() async throws {
        let port = try ClosedPort()
        try await withClient { client in
            let repository = RepositoryName(host: port.host, path: "a/b")
            let start = ContinuousClock.now
            let error = await failure { () async throws(RegistryError) in
                try await client.tags(in: repository, access: RegistryAccess())
            }
            #expect(
                error?.text
                    == "Get \"https://\(port.host)/v2/\": dial tcp \(port.host): connect: connection refused")
            let second = await failure { () async throws(RegistryError) in
                try await client.tags(in: repository, access: plain)
            }
            #expect(
                second?.text
                    == "Get \"http://\(port.host)/v2/\": dial tcp \(port.host): connect: connection refused")
            #expect(ContinuousClock.now - start < .seconds(120))
        }
    }

    @Test("A host that does not exist is named")
    func noSuchHost() async throws {
        try await withClient { client in
            let error = await failure { () async throws(RegistryError) in
                try await client.ping(host: "nosuch.invalid", insecure: false)
            }
            #expect(
                error?.text.hasPrefix("Get \"https://nosuch.invalid/v2/\": dial tcp: lookup nosuch.invalid: ") == true)
        }
    }

    @Test("The ping is sent once per registry, and its failure is remembered")
    func pingOnce() async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { $0.path == "/v2/" ? TestResponse(404, text: "404") : nil }
            try await withClient { client in
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let error = await failure { () async throws(RegistryError) in
                                try await client.tags(in: registry.repository("a"), access: plain)
                            }
                            #expect(
                                error?.text
                                    == "endpoint \"http://\(registry.host)\" does not support v2 API (got 404 Not Found)"
                            )
                        }
                    }
                }
            }
            #expect(registry.server.lines == ["GET /v2/"])
        }
    }

    @Test(
        "What counts as a registry",
        arguments: [
            (200, false, true), (401, false, true), (403, false, true), (404, false, false), (404, true, true),
            (500, false, false), (500, true, true),
        ])
    func pingAnswers(status: Int, header: Bool, isRegistry: Bool) async throws {
        let server = try await TestServer.start { _ in
            TestResponse(status, header ? [("Docker-Distribution-API-Version", "registry/2.0")] : [])
        }
        try await withClient { client in
            do {
                try await client.ping(host: server.host, insecure: true)
                #expect(isRegistry)
            } catch { #expect(!isRegistry) }
        }
        await server.stop()
    }

    @Test("A connection that is reset in the middle of an answer is an error, and the next one is good")
    func resets() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "a", tag: "1")
            registry.intercept { request in
                guard request.path.hasSuffix("/1"), registry.server.requests(to: request.path).count == 1 else {
                    return nil
                }
                var response = TestResponse(200, body: Array(repeating: 0x20, count: 100_000))
                response.resets = true
                return response
            }
            try await withClient { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "1"), access: plain)
                }
                #expect(
                    error?.text.hasPrefix("Get \"http://\(registry.host)/v2/a/manifests/1\": ") == true,
                    "\(error?.text ?? "")")
                let again = try await client.manifest(registry.reference("a", "1"), access: plain)
                #expect(again.manifest.digest == digest)
            }
        }
    }

    @Test("A server that drips or hangs is left when the time is over")
    func timeouts() async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { request in
                guard request.path.hasSuffix("/slow") || request.path.hasSuffix("/hang") else { return nil }
                var response = TestResponse(200, body: Array(repeating: 0x20, count: 10_000))
                response.drip = .milliseconds(20)
                response.hangs = request.path.hasSuffix("/hang")
                return response
            }
            for tag in ["slow", "hang"] {
                try await withClient({ $0.requestTimeout = .milliseconds(300) }) { client in
                    try await client.ping(host: registry.host, insecure: true)
                    let start = ContinuousClock.now
                    let error = await failure { () async throws(RegistryError) in
                        try await client.manifest(registry.reference("a", tag), access: plain)
                    }
                    #expect(
                        error?.text
                            == "Get \"http://\(registry.host)/v2/a/manifests/\(tag)\": context deadline exceeded")
                    #expect(ContinuousClock.now - start < .seconds(120))
                }
            }
        }
    }

    @Test("Downloads that take long hold up no short requests, however many they are")
    func streams() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.put(blob: "12345", in: "a")
            registry.intercept { request in
                guard request.method == "GET", request.path.contains("/blobs/") else { return nil }
                var response = TestResponse(200, body: Array(repeating: 0, count: 100_000))
                response.drip = .seconds(1)
                return response
            }
            try await withClient { client in
                let repository = registry.repository("a")
                try await withThrowingTaskGroup(of: BlobDownload.self) { group in
                    for _ in 0..<70 {
                        group.addTask { try await client.download(digest, in: repository, access: plain) }
                    }
                    var downloads: [BlobDownload] = []
                    for try await download in group { downloads.append(download) }
                    #expect(try await client.blobSize(digest, in: repository, access: plain) == 5)
                    withExtendedLifetime(downloads) {}
                }
            }
        }
    }

    @Test("Who does not wait for a registry that says nothing goes on in time, and others who wait get its answer")
    func impatient() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a", tag: "1")
            let isHeld = Mutex(true)
            registry.intercept { request in
                while request.path == "/v2/", isHeld.withLock({ $0 }) {
                    do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
                }
                return nil
            }
            try await withClient { client in
                let reference = registry.reference("a", "1")
                async let patient = client.manifest(reference, access: plain)
                let hasty = Task {
                    await failure { () async throws(RegistryError) in
                        try await client.ping(host: registry.host, insecure: true)
                    }
                }
                hasty.cancel()
                #expect(await hasty.value != nil)
                isHeld.withLock { $0 = false }
                _ = try await patient
            }
            isHeld.withLock { $0 = true }
            try await withClient({ $0.requestTimeout = .milliseconds(300) }) { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "1"), access: plain)
                }
                #expect(error?.text == "Get \"https://\(registry.host)/v2/\": context deadline exceeded")
            }
            isHeld.withLock { $0 = false }
        }
    }
}
