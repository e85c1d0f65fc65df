import APIMachinery
import APIServer
import Blobs
import HTTPTypes
import ImageStreams
import JSON
import Logging
import OCI
import Store

/// Answers the paths of the registry: OCI distribution on top of image streams, and what the reference has beside it
/// (spec/registry.md).
///
/// Order: route, identity, permission, and only then the body (C-11).
public struct RegistryHandler: Sendable {
    private let core: RegistryCore
    private let tokens: TokenEndpoint
    private let metrics: RegistryMetrics
    private let figures: MetricsRegistry
    private let gate: RequestGate
    /// Nil where nothing is written down.
    private let auditor: Auditor?
    private let isHealthy: @Sendable () async -> Bool

    /// What the registry stands on.
    public struct Dependencies: Sendable {
        public var streams: ImageStreamsAPI
        public var namespaces: any NamespaceLookup
        public var index: RegistryIndex
        public var blobs: any BlobStore
        public var authenticator: any Authenticator
        public var authorizer: any Authorizer
        /// Fetches what streams name elsewhere; nil where nothing is fetched.
        public var pullThrough: PullThrough?
        /// Keeps namespaces within their quotas of bytes.
        public var storage: NamespaceStorage
        public var switches: RegistrySwitches
        /// Looks whether tags have moved that are pulled.
        public var refresher: any TagRefresher
        /// Imports what is pulled from streams that do not have it.
        public var importer: any OnDemandImporter
        public var metrics: MetricsRegistry
        public var load: RegistryLoad
        public var auditor: Auditor?
        public var clock: @Sendable () -> Timestamp
        public var logger: Logger

        public init(
            streams: ImageStreamsAPI, namespaces: any NamespaceLookup, index: RegistryIndex, blobs: any BlobStore,
            authenticator: any Authenticator, authorizer: any Authorizer, pullThrough: PullThrough?,
            storage: NamespaceStorage, switches: RegistrySwitches, refresher: any TagRefresher,
            importer: any OnDemandImporter, metrics: MetricsRegistry, load: RegistryLoad, auditor: Auditor?,
            clock: @escaping @Sendable () -> Timestamp, logger: Logger
        ) {
            self.streams = streams
            self.namespaces = namespaces
            self.index = index
            self.blobs = blobs
            self.authenticator = authenticator
            self.authorizer = authorizer
            self.pullThrough = pullThrough
            self.storage = storage
            self.switches = switches
            self.refresher = refresher
            self.importer = importer
            self.metrics = metrics
            self.load = load
            self.auditor = auditor
            self.clock = clock
            self.logger = logger
        }
    }

    public init(_ configuration: RegistryConfiguration, _ parts: Dependencies) {
        let metrics = RegistryMetrics(parts.metrics, load: parts.load)
        core = RegistryCore(
            configuration: configuration, streams: parts.streams, namespaces: parts.namespaces, index: parts.index,
            content: RegistryContent(blobs: parts.blobs, index: parts.index),
            contents: StreamContentsCache(streams: parts.streams),
            access: RegistryAccess(
                authenticator: parts.authenticator, authorizer: parts.authorizer,
                challenge: Challenge(realm: configuration.tokenRealm, address: configuration.address),
                deniedStatus: configuration.deniedStatus),
            upstream: parts.pullThrough, storage: parts.storage, metrics: metrics, switches: parts.switches,
            refresher: parts.refresher, importer: parts.importer, clock: parts.clock, logger: parts.logger)
        tokens = TokenEndpoint(
            authenticator: parts.authenticator,
            nestedNames: configuration.mirroredHosts.isEmpty ? configuration.nestedNames : .flatten, now: parts.clock)
        self.metrics = metrics
        figures = parts.metrics
        gate = RequestGate(configuration.limits)
        auditor = parts.auditor
        let blobs = parts.blobs
        isHealthy = { (try? await blobs.space()) != nil }
    }

    /// What copies images of streams without waiting for a pull; nil where nothing is fetched, or kept.
    public var mirror: (any ImageMirror)? {
        guard let upstream = core.upstream, upstream.configuration.mirrors, !core.configuration.isReadOnly else {
            return nil
        }
        return RegistryMirror(core: core, upstream: upstream)
    }

    /// Work besides the requests, until it is cancelled.
    public var background: [@Sendable () async -> Void] {
        guard let layers = core.remoteLayers, !core.configuration.isReadOnly else { return [] }
        return [{ [core] in await layers.run(core) }]
    }

    /// Answers a request; never throws. A body that was not asked for yet may still be on its way.
    public func respond(to request: ServerRequest) async -> ServerResponse {
        let start = ContinuousClock.now
        metrics.begin()
        let id = Self.requestID(request)
        let notes = RequestNotes(received: Auditor.now())
        var response = await answer(request, id: id, notes)
        response.headers[.distributionVersion] = "registry/2.0"
        response.headers[.supportsSignatures] = "1"
        response.headers[.requestID] = id
        core.configuration.address.complete(&response.headers, of: request)
        if request.method == "HEAD" {
            if response.headers[.contentLength] == nil, let length = response.body.length {
                response.headers[.contentLength] = String(length)
            }
            response.body = .bytes([])
        }
        if let auditor {
            response = await auditor.note(notes.note(request, id: id), response, bytesKey: RequestNotes.bytesKey)
        }
        metrics.end(request, notes.service(of: request.method), response, duration: ContinuousClock.now - start)
        return response
    }

    private func answer(_ request: ServerRequest, id: String, _ notes: RequestNotes) async -> ServerResponse {
        do {
            return try await dispatch(request, id: id, notes)
        } catch {
            let error = failure(error, id: id)
            notes.failed(error)
            return error.response
        }
    }

    /// What the client is told of an error.
    private func failure(_ error: any Error, id: String) -> RegistryError {
        switch error {
        case let error as RegistryError: return error
        case let error as BodyReader.Failure:
            // The client is gone, or has sent less than it said: nobody reads this.
            return RegistryError(400, .sizeInvalid, "the body is not complete", detail: .string("\(error)"))
        case let error as BlobError: return RegistryError(error, logger: core.logger, request: id)
        case is CancellationError: return RegistryError.unavailable("the request was given up")
        default:
            core.logger.error("a registry request failed", metadata: ["request": "\(id)", "error": "\(error)"])
            return RegistryError(500, .unknown, "unknown error", detail: ["request": .string(id)])
        }
    }

    /// The client's, where it is fit for logs and headers.
    private static func requestID(_ request: ServerRequest) -> String {
        guard let id = request.header(.requestID), (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return UUID4.random() }
        return id
    }

    // MARK: Routes

    private func dispatch(
        _ request: ServerRequest, id: String, _ notes: RequestNotes
    ) async throws -> ServerResponse {
        let route: RegistryRoute
        let mirrored = MirroredRequest(request, core.configuration.mirroredHosts)
        do {
            route = try RegistryRoute(
                path: mirrored?.path ?? request.path,
                nested: mirrored == nil ? core.configuration.nestedNames : .flatten)
        } catch {
            // Who may not talk to the registry at all learns nothing of its paths.
            _ = try await core.access.user(request, [])
            throw error
        }
        notes.began(route)
        guard route.methods.contains(request.method) else { throw RegistryError.unsupported(allowed: route.methods) }
        switch route {
        case .health: return await health()
        case .token: return try await tokens.respond(to: request)
        default: break
        }
        let records = route.records(method: request.method)
        let user = try await user(request, route, records)
        notes.authenticated(user)
        try await core.access.require(records, of: user, request)
        if let path = route.repository { try await core.check(path) }
        let isRead = request.method == "GET" || request.method == "HEAD"
        let isReadOnly = try await core.isReadOnly(route.repository?.namespace)
        if isReadOnly, !isRead { throw RegistryError.readOnly(route, isWhole: try await core.isReadOnly(nil)) }
        let call = RegistryCall(request: request, query: QueryParameters(request.query), user: user, id: id)
        var response = try await gate.admit(route, isRead: isRead, user) {
            if let mirrored, case .manifest(let path, let name) = route {
                try await MirroredImages(core: core).bring(name, from: mirrored.source, to: path)
            }
            return try await respond(to: route, call)
        }
        if let mirrored { response.headers[.ociNamespace] = mirrored.host }
        if isReadOnly { response.headers.append(HTTPField(name: .warning, value: RegistryError.readOnlyWarning)) }
        return response
    }

    private func user(
        _ request: ServerRequest, _ route: RegistryRoute, _ records: [AccessRecord]
    ) async throws -> UserInfo {
        // The catalog is for everybody, and shows more to those who may list it.
        let scoped = route == .catalog ? [.catalog] : records
        do { return try await core.access.user(request, scoped) } catch {
            guard error.status == 401, case .upload(let path, let id) = route,
                let user = try await UploadAccess(core: core).user(request, of: id, in: path)
            else { throw error }
            return user
        }
    }

    private func respond(to route: RegistryRoute, _ call: RegistryCall) async throws -> ServerResponse {
        let method = call.request.method
        switch route {
        case .base: return ServerResponse(status: 200, contentType: "application/json", Array("{}".utf8))
        case .catalog: return try await CatalogEndpoint(core: core).get(call)
        case .tags(let path): return try await TagListEndpoint(core: core).get(path, call)
        case .referrers(let path, let subject):
            return try await ReferrersEndpoint(core: core).get(subject, in: path, call)
        case .manifest(let path, let name):
            let endpoint = ManifestEndpoint(core: core)
            switch method {
            case "PUT": return try await endpoint.put(name, in: path, call)
            case "DELETE": return try await endpoint.delete(name, in: path, call)
            default: return try await endpoint.get(name, in: path, call)
            }
        case .blob(let path, let digest):
            let endpoint = BlobEndpoint(core: core)
            return try await method == "DELETE"
                ? endpoint.delete(digest, in: path, call) : endpoint.get(digest, in: path, call)
        case .uploads(let path): return try await UploadEndpoint(core: core).start(in: path, call)
        case .upload(let path, let id):
            let endpoint = UploadEndpoint(core: core)
            switch method {
            case "PATCH": return try await endpoint.append(id, in: path, call)
            case "PUT": return try await endpoint.finish(id, in: path, call)
            case "DELETE": return try await endpoint.cancel(id, in: path, call)
            default: return try await endpoint.status(id, in: path, call)
            }
        case .signatures(let path, let digest):
            let endpoint = SignatureEndpoint(core: core)
            return try await method == "PUT"
                ? endpoint.put(digest, in: path, call) : endpoint.get(digest, in: path, call)
        case .prunedBlob(let digest): return try await PrunedBlobEndpoint(core: core).delete(digest, call)
        case .extensions(let path): return Self.extensions(path)
        case .metrics: return .text(200, figures.scrape())
        case .health, .token: return await health()
        }
    }

    private func health() async -> ServerResponse {
        guard await isHealthy() else { return RegistryError.unavailable("the storage is not healthy").response }
        return ServerResponse(status: 200, headers: [.cacheControl: "no-cache"])
    }

    /// What there is beyond the standard (O-4).
    private static func extensions(_ path: RepositoryPath?) -> ServerResponse {
        let name = path?.name ?? "{name}"
        let body: JSONValue = [
            "extensions": [
                [
                    "name": "_openshift", "description": "simple signing", "url": "https://docs.openshift.com",
                    "endpoints": [.string("/extensions/v2/\(name)/signatures/{digest}")],
                ]
            ]
        ]
        return ServerResponse(status: 200, contentType: "application/json", body.jsonBytes())
    }
}
