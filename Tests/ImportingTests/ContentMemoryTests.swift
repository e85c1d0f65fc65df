import OCI
import RegistryClient
import RegistryTesting
import Synchronization
import Testing

@testable import Importing

@Suite("What imports fetch once for all")
struct ContentMemoryTests {
    private static func keyring(_ host: String, _ credentials: Credentials) throws -> RegistryKeyring {
        RegistryKeyring([
            try DockerConfiguration(
                parsing: Array(
                    #"{"auths":{"\#(host)":{"username":"\#(credentials.username)","password":"\#(credentials.password)"}}}"#
                        .utf8), form: .nested)
        ])
    }

    /// Requests for bytes.
    private static func gets(_ registry: FakeRegistry, _ part: String) -> Int {
        registry.server.requests.count { $0.method == "GET" && $0.path.contains(part) }
    }

    private static func run(
        _ importer: Importer, _ from: String, _ credentials: some CredentialSource = NoCredentials(),
        mode: ImportMode = .legacy, isBackground: Bool = true
    ) async -> ImageImportResult {
        let request = ImportRequest(images: [ImageImportEntry(from: from, mode: mode, insecure: true)])
        return await importer.run(request, credentials: credentials, isBackground: isBackground).images[0]
    }

    @Test("a registry that answers is looked for once by all work that nobody waits for", arguments: [true, false])
    func pings(isBackground: Bool) async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "a/b", tag: "1")
            try await withImporter { importer in
                for _ in 0..<3 {
                    let result = await Self.run(importer, "\(registry.host)/a/b:1", isBackground: isBackground)
                    #expect(result.image != nil)
                }
            }
            #expect(registry.server.requests(to: "/v2/").count == (isBackground ? 1 : 3))
        }
    }

    @Test(
        "hundreds of streams that follow a tag which has moved cost one manifest, one for its platform and one config")
    func shared() async throws {
        try await FakeRegistry.run { registry in
            func list(_ text: String) -> (list: Digest, image: Digest) {
                let image = registry.putImage(text, in: "a/b")
                return (registry.putIndex([(image, "amd64")], in: "a/b", tag: "1"), image)
            }
            try await withImporter { importer in
                let from = "\(registry.host)/a/b:1"
                let checker = TagChecker(importer: importer)
                for text in ["first", "second"] {
                    let expected = list(text)
                    let query = try #require(
                        checker.query(for: from, insecure: true, credentials: RegistryKeyring([])))
                    #expect(await checker.check(query) == .digest(expected.list))
                    let before = (Self.gets(registry, "/manifests/"), Self.gets(registry, "/blobs/"))
                    let results = await withTaskGroup(of: Digest?.self) { group in
                        for _ in 0..<500 { group.addTask { await Self.run(importer, from).image?.digest } }
                        return await group.reduce(into: [Digest?: Int]()) { $0[$1, default: 0] += 1 }
                    }
                    #expect(results == [expected.image: 500])
                    #expect(Self.gets(registry, "/manifests/") - before.0 == 2)
                    #expect(Self.gets(registry, "/blobs/") - before.1 == 1)
                }
            }
        }
    }

    @Test("who is waited for gets what the tag names now, and only the rest from memory")
    func foreground() async throws {
        try await FakeRegistry.run { registry in
            try await withImporter { importer in
                let from = "\(registry.host)/a/b:1"
                let checker = TagChecker(importer: importer)
                let first = registry.putImage("first", in: "a/b", tag: "1")
                let query = try #require(checker.query(for: from, insecure: true, credentials: RegistryKeyring([])))
                #expect(await checker.check(query) == .digest(first))
                let second = registry.putImage("second", in: "a/b", tag: "1")
                #expect(await Self.run(importer, from).image?.digest == first, "as the look has shown")
                #expect(await Self.run(importer, from, isBackground: false).image?.digest == second)
                let blobs = Self.gets(registry, "/blobs/")
                #expect(await Self.run(importer, from, isBackground: false).image?.digest == second)
                #expect(Self.gets(registry, "/blobs/") == blobs, "the config is known")
                #expect(Self.gets(registry, "/manifests/1") == 2, "the tag is asked for each time")
            }
        }
    }

    @Test("an image that is gone since somebody looked is taken from the tag")
    func gone() async throws {
        try await FakeRegistry.run { registry in
            try await withImporter { importer in
                let from = "\(registry.host)/a/b:1"
                let checker = TagChecker(importer: importer)
                let first = registry.putImage("first", in: "a/b", tag: "1")
                let query = try #require(checker.query(for: from, insecure: true, credentials: RegistryKeyring([])))
                #expect(await checker.check(query) == .digest(first))
                let second = registry.putImage("second", in: "a/b", tag: "1")
                registry.intercept { $0.path.hasSuffix("\(first)") ? .error(404, "MANIFEST_UNKNOWN") : nil }
                #expect(await Self.run(importer, from).image?.digest == second)
            }
        }
    }

    @Test(
        "other credentials get nothing of it: they are asked for, let in or refused by the registry",
        arguments: [
            ImportMode.legacy, .preserveOriginal,
        ])
    func credentials(_ mode: ImportMode) async throws {
        try await FakeRegistry.run(login: .basic(alice)) { registry in
            let image = registry.putImage("x", in: "private/b")
            let list = registry.putIndex([(image, "amd64")], in: "private/b", tag: "1")
            try await withImporter { importer in
                let from = "\(registry.host)/private/b:1"
                let checker = TagChecker(importer: importer)
                let keyring = try Self.keyring(registry.host, alice)
                let query = try #require(checker.query(for: from, insecure: true, credentials: keyring))
                #expect(await checker.check(query) == .digest(list))
                let expected = mode == .legacy ? image : list
                #expect(await Self.run(importer, from, keyring, mode: mode).image?.digest == expected)
                for isBackground in [true, false] {
                    for target in [from, "\(registry.host)/private/b@\(image)", "\(registry.host)/private/b@\(list)"] {
                        let nobody = await Self.run(importer, target, mode: mode, isBackground: isBackground)
                        #expect(nobody.image == nil, "\(target)")
                        let wrong = try Self.keyring(registry.host, mallory)
                        let other = await Self.run(importer, target, wrong, mode: mode, isBackground: isBackground)
                        #expect(other.image == nil, "\(target)")
                    }
                }
            }
        }
    }

    @Test("a list elsewhere that names the digest of a private image does not bring it along")
    func repositories() async throws {
        let bearer = FakeRegistry.Login.bearer(alice)
        try await FakeRegistry.run(login: bearer) { registry in
            let image = registry.putImage("x", in: "private/b", tag: "1")
            try await withImporter { importer in
                let keyring = try Self.keyring(registry.host, alice)
                #expect(await Self.run(importer, "\(registry.host)/private/b:1", keyring).image?.digest == image)
                // Of a repository that everybody may read, and that does not have it.
                registry.putIndex([(image, "amd64")], in: "public/c", tag: "1")
                for credentials in [keyring, RegistryKeyring([])] {
                    let result = await Self.run(importer, "\(registry.host)/public/c:1", credentials)
                    #expect(result.image == nil)
                }
            }
        }
    }

    @Test("what is kept is bounded, and what was not used for longest goes first")
    func bounded() async throws {
        let memory = ContentMemory(capacity: 80_000)
        let repository = RepositoryName(host: "example.com", path: "a/b")
        func key(_ number: Int) -> ContentMemory.Key {
            .init(repository: repository, access: RegistryAccess(), digest: Digest.sha256(of: [UInt8(number)]))
        }
        let fetched = Mutex<[Int: Int]>([:])
        func ask(_ number: Int, bytes: Int = 1_000) async throws {
            _ = try await memory.content(key(number), isManifest: false, isBackground: false) {
                () async throws(RegistryError) in
                fetched.withLock { $0[number, default: 0] += 1 }
                return .blob([UInt8](repeating: 0, count: bytes))
            }
        }
        for number in 0..<200 {
            try await ask(number)
            try await ask(0)
        }
        #expect(fetched.withLock { $0[0] } == 1, "it is used all the time")
        try await ask(1)
        #expect(fetched.withLock { $0[1] } == 2, "it has made room")
        try await ask(199)
        #expect(fetched.withLock { $0[199] } == 1)
        for _ in 0..<2 { try await ask(250, bytes: 20_000) }
        #expect(fetched.withLock { $0[250] } == 2, "too large to be kept")
    }

    @Test("failures are shared by those who wait, and not kept")
    func failures() async throws {
        let memory = ContentMemory()
        let key = ContentMemory.Key(
            repository: RepositoryName(host: "example.com", path: "a/b"), access: RegistryAccess(),
            digest: Digest.sha256(of: [1]))
        await #expect(throws: RegistryError.self) {
            try await memory.content(key, isManifest: false, isBackground: true) {
                () async throws(RegistryError) in throw .noBasicCredentials
            }
        }
        let content = try await memory.content(key, isManifest: false, isBackground: true) {
            () async throws(RegistryError) in .blob([1, 2])
        }
        guard case .blob([1, 2]) = content else {
            Issue.record("the second try brings it")
            return
        }
    }
}
