import APIMachinery
import HTTPTypes
import JSON

/// Everything that can be asked for behind authorization: resources, discovery, OpenAPI, health, version, the
/// index.
struct Routes: Sendable {
    private let router: APIRouter
    private let discovery: DiscoveryHandler
    private let openAPI: OpenAPIHandler
    private let health: HealthHandler
    private let version: ServerVersion
    private let metrics: MetricsRegistry
    private let index: [UInt8]
    private let handlers: [String: any PathHandler]
    /// The types of everything that is sent and received, by kind.
    let schemas: [GroupVersionKind: TypeSchema]

    init(
        resources: [any Resource], handlers: [any PathHandler], namespaces: any NamespaceLookup,
        authorizer: any Authorizer, healthChecks: [HealthCheck], version: ServerVersion, serverAddress: String,
        metrics: MetricsRegistry
    ) {
        let kinds = KindRegistry(resources.map(\.descriptor.kind))
        let watches = WatchMetrics()
        metrics.register(watches)
        let environment = EndpointEnvironment(
            decoder: BodyDecoder(kinds: kinds), namespaces: namespaces, authorizer: authorizer, watches: watches)
        let endpoints = resources.map { Self.endpoint($0, environment) }
        router = APIRouter(endpoints)
        let documents = DiscoveryDocuments(endpoints, serverAddress: serverAddress)
        discovery = DiscoveryHandler(documents)
        openAPI = OpenAPIHandler(OpenAPIDocuments(endpoints, version: version.gitVersion))
        health = HealthHandler(checks: healthChecks)
        self.handlers = Dictionary(
            handlers.flatMap { handler in handler.paths.map { ($0, handler) } }, uniquingKeysWith: { first, _ in first }
        )
        self.version = version
        self.metrics = metrics
        schemas = Self.schemas(of: endpoints)
        let paths = (documents.paths + openAPI.paths + ["/healthz", "/livez", "/metrics", "/readyz", "/version"])
            .sorted()
        index = JSONText.indented(
            DiscoveryDocuments.object([("paths", .array(paths.map { .string($0) }))]).jsonBytes())
    }

    private static func endpoint<R: Resource>(
        _ resource: R, _ environment: EndpointEnvironment
    ) -> any ResourceEndpoint {
        TypedEndpoint(resource, environment: environment)
    }

    private static func schemas(of endpoints: [any ResourceEndpoint]) -> [GroupVersionKind: TypeSchema] {
        var schemas = [
            GroupVersionKind(group: "", version: "v1", kind: "Status"): Status.schema,
            GroupVersionKind(group: "", version: "v1", kind: "DeleteOptions"): DeleteOptions.schema,
        ]
        for endpoint in endpoints {
            let kind = endpoint.descriptor.kind
            schemas[kind] = endpoint.schema
            schemas[GroupVersionKind(group: kind.group, version: kind.version, kind: kind.kind + "List")] =
                endpoint.listSchema
        }
        return schemas
    }

    /// - Parameter path: the decoded path.
    func response(
        to request: ServerRequest, path: String, query: QueryParameters, _ context: RequestContext
    ) async throws -> ServerResponse {
        switch router.match(method: request.method, path: path) {
        case .endpoint(let endpoint, let shape, let namespace, let name):
            var own = context
            own.namespace = namespace
            own.resource = endpoint.descriptor.groupResource
            own.subresource = endpoint.descriptor.subresource
            return try await endpoint.handle(
                APICall(request: request, query: query, shape: shape, name: name, context: own))
        case .unknownResource:
            throw APIError.noSuchResource
        case .wrongMethod:
            throw APIError.methodNotAllowed
        case .notAPI:
            return try await other(request, path: path, query: query, context)
        }
    }

    private func other(
        _ request: ServerRequest, path: String, query: QueryParameters, _ context: RequestContext
    ) async throws -> ServerResponse {
        if let handler = handlers[path] { return try await handler.respond(to: request, path: path, context) }
        if let response = await health.response(path: path, query: query) { return response }
        if let response = try discovery.response(to: request, path: path, query: query) { return response }
        if let response = try openAPI.response(to: request, path: path, query: query, now: context.now) {
            return response
        }
        switch path {
        case "/version", "/version/":
            return ServerResponse(status: 200, contentType: "application/json", version.json)
        case "/metrics":
            return ServerResponse(status: 200, contentType: Exposition.contentType, Array(metrics.scrape().utf8))
        case "/", "/index.html":
            return ServerResponse(status: 200, contentType: "application/json", index)
        case CustomResources.path where request.method == "GET":
            return ServerResponse(status: 200, contentType: "application/json", CustomResources.list)
        default:
            return .text(404, "404 page not found\n")
        }
    }
}
