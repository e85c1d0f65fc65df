import APIMachinery
import APIServer
import Foundation
import ImageAPI
import Logging
import OCI
import Store
import StoreSQLite
import Synchronization

@testable import ImageStreams

/// A digest made of one letter, for example `sha256:aaaa…`.
func digest(_ letter: Character) -> String { "sha256:" + String(repeating: letter, count: 64) }

let noon = Timestamp(secondsSince1970: 1_738_324_800)

func event(_ reference: String, _ image: String = "", _ generation: Int64 = 1, at time: Timestamp = noon) -> TagEvent {
    TagEvent(created: time, dockerImageReference: reference, image: image, generation: generation)
}

func from(_ kind: String, _ name: String, namespace: String = "") -> ObjectReference {
    ObjectReference(kind: kind, namespace: namespace, name: name)
}

func tag(
    _ name: String, _ from: ObjectReference? = nil, reference: Bool = false, generation: Int64? = nil,
    scheduled: Bool = false, policy: String = "Source", mode: String = "Legacy"
) -> TagReference {
    TagReference(
        name: name, from: from, reference: reference, generation: generation,
        importPolicy: TagImportPolicy(scheduled: scheduled, importMode: mode),
        referencePolicy: TagReferencePolicy(type: policy))
}

func stream(
    _ name: String = "app", namespace: String = "demo", generation: Int64 = 1, spec: [TagReference] = [],
    status: [String: [TagEvent]] = [:]
) -> ImageStream {
    var stream = ImageStream()
    stream.metadata.name = name
    stream.metadata.namespace = namespace
    stream.metadata.uid = "uid-\(name)"
    stream.metadata.generation = generation
    stream.spec.tags = spec
    stream.status.tags = status.sorted { $0.key < $1.key }.map { NamedTagEventList(tag: $0.key, items: $0.value) }
    return stream
}

extension ImageStream {
    /// The history of a tag as `reference image generation` lines.
    func history(_ tag: String) -> [String] {
        (status.tag(tag)?.items ?? []).map { "\($0.dockerImageReference) \($0.image) \($0.generation)" }
    }
}

func context(
    _ resource: String = "imagestreams", namespace: String = "demo", user: UserInfo = UserInfo(name: "alice"),
    now: Timestamp = noon
) -> RequestContext {
    RequestContext(
        id: "request", user: user, namespace: namespace,
        resource: GroupResource(group: "image.openshift.io", resource: resource), userAgent: "test", now: now,
        logger: Logger(label: "test"))
}

/// Allows what its closure allows, and remembers what it was asked.
final class RecordingAuthorizer: Authorizer {
    private let allows: @Sendable (UserInfo, AccessAttributes) -> Bool
    private let asked = Mutex<[AccessAttributes]>([])

    init(_ allows: @escaping @Sendable (UserInfo, AccessAttributes) -> Bool = { _, _ in true }) {
        self.allows = allows
    }

    var questions: [AccessAttributes] { asked.withLock { $0 } }

    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
        asked.withLock { $0.append(attributes) }
        return allows(user, attributes) ? .allowed : .denied
    }
}

struct ActiveNamespaces: NamespaceLookup {
    /// By namespace.
    var annotations: [String: [String: String]] = [:]

    func uid(of namespace: String) async throws -> String? { namespace }
    func annotations(of namespace: String) async throws -> [String: String] { annotations[namespace] ?? [:] }
    func state(of namespace: String) async throws -> NamespaceState { .active }
}

/// Delivers what was prepared for each pull spec; everything else is not found.
final class PreparedImporter: ImageImporter {
    private let prepared = Mutex<[String: ImportDelivery.Outcome]>([:])
    /// Tags of repositories, by the text that orders name them by.
    private let listed = Mutex<[String: [String]]>([:])
    private let seen = Mutex<[ImportOrder]>([])
    /// Runs before each delivery, for races.
    private let before: @Sendable () async -> Void

    init(before: @escaping @Sendable () async -> Void = {}) { self.before = before }

    var orders: [ImportOrder] { seen.withLock { $0 } }

    func prepare(_ text: String, _ outcome: ImportDelivery.Outcome) { prepared.withLock { $0[text] = outcome } }

    func prepare(repository text: String, tags: [String]) { listed.withLock { $0[text] = tags } }

    func fetch(_ order: ImportOrder) async -> ImportDelivery {
        await before()
        seen.withLock { $0.append(order) }
        func answer(_ text: String, tag: String) -> ImportDelivery.Answer {
            .init(tag: tag, outcome: prepared.withLock { $0[text] } ?? .failure(notFound(text)))
        }
        return ImportDelivery(
            images: order.images.map { item in
                answer(item.text, tag: item.reference.id.isEmpty ? item.reference.tag.nonEmpty ?? "latest" : "")
            },
            repository: order.repository.map { repository in
                guard let tags = listed.withLock({ $0[repository.text] }) else {
                    return .init(status: notFound(repository.text))
                }
                return .init(
                    status: Status(status: "Success"),
                    images: tags.map { answer("\(repository.text):\($0)", tag: $0) })
            })
    }
}

func notFound(_ name: String) -> Status {
    APIError.notFound(GroupResource(group: "image.openshift.io", resource: "dockerimage"), name).status
}

/// A schema 2 image with one layer, distinguished by its seed.
func fetched(_ repository: String, seed: String) -> FetchedImage {
    let config = #"{"architecture":"amd64","created":"2024-05-01T10:00:00.5Z","config":{"Cmd":["\#(seed)"]}}"#
    let configDigest = Digest.sha256(of: Array(config.utf8))
    let layer = Digest.sha256(of: Array("layer-\(seed)".utf8))
    let manifest = """
        {"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",\
        "config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":\(config.utf8.count),\
        "digest":"\(configDigest)"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip",\
        "size":100,"digest":"\(layer)"}]}
        """
    let name = Digest.sha256(of: Array(manifest.utf8))
    return FetchedImage(
        dockerImageReference: "\(repository)@\(name)", digest: name, manifest: Array(manifest.utf8),
        mediaType: MediaType.dockerManifest, config: Array(config.utf8))
}

/// The group on a store of its own, in a directory that goes with it.
final class World: Sendable {
    let api: ImageStreamsAPI
    let store: Store
    let authorizer: RecordingAuthorizer
    let importer: PreparedImporter
    private let directory: String

    init(
        configuration: ImageStreamsConfiguration = ImageStreamsConfiguration(internalRegistryHostname: "registry:5000"),
        authorizer: RecordingAuthorizer = RecordingAuthorizer(), importer: PreparedImporter = PreparedImporter(),
        admission: [any TagAdmission] = [], secrets: any PullSecretSource = NoPullSecrets(),
        limits: any ImageStreamLimits = NoImageStreamLimits(), namespaces: ActiveNamespaces = ActiveNamespaces(),
        retention: RetentionSources = RetentionSources()
    ) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        store = Store(engine: try await SQLiteEngine.open(directory: directory))
        self.authorizer = authorizer
        self.importer = importer
        api = try ImageStreamsAPI(
            store: store, configuration: configuration, authorizer: authorizer, namespaces: namespaces,
            importer: importer, secrets: secrets, limits: limits, admission: admission,
            retention: retention)
        try await store.start()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Runs a test and closes the store behind it.
    static func run<Result>(
        configuration: ImageStreamsConfiguration = ImageStreamsConfiguration(internalRegistryHostname: "registry:5000"),
        authorizer: RecordingAuthorizer = RecordingAuthorizer(), importer: PreparedImporter = PreparedImporter(),
        admission: [any TagAdmission] = [], secrets: any PullSecretSource = NoPullSecrets(),
        limits: any ImageStreamLimits = NoImageStreamLimits(), namespaces: ActiveNamespaces = ActiveNamespaces(),
        retention: RetentionSources = RetentionSources(), _ body: (World) async throws -> Result
    ) async throws -> Result {
        let world = try await World(
            configuration: configuration, authorizer: authorizer, importer: importer, admission: admission,
            secrets: secrets, limits: limits, namespaces: namespaces, retention: retention)
        do {
            let result = try await body(world)
            await world.store.close()
            return result
        } catch {
            await world.store.close()
            throw error
        }
    }

    func resource<Wanted: Resource>(_ type: Wanted.Type) throws -> Wanted {
        guard let found = api.resources.lazy.compactMap({ $0 as? Wanted }).first else {
            throw APIError.internalError("no resource of type \(type)")
        }
        return found
    }

    // MARK: Shorthands

    var streams: StoredResource<ImageStreamStrategy> { get throws { try resource(StoredResource.self) } }
    var tags: ImageStreamTagResource { get throws { try resource(ImageStreamTagResource.self) } }
    var imageTags: ImageTagResource { get throws { try resource(ImageTagResource.self) } }

    @discardableResult
    func create(_ stream: ImageStream, user: UserInfo = UserInfo(name: "alice")) async throws -> ImageStream {
        var fresh = stream
        fresh.metadata.uid = ""
        let output = try await streams.create(
            fresh, options: WriteOptions(),
            context(namespace: stream.metadata.namespace, user: user))
        guard case .object(let created) = output else { throw APIError.internalError("no object") }
        return try created.object()
    }

    func stream(_ name: String = "app", namespace: String = "demo") async throws -> ImageStream {
        guard let found = try await api.streams.object(name, namespace: namespace) else {
            throw APIError.notFound(GroupResource(group: "", resource: "imagestreams"), name)
        }
        return found
    }

    @discardableResult
    func edit(
        _ name: String = "app", user: UserInfo = UserInfo(name: "alice"),
        _ change: @escaping @Sendable (inout ImageStream) -> Void
    ) async throws -> ImageStream {
        try await streams.update(
            name, options: WriteOptions(), context(user: user),
            change: ObjectChange(isPatch: true) { current in
                var object = try current.object()
                change(&object)
                return object
            }
        ).0.object()
    }

    func push(
        _ letter: Character, to tag: String, of stream: String = "app", reference: String? = nil,
        annotations: [String: String] = [:], layers: [ImageLayer] = []
    ) async throws {
        var mapping = ImageStreamMapping()
        mapping.metadata.name = stream
        mapping.tag = tag
        mapping.image.metadata.name = digest(letter)
        mapping.image.metadata.annotations = annotations
        mapping.image.dockerImageReference = reference ?? "registry.example.com/team/app@\(digest(letter))"
        mapping.image.dockerImageLayers = layers
        try await api.push(mapping, context("imagestreammappings"))
    }

    /// The keys below a prefix.
    func keys(_ prefix: String) async throws -> [String] {
        try await store.range(.prefix(prefix), keysOnly: true).kvs.map { String($0.key.dropFirst(prefix.count)) }
    }
}

/// The error a piece of code throws, as an API error.
func failure(_ body: () async throws -> some Any) async -> APIError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? APIError
    }
}
