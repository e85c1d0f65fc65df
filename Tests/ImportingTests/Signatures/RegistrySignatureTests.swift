import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

@Suite("Signatures of registries")
struct RegistrySignatureTests {
    @Test("are asked for where the registry says that it has some, and the store is not")
    func signatureExtension() async throws {
        try await FakeRegistry.runSecure { registry in
            try await FakeLookaside.run { store in
                let image = registry.signed("team/app")
                store.put("in the store", "team/app", image.digest, 1)
                registry.keepSignatures { _ in TestResponse(200, text: list(["one", "two", "one"])) }
                try await withFetcher(.at(store.url)) { fetcher in
                    let found = try await fetcher.texts(of: image)
                    #expect(found == ["one", "two"])
                    #expect(try await fetcher.texts(of: image, known: [name("one")]) == ["two"])
                }
                let path = "/extensions/v2/team/app/signatures/\(image.digest)"
                #expect(registry.server.lines == ["GET /v2/", "GET \(path)", "GET \(path)"])
                #expect(store.server.lines == [])
            }
        }
    }

    @Test("any other value of the header is no")
    func header() async throws {
        try await FakeRegistry.runSecure { registry in
            registry.intercept { request in
                request.path == "/v2/" ? TestResponse(200, [("X-Registry-Supports-Signatures", "true")]) : nil
            }
            try await withFetcher { fetcher in
                let found = try await fetcher.texts(of: registry.signed("a"))
                #expect(found == [])
                #expect(registry.server.lines == ["GET /v2/"])
            }
        }
    }

    @Test("lists are asked for again only if they have changed")
    func conditional() async throws {
        try await FakeRegistry.runSecure { registry in
            registry.keepSignatures { request in
                request.header("if-none-match") == [#""v1""#]
                    ? TestResponse(304) : TestResponse(200, [("ETag", #""v1""#)], text: list(["one"]))
            }
            try await withFetcher { fetcher in
                let image = registry.signed("a")
                #expect(try await fetcher.texts(of: image) == ["one"])
                let again = try await fetcher.findings(of: image, known: [name("one")])
                #expect(again.new.isEmpty && again.hasAny && again.isComplete)
                #expect(try await fetcher.texts(of: image) == ["one"])
            }
        }
    }

    @Test("a missing list, one for others, and nonsense are none; errors are faults")
    func answers() async throws {
        try await FakeRegistry.runSecure { registry in
            try await withFetcher(nil, { configuration, _ in configuration.maxListBytes = 1_000 }) { fetcher in
                let image = registry.signed("a")
                for response in [
                    TestResponse(404), .error(401, "UNAUTHORIZED"), .error(403, "DENIED"),
                    TestResponse(200, text: "<html>"),
                    TestResponse(200, text: #"{"signatures":[{"schemaVersion":2,"type":"atomic","content":"?"}]}"#),
                ] {
                    registry.keepSignatures { _ in response }
                    let found = try await fetcher.findings(of: image)
                    #expect(found == SignatureFindings(), "\(response.status)")
                }
                registry.keepSignatures { _ in TestResponse(500) }
                #expect(await fetcher.failure(of: image) != nil)
                registry.keepSignatures { _ in TestResponse(200, text: list([String(repeating: "x", count: 1_000)])) }
                #expect(
                    await fetcher.failure(of: image)
                        == .registry(.tooLarge("list of signatures of \(image.digest)", limit: 1_000)))
            }
        }
    }

    @Test("tokens for everybody are got where the registry asks for them")
    func tokens() async throws {
        try await FakeRegistry.runSecure(login: .bearer(alice)) { registry in
            try await FakeRegistry.runSecure { tokenServer in
                let realm = "https://\(tokenServer.host)/token"
                tokenServer.intercept { _ in TestResponse(200, text: #"{"token":"anonymous"}"#) }
                registry.intercept { request in
                    let isGranted = request.header("authorization") == ["Bearer anonymous"]
                    if request.path.hasPrefix("/extensions/"), isGranted {
                        return TestResponse(200, text: list(["one"]))
                    }
                    return TestResponse(
                        401,
                        [
                            ("WWW-Authenticate", #"Bearer realm="\#(realm)",service="s""#),
                            ("X-Registry-Supports-Signatures", "1"),
                        ])
                }
                try await withFetcher { fetcher in
                    let found = try await fetcher.texts(of: registry.signed("a/b"))
                    #expect(found == ["one"])
                }
                #expect(tokenServer.server.lines == ["GET /token?scope=repository%3Aa%2Fb%3Apull&service=s"])
                #expect(tokenServer.server.requests.allSatisfy { $0.header("authorization").isEmpty })
            }
        }
    }

    @Test("attachments are read where the configuration says so, after those of the store")
    func attachments() async throws {
        try await FakeRegistry.runSecure { registry in
            try await FakeLookaside.run { store in
                let image = registry.signed("team/app")
                attach(["first", "second"], to: image, in: registry)
                store.put("stored", "team/app", image.digest, 1)
                try await withFetcher(.at(store.url)) { fetcher in
                    let found = try await fetcher.texts(of: image)
                    #expect(found == ["stored"])
                }
                try await withFetcher(.at(store.url, attachments: true)) { fetcher in
                    #expect(try await fetcher.texts(of: image) == ["stored", "first", "second"])
                    let before = registry.server.lines.count
                    // Blobs are named by what they hold: known ones are not fetched.
                    let known: Set = [name("stored"), name("first"), name("second")]
                    let again = try await fetcher.findings(of: image, known: known)
                    #expect(again.new.isEmpty && again.hasAny)
                    #expect(
                        registry.server.lines.dropFirst(before)
                            == ["GET /v2/team/app/manifests/sha256-\(image.digest.hex).sig"])
                }
                #expect(!registry.server.lines.contains { $0.hasSuffix("/manifests/\(image.digest)") })
            }
        }
    }

    @Test("attachments are verified and bounded; where there are none, or not for everybody, that is an answer")
    func hostileAttachments() async throws {
        try await FakeRegistry.runSecure { registry in
            try await withFetcher(.at("file:///nonexistent/weir", attachments: true)) { fetcher in
                let image = registry.signed("a")
                let found = try await fetcher.findings(of: image)
                #expect(found == SignatureFindings())
                registry.intercept { $0.path.contains(".sig") ? .error(401, "UNAUTHORIZED") : nil }
                #expect(try await fetcher.findings(of: image) == SignatureFindings())
                registry.intercept { _ in nil }

                attach(["true"], to: image, in: registry)
                registry.intercept { $0.path.contains("/blobs/") ? TestResponse(200, text: "false") : nil }
                guard case .registry(.blobMismatch) = await fetcher.failure(of: image) else {
                    Issue.record("another content was taken")
                    return
                }
                registry.intercept { _ in nil }
                #expect(try await fetcher.texts(of: image) == ["true"])
                let large = registry.signed("a", .sha256(of: [2]))
                attach(["x"], to: large, in: registry, size: 5 << 20)
                guard case .registry(.tooLarge) = await fetcher.failure(of: large) else {
                    Issue.record("a large blob was taken")
                    return
                }
                let many = registry.signed("a", .sha256(of: [3]))
                attach((0..<30).map { "signature \($0)" }, to: many, in: registry)
                #expect(try await fetcher.texts(of: many).count == 11)
                let list = registry.signed("a", .sha256(of: [4]))
                registry.putIndex([], in: "a", tag: "sha256-\(list.digest.hex).sig")
                #expect(try await fetcher.findings(of: list) == SignatureFindings())
            }
        }
    }

    /// Attaches signatures as cosign does.
    private func attach(_ signatures: [String], to image: SignedImage, in registry: FakeRegistry, size: Int = 1) {
        let path = image.repository.path
        let type = "application/vnd.dev.cosign.simplesigning.v1+json"
        let layers = signatures.map {
            #"{"mediaType":"\#(type)","size":\#(size),"digest":"\#(registry.put(blob: $0, in: path))"}"#
        }
        let config = registry.put(blob: "{}", in: path)
        let manifest =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","#
            + #""config":{"mediaType":"\#(MediaType.ociConfig)","size":2,"digest":"\#(config)"},"#
            + #""layers":[\#(layers.joined(separator: ","))]}"#
        registry.put(
            manifest: manifest, type: MediaType.ociManifest, in: path, tag: "sha256-\(image.digest.hex).sig")
    }
}
