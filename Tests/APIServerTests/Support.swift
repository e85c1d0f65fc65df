import APIMachinery
import HTTPTypes
import ImageAPI
import JSON
import Logging
import Synchronization

@testable import APIServer

let noon = Timestamp(secondsSince1970: 1_738_324_800)

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Image streams that live in the code: `get`, `list` and `watch` show `streams`, `create` gives back what it got.
struct FixedStreams: GettableResource, WatchableResource, CreatableResource, DeletableResource {
    typealias Object = ImageStream

    var streams: [ImageStream]

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStream.groupVersionKind.groupVersion, name: "imagestreams",
            kind: ImageStream.groupVersionKind, isNamespaced: true, shortNames: ["is"])
    }

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<ImageStream> {
        guard let stream = streams.first(where: { $0.metadata.name == name }) else {
            throw APIError.notFound(context.resource, name)
        }
        return Output(stream)
    }

    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<ImageStream> {
        OutputList(items: streams.map { Output($0) }, metadata: ListMeta(resourceVersion: "9"))
    }

    func watch(_ options: ListOptions, _ context: RequestContext) async throws -> any WatchStream<ImageStream> {
        FixedWatch(events: streams.map { WatchEvent(kind: .added, object: Output($0)) })
    }

    func create(
        _ object: ImageStream, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageStream> {
        .object(Output(object))
    }

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<ImageStream> {
        .status(Status(status: "Success", details: StatusDetails(name: name, uid: options.preconditions?.uid ?? "")))
    }
}

/// Gives its events, then ends with an error as a watcher that fell behind does.
final class FixedWatch: WatchStream {
    private let events: Mutex<[WatchEvent<ImageStream>]>

    init(events: [WatchEvent<ImageStream>]) { self.events = Mutex(events) }

    /// One at a time.
    func initialEvents() -> [WatchEvent<ImageStream>] {
        events.withLock { $0.isEmpty ? [] : [$0.removeFirst()] }
    }
    var isEnded: Bool { false }
    func next(deadline: ContinuousClock.Instant) async throws -> [WatchEvent<ImageStream>] {
        throw APIError.expired("too old resource version: 1 (2)")
    }
    var resourceVersion: Int64 { 9 }
}

struct AdmitAll: Authenticator, Authorizer, NamespaceLookup {
    func authenticate(_ request: ServerRequest) async throws -> UserInfo? { UserInfo(name: "alice") }
    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision { .allowed }
    func uid(of namespace: String) async throws -> String? { namespace }
    func annotations(of namespace: String) async throws -> [String: String] { [:] }
    func state(of namespace: String) async throws -> NamespaceState { .active }
}

/// An API that serves fixed image streams, asked without a network.
struct TestAPI {
    static let path = "/apis/image.openshift.io/v1/namespaces/p/imagestreams"
    let pipeline: RequestPipeline

    init(
        _ streams: [ImageStream] = [TestAPI.stream("a")], others: [any Resource] = [],
        authenticator: any Authenticator = AdmitAll(), authorizer: any Authorizer = AdmitAll(),
        _ configure: (inout RequestPipeline.Configuration) -> Void = { _ in }
    ) {
        self.init(
            resources: [FixedStreams(streams: streams)] + others, authenticator: authenticator, authorizer: authorizer,
            configure)
    }

    init(
        resources: [any Resource], healthChecks: [HealthCheck] = [], authenticator: any Authenticator = AdmitAll(),
        authorizer: any Authorizer = AdmitAll(), _ configure: (inout RequestPipeline.Configuration) -> Void = { _ in }
    ) {
        let version = ServerVersion(product: "0.0.0", commit: "", buildDate: "2026-01-01T00:00:00Z")
        var configuration = RequestPipeline.Configuration(serverAddress: "127.0.0.1:6443", version: version)
        configure(&configuration)
        pipeline = RequestPipeline(
            resources: resources, configuration: configuration, authenticator: authenticator, authorizer: authorizer,
            namespaces: AdmitAll(), healthChecks: healthChecks, clock: { noon }, logger: Logger(label: "test"))
    }

    static func stream(_ name: String, annotation: String = "") -> ImageStream {
        var stream = ImageStream()
        stream.metadata = ObjectMeta(name: name, namespace: "p", resourceVersion: "7")
        if !annotation.isEmpty { stream.metadata.annotations["a"] = annotation }
        return stream
    }

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]
        var json: JSONValue? { try? JSONValue.parse(body) }
        var message: String { json?["message"]?.stringValue ?? "" }
    }

    func send(
        _ method: String = "GET", _ path: String = TestAPI.path, query: String = "", headers: HTTPFields = [:],
        body: [UInt8] = []
    ) async throws -> Answer {
        let response = await pipeline.respond(
            to: ServerRequest(method: method, path: path, query: query, headers: headers, body: .bytes(body)))
        let collected = CollectingWriter()
        switch response.body {
        case .bytes, .pieces, .parts: try await collected.write(response.body.joined ?? [])
        case .stream(let write): try await write(collected)
        case .webSocket(let socket): try await socket.write(collected)
        }
        return Answer(status: response.status, headers: response.headers, body: await collected.bytes)
    }
}

actor CollectingWriter: BodyWriter {
    private(set) var bytes: [UInt8] = []

    func write(_ bytes: [UInt8]) async throws { self.bytes += bytes }
}
