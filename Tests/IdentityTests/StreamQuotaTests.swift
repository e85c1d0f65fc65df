import APIMachinery
import APIServer
import Foundation
import ImageAPI
import ImageStreams
import Logging
import OCI
import Store
import StoreSQLite
import Testing

@testable import Identity

@Suite("Quotas on streams")
struct StreamQuotaTests {
    private static let streams = "openshift.io/imagestreams"

    @Test("hold however many create at once, and by whichever resource", arguments: [true, false])
    func concurrent(isCounting: Bool) async throws {
        try await Shop.run(isCounting: isCounting) { shop in
            try await shop.limit("q", to: 5, used: 0)
            try await shop.limit("other", to: 7, used: 0)
            let made = await withTaskGroup(of: APIError?.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        await failure {
                            switch number % 3 {
                            case 0: try await shop.create("s\(number)")
                            case 1: try await shop.createTag("s\(number):a", in: "imagestreamtags")
                            default: try await shop.createTag("s\(number):a", in: "imagetags")
                            }
                        }
                    }
                }
                return await group.reduce(into: [APIError?]()) { $0.append($1) }
            }
            #expect(made.count { $0 == nil } == 5)
            #expect(made.compactMap(\.self).allSatisfy { $0.code == 403 && $0.message.contains("exceeded quota: q, ") })
            #expect(try await shop.api.streams.names(in: "demo").count == 5)
            #expect(try await shop.used("q") == 5)
            // What was charged to the one before the other refused is given back.
            if isCounting { try await eventually { try await shop.used("other") == 5 } }
        }
    }

    @Test("count what is being made, once, and also what has no name yet", arguments: ["app", ""])
    func underWay(_ name: String) async throws {
        try await Shop.run(isCounting: false) { shop in
            try await shop.limit("q", to: 2, used: 0)
            try await shop.create("other")
            let claim = QuotaClaim(
                quotaNames: ImageStreamsGroup.streamQuotas, object: name, subject: "app", isDryRun: false)
            try await shop.quotas.charging(claim, shop.context()) {
                try await shop.controller.count("demo")
                #expect(try await shop.used("q") == 2)
                #expect(await failure { try await shop.create("third") }?.code == 403)
                if !name.isEmpty {
                    // It is there, and its claim not yet released.
                    var stream = ImageStream()
                    stream.metadata.name = name
                    try await shop.store(stream)
                    try await shop.controller.count("demo")
                    #expect(try await shop.used("q") == 2)
                }
            }
            try await shop.controller.count("demo")
            #expect(try await shop.used("q") == (name.isEmpty ? 1 : 2))
        }
    }

    @Test("get back what a failed creation took")
    func giveBack() async throws {
        try await Shop.run { shop in
            try await shop.limit("q", to: 1, used: 0)
            #expect(await failure { try await shop.create("Not A Name") }?.code == 422)
            try await eventually { try await shop.used("q") == 0 }
            try await shop.create("app")
            #expect(try await shop.used("q") == 1)
            #expect(await failure { try await shop.create("app") }?.message.contains("exceeded quota") == true)
        }
    }

    @Test("follow spec, creation and deletion")
    func recount() async throws {
        try await Shop.run { shop in
            try await shop.create("a")
            try await shop.createQuota("q", hard: 3)
            try await eventually {
                let (used, hard) = (try await shop.used("q"), try await shop.hard("q"))
                return used == 1 && hard == 3
            }
            try await shop.create("b")
            #expect(try await shop.used("q") == 2)
            _ = try await shop.api.streams.delete("a", options: DeleteOptions(), shop.context())
            try await eventually { try await shop.used("q") == 1 }
            try await shop.change("q") { $0.spec.hard = [Self.streams: 0] }
            try await eventually { try await shop.hard("q") == 0 }
            #expect(
                await failure { try await shop.createTag("c:x", in: "imagetags") }?.message
                    == "imagetags.image.openshift.io \"c:x\" is forbidden: exceeded quota: q, requested: openshift.io/imagestreams=1, used: openshift.io/imagestreams=1, limited: openshift.io/imagestreams=0"
            )
            // The stream is there already.
            try await shop.createTag("b:x", in: "imagestreamtags")
        }
    }

    @Test("are not touched by a dry run, which is refused all the same")
    func dryRun() async throws {
        try await Shop.run(isCounting: false) { shop in
            try await shop.limit("q", to: 1, used: 0)
            let before = try await shop.quota("q").metadata.resourceVersion
            try await shop.create("a", isDryRun: true)
            #expect(try await shop.quota("q").metadata.resourceVersion == before)
            try await shop.create("a")
            #expect(await failure { try await shop.create("b", isDryRun: true) }?.code == 403)
        }
    }

    @Test("tell a name that is none from one that is, before anything else does")
    func names() async throws {
        try await Shop.run(isCounting: false) { shop in
            let open = await failure { try await shop.createTag("none", kind: "Pod", in: "imagestreamtags") }
            #expect(open?.code == 422)
            try await shop.limit("q", to: 9, used: 0)
            let counted = await failure { try await shop.createTag("none", kind: "Pod", in: "imagestreamtags") }
            #expect(counted?.message == #""none" must be of the form <stream_name>:<tag>"#)
        }
    }

    @Test("are entered again after somebody else wrote the quota in between")
    func races() async throws {
        try await Shop.run(isCounting: false) { shop in
            try await shop.limit("q", to: 100, used: 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10 {
                    group.addTask { try await shop.create("s\(number)") }
                    group.addTask { try await shop.change("q") { $0.metadata.labels["n"] = "\(number)" } }
                }
                try await group.waitForAll()
            }
            #expect(try await shop.used("q") == 10)
        }
    }
}

/// Streams with quotas on a store of their own.
private struct Shop: Sendable {
    let api: ImageStreamsAPI
    let quotas: ResourceQuotas
    let controller: ResourceQuotaController

    /// - Parameter isCounting: whether the controller runs.
    static func run(isCounting: Bool = true, _ body: (Shop) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = Store(engine: try await SQLiteEngine.open(directory: directory))
        let quotas = ResourceQuotas(store: store, namespaces: Everywhere()) { makeContext("", "resourcequotas") }
        let api = try ImageStreamsAPI(
            store: store, configuration: ImageStreamsConfiguration(), authorizer: Everything(),
            namespaces: Everywhere(), importer: NoImports(), quota: quotas)
        try await store.start()
        let controller = ResourceQuotaController(
            quotas: quotas, counted: [CountedObjects(api.streams, quotaNames: ImageStreamsGroup.streamQuotas)],
            context: { makeContext("", "") }, logger: Logger(label: "test"))
        let counting = isCounting ? Task { await controller.run() } : nil
        let result: Result<Void, any Error>
        do { result = .success(try await body(Shop(api: api, quotas: quotas, controller: controller))) } catch {
            result = .failure(error)
        }
        counting?.cancel()
        await counting?.value
        await store.close()
        try result.get()
    }

    func context(_ resource: String = "imagestreams") -> RequestContext { makeContext("demo", resource) }

    // MARK: Streams

    func create(_ name: String, isDryRun: Bool = false) async throws {
        var stream = ImageStream()
        stream.metadata.name = name
        try await create(stream, in: "imagestreams", isDryRun: isDryRun)
    }

    /// Stores a stream past all quotas.
    func store(_ stream: ImageStream) async throws {
        _ = try await api.streams.create(stream, strategy: NoRules(), options: WriteOptions(), context())
    }

    func createTag(_ name: String, kind: String = "DockerImage", in resource: String) async throws {
        let reference = TagReference(from: ObjectReference(kind: kind, name: "a/b:1"), reference: true)
        if resource == "imagetags" {
            try await create(ImageTag(metadata: ObjectMeta(name: name), spec: reference), in: resource)
        } else {
            try await create(ImageStreamTag(metadata: ObjectMeta(name: name), tag: reference), in: resource)
        }
    }

    private func create<Object: APIObject>(
        _ object: Object, in resource: String, isDryRun: Bool = false
    ) async throws {
        for case let found as any CreatableResource<Object> in api.resources where found.descriptor.path == resource {
            _ = try await found.create(object, options: WriteOptions(isDryRun: isDryRun), context(resource))
            return
        }
        throw APIError.internalError("no resource \(resource)")
    }

    // MARK: Quotas

    private static let streams = "openshift.io/imagestreams"

    func createQuota(_ name: String, hard: Int64) async throws {
        _ = try await quotas.objects.create(
            ResourceQuota(
                metadata: ObjectMeta(name: name), spec: ResourceQuotaSpec(hard: [Self.streams: Quantity(hard)])),
            strategy: ResourceQuotaStrategy(), options: WriteOptions(), context("resourcequotas"))
    }

    /// A quota whose status is known.
    func limit(_ name: String, to hard: Int64, used: Int64) async throws {
        try await createQuota(name, hard: hard)
        try await change(name, ResourceQuotaStatusStrategy()) {
            $0.status = ResourceQuotaStatus(hard: [Self.streams: Quantity(hard)], used: [Self.streams: Quantity(used)])
        }
    }

    func change(
        _ name: String, _ strategy: some Strategy<ResourceQuota> = ResourceQuotaStrategy(),
        _ edit: @escaping @Sendable (inout ResourceQuota) -> Void
    ) async throws {
        _ = try await quotas.objects.update(
            name, strategy: strategy, options: WriteOptions(), context("resourcequotas"),
            change: ObjectChange(isPatch: true) { current in
                var quota = try current.object()
                edit(&quota)
                return quota
            })
    }

    func quota(_ name: String) async throws -> ResourceQuota {
        try await quotas.objects.require(name, context("resourcequotas"))
    }
    func used(_ name: String) async throws -> Quantity? { try await quota(name).status.used[Self.streams] }
    func hard(_ name: String) async throws -> Quantity? { try await quota(name).status.hard[Self.streams] }
}

private func makeContext(_ namespace: String, _ resource: String) -> RequestContext {
    RequestContext(
        id: "request", user: UserInfo(name: "alice"), namespace: namespace,
        resource: GroupResource(
            group: resource.hasPrefix("image") ? "image.openshift.io" : "", resource: resource),
        userAgent: "test", now: Timestamp(secondsSince1970: 1_738_324_800), logger: Logger(label: "test"))
}

private struct Everywhere: NamespaceLookup {
    func state(of namespace: String) async throws -> NamespaceState { .active }
    func uid(of namespace: String) async throws -> String? { namespace }
    func annotations(of namespace: String) async throws -> [String: String] { [:] }
}

private struct NoRules: Strategy {
    var isNamespaced: Bool { true }
    func prepareForCreate(_ object: inout ImageStream, _ context: RequestContext) async throws {}
    func validateForCreate(_ object: inout ImageStream, _ context: RequestContext) async throws -> [FieldError] { [] }
    func prepareForUpdate(_ object: inout ImageStream, old: ImageStream, _ context: RequestContext) async throws {}
    func validateForUpdate(
        _ object: inout ImageStream, old: ImageStream, _ context: RequestContext
    ) async throws -> [FieldError] { [] }
}

private struct Everything: Authorizer {
    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision { .allowed }
}

private struct NoImports: ImageImporter {
    func fetch(_ order: ImportOrder) async -> ImportDelivery { ImportDelivery(images: []) }
}

/// The API error a piece of code throws.
private func failure(_ body: () async throws -> Void) async -> APIError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? APIError ?? .internalError("\(error)")
    }
}

/// Waits for something to become true, at most 20 s.
private func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("never came true")
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
