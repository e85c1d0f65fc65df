import OCI
import RegistryTesting
import Testing

@testable import RegistryClient

@Suite("Further attempts")
struct RetryTests {
    @Test(
        "What may pass is tried again, at most twice",
        arguments: [(429, 3), (502, 3), (503, 3), (504, 3), (500, 1), (404, 1), (400, 1)])
    func retries(status: Int, attempts: Int) async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { $0.path.count > 4 ? TestResponse(status) : nil }
            try await withClient { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "1"), access: plain)
                }
                #expect(error?.status == status)
            }
            #expect(registry.server.requests(to: "/v2/a/manifests/1").count == attempts)
        }
    }

    @Test("A pause before another attempt takes nobody's turn")
    func pausesTakeNoTurn() async throws {
        try await FakeRegistry.run { registry in
            for repository in ["a/busy", "a/free"] { registry.putImage("x", in: repository, tag: "1") }
            registry.intercept { request in
                let isFirst = registry.server.requests(to: request.path).count == 1
                return request.path.hasPrefix("/v2/a/busy/") && isFirst
                    ? TestResponse(503, [("Retry-After", "2")]) : nil
            }
            try await withClient(limiter: HostLimiter(limit: 1)) { client in
                async let busy = client.manifest(registry.reference("a/busy", "1"), access: plain)
                while registry.server.requests(to: "/v2/a/busy/manifests/1").isEmpty { await Task.yield() }
                _ = try await client.manifest(registry.reference("a/free", "1"), access: plain)
                _ = try await busy
            }
            #expect(
                registry.server.lines.filter { $0.contains("manifests") } == [
                    "GET /v2/a/busy/manifests/1", "GET /v2/a/free/manifests/1", "GET /v2/a/busy/manifests/1",
                ])
        }
    }

    @Test("What a registry wants to be asked for later is remembered that long, a day at most")
    func closedPaths() throws {
        let paths = ClosedPaths()
        let start = ContinuousClock.now
        let url = try #require(WebAddress("https://r.example/v2/a/manifests/1"))
        func busy(_ pause: Duration?) -> RegistryError {
            .unexpectedStatus(503, line: "503 Service Unavailable", retryAfter: pause)
        }
        for pause in [nil, Duration.zero] {
            paths.observe(busy(pause), from: url, now: start)
            #expect(paths.answer(from: url, now: start) == nil)
        }
        for (pause, length) in [(Duration.seconds(5), Duration.seconds(5)), (.seconds(1 << 40), .seconds(86_400))] {
            paths.observe(busy(pause), from: url, now: start)
            #expect(paths.answer(from: url, now: start + length - .milliseconds(1)) == busy(pause))
            #expect(paths.answer(from: url, now: start + length) == nil)
        }
        let long = try #require(WebAddress("https://r.example/" + String(repeating: "x", count: 2_000)))
        paths.observe(busy(.seconds(60)), from: long, now: start)
        #expect(paths.answer(from: long, now: start) == nil)
        let other = try #require(WebAddress("https://r.example/v2/b/manifests/1"))
        for answer in [
            RegistryError.unexplained(status: 404, why: "", body: "x", retryAfter: .seconds(60)),
            .unexpectedStatus(503, line: String(repeating: "x", count: 2_000), retryAfter: .seconds(60)),
        ] {
            paths.observe(answer, from: other, now: start)
            #expect(paths.answer(from: other, now: start) == nil)
        }
        for index in 0..<(3 * ClosedPaths.capacity) {
            let url = try #require(WebAddress("https://r.example/v2/a/manifests/\(index)"))
            paths.observe(busy(.seconds(60)), from: url, now: start)
            #expect(paths.answer(from: url, now: start) != nil)
        }
    }

    @Test("Retry-After is waited for, and a wait beyond the cap ends the attempts")
    func retryAfter() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a", tag: "1")
            registry.putImage("x", in: "a", tag: "never")
            registry.intercept { request in
                let count = registry.server.requests(to: request.path).count
                if request.path.hasSuffix("/never") { return TestResponse(429, [("Retry-After", "3600")]) }
                return request.path.hasSuffix("/1") && count == 1 ? TestResponse(429, [("Retry-After", "1")]) : nil
            }
            try await withClient { client in
                let start = ContinuousClock.now
                _ = try await client.manifest(registry.reference("a", "1"), access: plain)
                #expect(ContinuousClock.now - start >= .seconds(1))
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "never"), access: plain)
                }
                #expect(error?.retryAfter == .seconds(3600))
            }
            #expect(registry.server.requests(to: "/v2/a/manifests/never").count == 1)
        }
    }
}
