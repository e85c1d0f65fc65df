import APIMachinery
import APIServer
import Foundation
import ImageAPI
import Logging
import Store
import StoreSQLite
import Synchronization

/// An object store of image streams with hardly any rules, on a database in a directory that goes with it.
final class Shelf: Sendable {
    let store: Store
    let objects: ObjectStore<ImageStream>
    private let directory: String

    private init(configuration: StoreConfiguration, contents: CacheContents) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "weir-shelf-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        store = Store(engine: try await SQLiteEngine.open(directory: directory), configuration: configuration)
        let kind = ObjectKind<ImageStream>(
            descriptor: ResourceDescriptor(
                groupVersion: GroupVersion(group: "image.openshift.io", version: "v1"), name: "imagestreams",
                kind: ImageStream.groupVersionKind, isNamespaced: true),
            keyPrefix: "/test/streams/", contents: contents, selectableFieldNames: ["spec.dockerImageRepository"],
            selectableFields: { ["spec.dockerImageRepository": $0.spec.dockerImageRepository] })
        objects = ObjectStore(kind: kind, store: store, namespaces: SomeNamespaces(), pageSize: 7)
        try await store.start()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Runs a test twice: with all objects in memory, and with room for a few of them. Closes the stores behind it.
    static func with(
        configuration: StoreConfiguration = .init(), _ body: (Shelf) async throws -> Void
    ) async throws {
        for contents in [CacheContents.all, .recent(bytes: 4_000)] {
            let shelf = try await Shelf(configuration: configuration, contents: contents)
            do {
                try await body(shelf)
                await shelf.store.close()
            } catch {
                await shelf.store.close()
                throw error
            }
        }
    }

    // MARK: Shorthands

    @discardableResult
    func create(
        _ name: String, in namespace: String = "p", labels: [String: String] = [:], repository: String = "",
        finalizers: [String] = [], isDryRun: Bool = false, rules: PlainStrategy = PlainStrategy(),
        _ change: (inout ImageStream) -> Void = { _ in }
    ) async throws -> ImageStream {
        var stream = ImageStream(metadata: ObjectMeta(name: name))
        stream.metadata.labels = labels
        stream.metadata.finalizers = finalizers
        stream.spec.dockerImageRepository = repository
        change(&stream)
        return try await objects.create(
            stream, strategy: rules, options: WriteOptions(isDryRun: isDryRun), context(namespace))
    }

    /// A PATCH: computed from the present object, again after a lost race.
    @discardableResult
    func patch(
        _ name: String, in namespace: String = "p", _ change: @escaping @Sendable (inout ImageStream) -> Void
    ) async throws -> ImageStream {
        try await objects.update(
            name, strategy: PlainStrategy(), options: WriteOptions(), context(namespace),
            change: ObjectChange(isPatch: true) { current in
                var object = try current.object()
                change(&object)
                return object
            })
    }

    /// A PUT of a whole object.
    @discardableResult
    func put(_ stream: ImageStream, isDryRun: Bool = false) async throws -> ImageStream {
        try await objects.update(
            stream.metadata.name, strategy: PlainStrategy(), options: WriteOptions(isDryRun: isDryRun),
            context(stream.metadata.namespace), change: ObjectChange(isPatch: false) { _ in stream })
    }

    @discardableResult
    func delete(
        _ name: String, in namespace: String = "p", _ options: DeleteOptions = DeleteOptions()
    ) async throws -> DeleteOutput<ImageStream> {
        try await objects.delete(name, options: options, context(namespace))
    }

    /// The names of a list, with what it says about the rest.
    func names(_ options: ListOptions = ListOptions(), in namespace: String = "") async throws -> (
        names: [String], metadata: ListMeta
    ) {
        let list = try await objects.list(options, context(namespace))
        return (try await list.allItems().map { try $0.object().metadata.name }, list.metadata)
    }

    /// Lists page after page.
    func pages(_ options: ListOptions, in namespace: String = "") async throws -> [[String]] {
        var pages: [[String]] = []
        var options = options
        repeat {
            let (names, metadata) = try await names(options, in: namespace)
            pages.append(names)
            options.continueToken = metadata.continue
            options.resourceVersion = ""
        } while !options.continueToken.isEmpty
        return pages
    }
}

func context(_ namespace: String = "p") -> RequestContext {
    RequestContext(
        id: "request", user: UserInfo(name: "alice"), namespace: namespace,
        resource: GroupResource(group: "image.openshift.io", resource: "imagestreams"),
        now: Timestamp(secondsSince1970: 1_738_324_800), logger: Logger(label: "test"))
}

/// `gone` does not exist, `ending` is being deleted, all others are there.
struct SomeNamespaces: NamespaceLookup {
    func uid(of namespace: String) async throws -> String? { namespace }
    func annotations(of namespace: String) async throws -> [String: String] { [:] }
    func state(of namespace: String) async throws -> NamespaceState {
        switch namespace {
        case "gone": .absent
        case "ending": .terminating
        default: .active
        }
    }
}

/// Hardly any rules; counts how often an object was prepared.
final class PlainStrategy: Strategy {
    var isNamespaced: Bool { true }
    private let names = Mutex<[String]>([])
    /// Names the store saw, in the order of attempts.
    var prepared: [String] { names.withLock { $0 } }
    /// Overrides the generated name.
    private let forcedName: String?

    init(forcedName: String? = nil) { self.forcedName = forcedName }

    func prepareForCreate(_ object: inout ImageStream, _ context: RequestContext) async throws {
        if let forcedName { object.metadata.name = forcedName }
        let name = object.metadata.name
        names.withLock { $0.append(name) }
        object.metadata.generation = 1
    }

    func validateForCreate(_ object: inout ImageStream, _ context: RequestContext) async throws -> [FieldError] { [] }
    func prepareForUpdate(_ object: inout ImageStream, old: ImageStream, _ context: RequestContext) async throws {}

    func validateForUpdate(
        _ object: inout ImageStream, old: ImageStream, _ context: RequestContext
    ) async throws -> [FieldError] {
        object.spec.dockerImageRepository == "forbidden" ? [.forbidden("spec.dockerImageRepository", "no")] : []
    }
}

/// The API error a piece of code throws.
func failure(_ body: () async throws -> some Any) async -> APIError? {
    do {
        _ = try await body()
        return nil
    } catch { return error as? APIError }
}
