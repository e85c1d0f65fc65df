import OCI
import RegistryClient
import RegistryTesting
import Synchronization
import Testing

@testable import Importing

@Suite("Importing images")
struct ImageImportTests {
    @Test("An image has its name, config, layers and size, and is named as the request wrote it")
    func single() async throws {
        try await FakeRegistry.run { registry in
            let config = registry.put(blob: #"{"architecture":"arm64"}"#, in: "a/b")
            let (x, y) = (Digest.sha256(of: [1]), Digest.sha256(of: [2]))
            let layers = [(x, 10), (y, 20), (x, 10), (config, 24)]
                .map { #"{"mediaType":"l","size":\#($0.1),"digest":"\#($0.0)"}"# }.joined(separator: ",")
            let digest = registry.put(
                manifest:
                    #"{"schemaVersion":2,"config":{"mediaType":"c","size":24,"digest":"\#(config)"},"layers":[\#(layers)]}"#,
                type: MediaType.ociManifest, in: "a/b", tag: "v1")
            try await withImporter { importer in
                let results = await importer.images("\(registry.host)/a/b:v1", "\(registry.host)/a/b:v1@\(digest)")
                let image = try #require(results[0].image)
                #expect(results.map(\.tag) == ["v1", nil])
                #expect(image.digest == digest)
                #expect(image.dockerImageReference == "\(registry.host)/a/b@\(digest)")
                #expect(image.size == 24 + 10 + 20)
                #expect(image.layers.map(\.size) == [10, 20, 10, 24])
                #expect(image.config == Array(#"{"architecture":"arm64"}"#.utf8))
                #expect(image.manifest.mediaType == MediaType.ociManifest)
                #expect(results[1].image?.digest == digest)
            }
        }
    }

    @Test("Equal entries are fetched once and reported each")
    func coalescing() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a", tag: "latest")
            try await withImporter { importer in
                let name = "\(registry.host)/a"
                let results = await importer.images(name, "\(name):latest", name)
                #expect(results.compactMap(\.image).count == 3)
                #expect(results.map(\.tag) == ["latest", "latest", "latest"])
            }
            #expect(registry.server.requests(to: "/v2/a/manifests/latest").count == 1)
            #expect(registry.server.requests(to: "/v2/").count == 1)
        }
    }

    @Test("Names that cannot be imported fail in their place, without a request")
    func refused() async throws {
        let policy = PullPolicy(pullSources: { [$0] }, blockedHost: { $0.host == "bad.io" ? $0.host : nil })
        try await withImporter(policy: policy) { importer in
            let results = await importer.images("A/B", "*", "quay.io", "bad.io/x:1")
            #expect(results.map(\.tag) == [nil, nil, nil, nil])
            #expect(results[0].failure == .invalidName("A/B", text: "repository name must be lowercase"))
            #expect(results[1].failure == .notNormalizable(reference: "*", text: "invalid reference format"))
            #expect(results[2].failure == .notNormalizable(reference: "quay.io", text: "invalid reference format"))
            #expect(results[3].failure == .blocked(host: "bad.io"))
        }
    }

    @Test("Of a list one platform is taken: the wanted one for tags, the default for digests")
    func legacyLists() async throws {
        try await FakeRegistry.run { registry in
            let amd = registry.putImage("amd", in: "a")
            let arm = registry.putImage("arm", in: "a")
            let s390 = registry.putImage("s390", in: "a")
            let list = registry.putIndex([(s390, "s390x"), (arm, "arm64"), (amd, "amd64")], in: "a", tag: "all")
            registry.putIndex([(s390, "s390x"), (arm, "arm64")], in: "a", tag: "no-amd64")
            registry.putIndex([], in: "a", tag: "empty")
            registry.putIndex([(list, "amd64")], in: "a", tag: "nested")
            let name = "\(registry.host)/a"
            try await withImporter { importer in
                let plain = await importer.images("\(name):all", "\(name):no-amd64", "\(name):empty", "\(name):nested")
                #expect(plain[0].image?.digest == amd)
                #expect(plain[0].image?.dockerImageReference == "\(name)@\(amd)")
                #expect(plain[1].image?.digest == s390)
                #expect(plain[2].message == "Internal error occurred: no manifests in manifest list")
                #expect(
                    plain[3].message
                        == "Internal error occurred: unsupported image manifest type: \(MediaType.ociIndex)")
                let preferred = await importer.images("\(name):all", "\(name)@\(list)", architecture: "arm64")
                #expect(preferred.map { $0.image?.digest } == [arm, amd])
            }
            try await withImporter(policy: .direct, { $0.defaultPlatform.architecture = "arm64" }) { importer in
                #expect(await importer.images("\(name)@\(list)")[0].image?.digest == arm)
            }
        }
    }

    @Test("PreserveOriginal keeps the list with every image, or fails as a whole")
    func preserved() async throws {
        try await FakeRegistry.run { registry in
            let children = (0..<10).map { registry.putImage("\($0)", in: "a") }
            let list = registry.putIndex(children.map { ($0, "amd64") }, in: "a", tag: "all")
            let lost = Digest.sha256(of: [9])
            registry.putIndex([(children[0], "amd64"), (lost, "arm64")], in: "a", tag: "holes")
            registry.putIndex([(list, "amd64")], in: "a", tag: "nested")
            let name = "\(registry.host)/a"
            try await withImporter { importer in
                let results = await importer.images(
                    "\(name):all", "\(name):holes", "\(name):nested", mode: .preserveOriginal)
                let image = try #require(results[0].image)
                #expect(image.digest == list)
                #expect(image.config == nil && image.layers.isEmpty && image.size == 0)
                #expect(image.children.map(\.digest) == children)
                #expect(image.children.map(\.dockerImageReference) == children.map { "\(name)@\($0)" })
                #expect(results[1].failure == .notFound(reference: "\(name)@\(lost)"))
                // A list within the list is reduced to one image, but keeps the entry's reference.
                #expect(results[2].image?.children.map(\.digest) == [children[0]])
                #expect(results[2].image?.children.map(\.dockerImageReference) == ["\(name)@\(list)"])
            }
        }
    }

    @Test("No host is asked more than a few things at a time")
    func parallelism() async throws {
        struct Load: Sendable {
            var now = 0
            var peak = 0
            /// Counted from the first child: before that the test may wait long for its turn.
            var deadline: ContinuousClock.Instant?
        }
        let load = Mutex(Load())
        try await FakeRegistry.run { registry in
            let children = (0..<12).map { registry.putImage("\($0)", in: "a") }
            registry.putIndex(children.map { ($0, "amd64") }, in: "a", tag: "all")
            // A child is answered only when the host is as busy as it may get, so that the peak does not hang on luck.
            registry.intercept { request in
                load.withLock {
                    $0.now += 1
                    $0.peak = max($0.peak, $0.now)
                }
                if request.path.contains("sha256:") {
                    let deadline = load.withLock { load in
                        let deadline = load.deadline ?? .now + .seconds(120)
                        load.deadline = deadline
                        return deadline
                    }
                    while load.withLock({ $0.peak < 3 }), .now < deadline {
                        try? await Task.sleep(for: .milliseconds(2))
                    }
                }
                load.withLock { $0.now -= 1 }
                return nil
            }
            try await withImporter(policy: .direct, { $0.parallelPerHost = 3 }) { importer in
                let results = await importer.images("\(registry.host)/a:all", mode: .preserveOriginal)
                #expect(results[0].image?.children.count == 12)
            }
        }
        #expect(load.withLock { $0.peak } == 3)
    }

    @Test("Credentials are tried in order, then none; the first refusal is the one shown")
    func credentials() async throws {
        try await FakeRegistry.run(login: .bearer(alice)) { registry in
            registry.putImage("x", in: "public/a", tag: "1")
            registry.putImage("x", in: "public/a", tag: "2")
            registry.putImage("x", in: "private/a", tag: "1")
            let (open, closed) = ("\(registry.host)/public/a", "\(registry.host)/private/a:1")
            try await withImporter { importer in
                let wrong = FixedCredentials(list: [mallory])
                #expect(await importer.images("\(open):1", credentials: wrong)[0].image != nil)
                #expect(
                    await importer.images(closed, credentials: wrong)[0].failure == .wrongPassword(reference: closed))
                #expect(await importer.images(closed)[0].failure == .unauthorized(reference: closed))
                let both = FixedCredentials(list: [mallory, alice])
                #expect(await importer.images(closed, credentials: both)[0].image != nil)
                #expect(
                    await importer.images(closed, credentials: BrokenCredentials())[0].message
                        == "Internal error occurred: \(closed): illegal base64 data")
                #expect(
                    await importer.images("\(open):nosuch", credentials: wrong)[0].failure
                        == .notFound(reference: "\(open):nosuch"))
            }
        }
    }

    @Test("Mirrors are tried first and leave no trace; the config comes from the source of the manifest")
    func mirrors() async throws {
        try await FakeRegistry.run { mirror in
            try await FakeRegistry.run { origin in
                let digest = mirror.putImage("x", in: "m/a", tag: "1")
                origin.putImage("y", in: "a", tag: "2")
                let host = mirror.host
                let policy = PullPolicy(
                    pullSources: { reference in
                        let path = "m/" + reference.repository.path
                        let repository = RepositoryName(host: host, path: path)
                        return [RemoteReference(repository: repository, selector: reference.selector), reference]
                    }, blockedHost: { _ in nil })
                try await withImporter(policy: policy) { importer in
                    let name = "\(origin.host)/a"
                    let results = await importer.images("\(name):1", "\(name):2", "\(name):3")
                    #expect(results[0].image?.dockerImageReference == "\(name)@\(digest)")
                    #expect(results[1].image != nil)
                    #expect(results[2].failure?.status.code == 404)
                    #expect(results[2].message.contains("(mirrors: "))
                }
                #expect(!origin.server.lines.contains { $0.contains("/manifests/1") })
            }
        }
    }

    @Test("An image that cannot be is refused with the reason")
    func unusable() async throws {
        try await FakeRegistry.run { registry in
            let text = registry.put(blob: "no json", in: "a")
            let config = registry.put(blob: "{}", in: "a")
            let layer = #"{"size":9223372036854775807,"digest":"\#(text)"}"#
            let other = #"{"size":9223372036854775807,"digest":"\#(Digest.sha256(of: [3]))"}"#
            func put(_ tag: String, _ config: Digest, _ layers: String) {
                registry.put(
                    manifest: #"{"config":{"size":1,"digest":"\#(config)"},"layers":[\#(layers)]}"#,
                    type: MediaType.ociManifest, in: "a", tag: tag)
            }
            put("config", text, "")
            put("overflow", config, "\(layer),\(other)")
            put("lost", Digest.sha256(of: [7]), "")
            registry.put(manifest: "{}", type: "text/plain", in: "a", tag: "type")
            let name = "\(registry.host)/a"
            try await withImporter { importer in
                let results = await importer.images(
                    "\(name):config", "\(name):overflow", "\(name):lost", "\(name):type")
                #expect(results[0].message.hasPrefix("Internal error occurred: invalid character"))
                #expect(results[1].message.hasSuffix("the sizes of the layers add up to no 64-bit number"))
                #expect(results[2].message == "Internal error occurred: \(name):lost: unknown blob")
                #expect(
                    results[3].message
                        == "Internal error occurred: \(name):type: unsupported manifest media type \"text/plain\"")
            }
        }
    }

    @Test("An entry that takes too long fails; a cancelled import ends")
    func timeouts() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a", tag: "1")
            registry.intercept { request in
                guard request.path.hasSuffix("/slow") else { return nil }
                var response = TestResponse(200)
                response.hangs = true
                return response
            }
            let name = "\(registry.host)/a"
            try await withImporter(policy: .direct, { $0.entryTimeout = .milliseconds(300) }) { importer in
                let results = await importer.images("\(name):slow")
                #expect(results[0].message == "Internal error occurred: \(name):slow: context deadline exceeded")
            }
            try await withImporter { importer in
                let before = registry.server.requests(to: "/v2/a/manifests/slow").count
                let task = Task { await importer.images("\(name):slow") }
                let deadline = ContinuousClock.now + .seconds(30)
                while registry.server.requests(to: "/v2/a/manifests/slow").count == before, .now < deadline {
                    try await Task.sleep(for: .milliseconds(5))
                }
                task.cancel()
                #expect(await task.value[0].image == nil)
            }
        }
    }
}
