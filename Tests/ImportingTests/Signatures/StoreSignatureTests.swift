import Foundation
import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

@Suite("Signatures of lookaside stores")
struct StoreSignatureTests {
    /// A registry without signatures, a store, and a fetcher that looks there.
    private func run(
        _ change: (inout SignatureFetcher.Configuration, inout RegistryClientConfiguration) -> Void = { _, _ in },
        _ body: (FakeRegistry, FakeLookaside, SignatureFetcher) async throws -> Void
    ) async throws {
        try await FakeRegistry.runSecure { registry in
            try await FakeLookaside.run { store in
                try await withFetcher(.at(store.url), change) { try await body(registry, store, $0) }
            }
        }
    }

    @Test("are read by number until one is missing; the image is not asked for")
    func numbers() async throws {
        try await run { registry, store, fetcher in
            let image = registry.signed("team/app")
            for (number, text) in [1: "one", 2: "two", 4: "four"] { store.put(text, "team/app", image.digest, number) }
            let found = try await fetcher.findings(of: image)
            #expect(found.new.map(\.name) == [name("one"), name("two")])
            #expect(found.hasAny && found.isComplete)
            #expect(registry.server.lines == ["GET /v2/"])
            #expect(
                store.server.lines == (1...3).map { "GET " + FakeLookaside.path("team/app", image.digest, $0) })
        }
    }

    @Test("none is an answer")
    func none() async throws {
        try await run { registry, store, fetcher in
            let image = registry.signed("team/app")
            let found = try await fetcher.findings(of: image)
            #expect(found == SignatureFindings())
            store.intercept { _ in TestResponse(410) }
            #expect(try await fetcher.findings(of: image) == SignatureFindings())
        }
    }

    @Test("are asked for again only if they have changed, and if none of them was lost")
    func conditional() async throws {
        try await run { registry, store, fetcher in
            let image = registry.signed("a")
            let path = FakeLookaside.path("a", image.digest, 1)
            store.put("one", "a", image.digest, 1)
            #expect(try await fetcher.texts(of: image) == ["one"])
            let stored: Set = [name("one")]
            let again = try await fetcher.findings(of: image, known: stored)
            #expect(again.new.isEmpty && again.hasAny)
            // Deleted by somebody: a server that says "unchanged" would not give it again.
            #expect(try await fetcher.texts(of: image) == ["one"])
            store.put("new", "a", image.digest, 1)
            #expect(try await fetcher.texts(of: image, known: stored) == ["new"])
            let conditions = store.server.requests(to: path).map { !$0.header("if-none-match").isEmpty }
            #expect(conditions == [false, true, false, true])
        }
    }

    @Test("are asked for by their date where the server has nothing better")
    func dates() async throws {
        try await run { registry, store, fetcher in
            let image = registry.signed("a")
            let path = FakeLookaside.path("a", image.digest, 1)
            let date = "Sun, 06 Nov 1994 08:49:37 GMT"
            store.intercept { request in
                guard request.path == path else { return nil }
                if request.header("if-modified-since") == [date] { return TestResponse(304) }
                return TestResponse(200, [("Last-Modified", date)], text: "one")
            }
            let found = try await fetcher.texts(of: image)
            #expect(found == ["one"])
            #expect(try await fetcher.findings(of: image, known: [name("one")]).hasAny)
            #expect(store.server.requests(to: path).map { $0.header("if-modified-since") } == [[], [date]])
        }
    }

    @Test("equal ones count once, empty ones not at all")
    func doubles() async throws {
        try await run { registry, store, fetcher in
            let image = registry.signed("a")
            for (number, text) in ["x", "", "x", "y"].enumerated() { store.put(text, "a", image.digest, number + 1) }
            let found = try await fetcher.texts(of: image)
            #expect(found == ["x", "y"])
            #expect(try await fetcher.texts(of: image, known: [name("x")]) == ["y"])
        }
    }

    @Test("nothing is read beyond what is too many anyway")
    func enough() async throws {
        try await run { registry, store, fetcher in
            let image = registry.signed("a")
            for number in 1...20 { store.put("signature \(number)", "a", image.digest, number) }
            let found = try await fetcher.texts(of: image)
            #expect(found.count == 11)
            #expect(store.server.lines.count == 11)
            let large = registry.signed("b")
            for number in 1...3 {
                store.put(
                    [UInt8](repeating: UInt8(number), count: 600_000), at: FakeLookaside.path("b", large.digest, number)
                )
            }
            #expect(try await fetcher.findings(of: large).new.count == 2)
        }
    }

    @Test("a store without end is a fault")
    func endless() async throws {
        try await run { registry, store, fetcher in
            store.intercept { _ in TestResponse(200, text: "the same for all") }
            #expect(await fetcher.failure(of: registry.signed("a")) == .unreasonable(128))
            #expect(store.server.lines.count == 128)
        }
    }

    @Test("too large ones, errors and strange redirects are faults")
    func hostile() async throws {
        try await run({ configuration, client in
            configuration.maxBytes = 1_000
            client.maxRedirects = 3
        }) { registry, store, fetcher in
            let image = registry.signed("a")
            func failure(_ response: TestResponse) async -> String {
                store.intercept { _ in response }
                return await fetcher.failure(of: image).map { "\($0)" } ?? "none"
            }
            let url = "http://\(store.server.host)" + FakeLookaside.path("a", image.digest, 1)
            let large = [UInt8](repeating: 1, count: 1_001)
            #expect(await failure(TestResponse(200, body: large)) == "\(url) is longer than 1000 bytes")
            var endless = TestResponse(200, body: large)
            endless.chunked = true
            #expect(await failure(endless) == "\(url) is longer than 1000 bytes")
            #expect(await failure(TestResponse(500)).hasPrefix("received unexpected HTTP status: 500"))
            #expect(await failure(TestResponse(403)).contains("403"))
            // 304 without a question is no answer.
            #expect(await failure(TestResponse(304)).contains("304"))
            #expect(await failure(TestResponse(302, [("Location", "/again")])) == "stopped after 3 redirects")
            #expect(
                await failure(TestResponse(302, [("Location", "file:///etc/passwd")]))
                    == #"refusing the redirect to "file:///etc/passwd": no http or https URL"#)
        }
    }

    @Test("redirects are followed")
    func redirects() async throws {
        try await run { registry, store, fetcher in
            let image = registry.signed("a")
            store.put(Array("moved".utf8), at: "/elsewhere/1")
            store.intercept { request in
                request.path == FakeLookaside.path("a", image.digest, 1)
                    ? TestResponse(307, [("Location", "/elsewhere/1")]) : nil
            }
            let found = try await fetcher.texts(of: image)
            #expect(found == ["moved"])
        }
    }

    @Test("time for one image is bounded")
    func time() async throws {
        try await run({ configuration, _ in configuration.timeout = .milliseconds(200) }) { registry, store, fetcher in
            store.intercept { _ in
                var response = TestResponse(200)
                response.hangs = true
                return response
            }
            #expect(await fetcher.failure(of: registry.signed("a")) == .timedOut)
        }
    }

    @Test("a registry that does not answer keeps nobody from the store, but the answer is not the last")
    func unreachable() async throws {
        try await FakeLookaside.run { store in
            try await withFetcher(.at(store.url)) { fetcher in
                let digest = Digest.sha256(of: [1])
                let reference = RemoteReference(
                    repository: RepositoryName(host: "127.0.0.1:1", path: "a"), digest: digest)
                let image = SignedImage(reference: reference, digest: digest)
                let found = try await fetcher.findings(of: image)
                #expect(!found.isComplete)
                store.put("one", "a", digest, 1)
                #expect(try await fetcher.texts(of: image) == ["one"])
            }
        }
    }

    @Test("are read from folders")
    func folders() async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-sigs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        try await FakeRegistry.runSecure { registry in
            try await withFetcher(.at("file://\(root.path)")) { fetcher in
                let image = registry.signed("team/app")
                #expect(try await fetcher.findings(of: image) == SignatureFindings())
                let folder = root.appending(path: "team/app@sha256=\(image.digest.hex)")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                #expect(try await fetcher.texts(of: image) == [])
                for (number, text) in ["one", "two"].enumerated() {
                    try Data(text.utf8).write(to: folder.appending(path: "signature-\(number + 1)"))
                }
                #expect(try await fetcher.texts(of: image) == ["one", "two"])
                // What would hold a reader for ever, or fill its memory.
                #expect(mkfifo(folder.appending(path: "signature-3").path, 0o600) == 0)
                let third = folder.appending(path: "signature-3").path
                #expect(await fetcher.failure(of: image) == .file(path: third, why: "is no regular file"))
                try FileManager.default.removeItem(atPath: third)
                try Data(count: 4 << 20 + 1).write(to: URL(fileURLWithPath: third))
                #expect(await fetcher.failure(of: image) == .file(path: third, why: "is longer than 4194304 bytes"))
            }
        }
    }
}
