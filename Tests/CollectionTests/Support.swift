import APIMachinery
import APIServer
import Blobs
import Foundation
import ImageAPI
import Logging
import OCI
import Store
import StoreSQLite
import Synchronization

@testable import ImageStreams
@testable import Registry

struct EveryAuthorizer: Authorizer {
    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision { .allowed }
}

struct NoImporter: ImageImporter {
    func fetch(_ order: ImportOrder) async -> ImportDelivery { ImportDelivery(images: []) }
}

/// Namespaces that tests make anew.
final class TestNamespaces: NamespaceLookup {
    private let uids = Mutex<[String: String]>(["p": "1", "q": "1"])
    /// Those that are read-only.
    let frozen = Mutex<Set<String>>([])

    func set(_ namespace: String, _ uid: String?) { uids.withLock { $0[namespace] = uid } }
    func annotations(of namespace: String) async throws -> [String: String] {
        frozen.withLock { $0.contains(namespace) } ? [KnownAnnotation.registryReadOnly: "true"] : [:]
    }
    func state(of namespace: String) async throws -> NamespaceState { .active }
    func uid(of namespace: String) async throws -> String? { uids.withLock { $0[namespace] } }
}

/// Hours since the world began, as tests set them.
final class TestClock: Sendable {
    private let time = Mutex<Int64>(1_738_324_800_000)

    var milliseconds: Int64 { time.withLock { $0 } }
    var now: Timestamp { Timestamp(secondsSince1970: milliseconds / 1_000) }
    func pass(hours: Double) { time.withLock { $0 += Int64(hours * 3_600_000) } }
}

/// A registry without its requests: streams, index and files in a directory, at a time that only tests let pass.
final class World: Sendable {
    let clock: TestClock
    let namespaces = TestNamespaces()
    let directory: String
    let store: Store
    let blobs: FileBlobStore
    let index: RegistryIndex
    let streams: ImageStreamsAPI
    let collections: BlobCollections
    let switches: RegistrySwitches

    static let path = RepositoryPath(namespace: "p", stream: "app")

    /// - Parameter directory: of an earlier world that ended, perhaps by a crash.
    init(_ directory: String, clock: TestClock) async throws {
        self.directory = directory
        self.clock = clock
        store = Store(engine: try await SQLiteEngine.open(directory: directory))
        blobs = try await FileBlobStore.open(.init(root: directory + "/blobs"))
        index = RegistryIndex(store: store) { clock.milliseconds }
        streams = try ImageStreamsAPI(
            store: store, configuration: ImageStreamsConfiguration(internalRegistryHostname: "registry:5000"),
            authorizer: EveryAuthorizer(), namespaces: namespaces, importer: NoImporter())
        collections = BlobCollections(store: store)
        switches = RegistrySwitches(store: store, namespaces: namespaces, isReadOnly: false)
        try await store.start()
    }

    func close() async {
        await blobs.close()
        await store.close()
    }

    static func run(_ body: (World) async throws -> Void) async throws {
        try await inDirectory { directory in
            let world = try await World(directory, clock: TestClock())
            let result: Result<Void, any Error>
            do { result = .success(try await body(world)) } catch { result = .failure(error) }
            await world.close()
            try result.get()
        }
    }

    static func inDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await body(directory)
    }

    func context() -> RequestContext {
        RequestContext(
            id: "test", user: .system, namespace: "p", resource: ImageStreamsGroup.resource("imagestreams"),
            userAgent: "test", now: clock.now, logger: Logger(label: "test"))
    }

    // MARK: The collector

    func collector(_ change: (inout CollectionSettings) -> Void = { _ in }) -> BlobCollector {
        var settings = CollectionSettings()
        settings.settling = .zero
        settings.page = 7
        settings.ownHosts = ["registry:5000"]
        change(&settings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return BlobCollector(
            index: index, blobs: blobs, streams: streams, namespaces: namespaces, switches: switches,
            settings: settings, load: RegistryLoad(), logger: logger)
    }

    @discardableResult
    func collect(dryRun: Bool = false) async throws -> BlobCollectionStatus {
        try await collector().run(BlobCollector.Request(isDryRun: dryRun))
    }

    /// Runs until whatever can go has gone.
    @discardableResult
    func collectAll() async throws -> BlobCollectionStatus {
        for _ in 0..<3 {
            clock.pass(hours: 30)
            try await collect()
        }
        return try await collect()
    }

    // MARK: What clients do

    func repository(_ path: RepositoryPath = path) async throws -> Incarnation {
        guard let uid = try await namespaces.uid(of: path.namespace) else {
            throw RegistryError.unknownRepository(path)
        }
        return try await index.openRepository(path, namespaceUID: uid)
    }

    /// Uploads a blob that is named by its text.
    @discardableResult
    func upload(_ text: String, to path: RepositoryPath = path) async throws -> Digest {
        let bytes = Array(text.utf8)
        let digest = Digest.sha256(of: bytes)
        let repository = try await repository(path)
        try await index.locks.withLock(digest) { () async throws -> Void in
            let blob = try await blobs.put(bytes)
            try await index.publish(blob.digest, size: blob.size, as: digest, in: repository)
        }
        return digest
    }

    /// What HEAD says of a blob: whether it may be relied on.
    func head(_ digest: Digest) async throws -> Bool {
        guard let record = try await index.blob(digest), !record.isHidden else { return false }
        if record.condemned != nil, try await !index.revive(digest) { return false }
        index.touch(digest, record)
        return true
    }

    /// Pushes a manifest over blobs, or over children. Its name follows from what is in it.
    /// - Parameter tags: none for a push by digest.
    @discardableResult
    func push(
        _ name: String, _ layers: [Digest] = [], children: [Digest] = [], subject: Digest? = nil, tags: [String] = [],
        to path: RepositoryPath = path
    ) async throws -> Digest {
        try await push(
            manifest: "manifest \(name) \(layers) \(children)", layers, children: children, subject: subject,
            tags: tags,
            to: path)
    }

    /// Pushes a manifest as it is.
    @discardableResult
    func push(
        manifest: String, _ layers: [Digest] = [], children: [Digest] = [], subject: Digest? = nil,
        type: String = MediaType.ociManifest, tags: [String] = [], to path: RepositoryPath = path
    ) async throws -> Digest {
        let bytes = Array(manifest.utf8)
        let digest = Digest.sha256(of: bytes)
        let repository = try await repository(path)
        try await index.locks.withLock(digest) { () async throws -> Void in
            _ = try await blobs.put(bytes)
            try await index.publish(
                digest, size: Int64(bytes.count), as: digest, in: nil,
                manifest: ManifestFacts(mediaType: type, unvouched: []))
        }
        var image = Image()
        image.metadata.name = digest.description
        image.dockerImageReference = "registry:5000/\(path)@\(digest)"
        image.metadata.annotations = [KnownAnnotation.managed: "true", KnownAnnotation.manifestBlobStored: "true"]
        image.dockerImageLayers = layers.map { ImageLayer(name: $0.description, size: 1, mediaType: "x/y") }
        image.dockerImageManifests = children.map {
            ImageManifest(
                digest: $0.description, mediaType: MediaType.ociManifest, manifestSize: 1, architecture: "amd64",
                os: "linux")
        }
        var context = context()
        context.namespace = path.namespace
        try await streams.storePushed(image, context)
        if try await streams.stream(path.stream, namespace: path.namespace) == nil {
            do { _ = try await streams.createStream(path.stream, context) } catch let error as APIError
                where error.reason == "AlreadyExists"
            {}
        }
        let record = ManifestRecord(
            mediaType: type, size: Int64(bytes.count), canonical: digest, subject: subject,
            blobs: layers, children: children, pushed: clock.milliseconds)
        try await streams.push(
            TagPush(
                image: digest.description, reference: image.dockerImageReference, tags: tags, race: .lastWins,
                companions: { [index] _ in
                    let rows = index.linkRows(
                        digest, record, referrer: subject == nil ? nil : Array("{}".utf8), replacing: nil,
                        in: repository.id)
                    return Companions(conditions: [try await index.condition(on: repository)], mutations: rows)
                }), to: path.stream, context)
        return digest
    }

    /// Gives a stream an image of another registry, as an import does.
    @discardableResult
    func importImage(
        _ name: String, _ layers: [Digest], tag: String, from reference: String = "elsewhere.example/team/app"
    ) async throws -> Digest {
        let digest = Digest.sha256(of: Array(name.utf8))
        var image = Image()
        image.metadata.name = digest.description
        image.dockerImageReference = "\(reference)@\(digest)"
        image.dockerImageLayers = layers.map { ImageLayer(name: $0.description, size: 1, mediaType: "x/y") }
        let context = context()
        var images = context
        images.resource = ImageStreamsGroup.resource("images")
        images.namespace = ""
        _ = try await streams.images.create(image, strategy: ImageStrategy(), options: WriteOptions(), images)
        if try await streams.stream("app", namespace: "p") == nil { _ = try await streams.createStream("app", context) }
        try await streams.push(
            TagPush(
                image: digest.description, reference: image.dockerImageReference, tags: [tag], race: .lastWins),
            to: "app", context)
        return digest
    }

    /// A blob that came because somebody pulled it.
    @discardableResult
    func fetch(_ text: String) async throws -> Digest {
        let bytes = Array(text.utf8)
        let digest = Digest.sha256(of: bytes)
        let repository = try await repository()
        try await index.locks.withLock(digest) { () async throws -> Void in
            let blob = try await blobs.put(bytes)
            try await index.publish(blob.digest, size: blob.size, as: digest, in: repository, isMirrored: true)
        }
        return digest
    }

    func deleteTag(_ tag: String, of path: RepositoryPath = path) async throws {
        var context = context()
        context.namespace = path.namespace
        try await streams.deleteTag(tag, of: path.stream, context) { _ in .none }
    }

    func deleteStream(_ path: RepositoryPath = path) async throws {
        var context = context()
        context.namespace = path.namespace
        _ = try await streams.streams.delete(path.stream, options: DeleteOptions(), context)
    }

    // MARK: What is there

    /// Whether a blob is there, with its row and its bytes.
    func holds(_ digest: Digest) async throws -> Bool {
        let content = try await blobs.content(of: digest)
        return try await index.blob(digest) != nil && content != nil
    }

    func keys(_ prefix: String) async throws -> [String] {
        try await store.range(.prefix(prefix), keysOnly: true).kvs.map { String($0.key.dropFirst(prefix.count)) }
    }

    func files() async throws -> [Digest] {
        try await blobs.blobs(after: nil, limit: 10_000).map(\.digest) + blobs.condemned(after: nil, limit: 10_000)
    }
}
