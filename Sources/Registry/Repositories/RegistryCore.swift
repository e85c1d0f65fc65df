import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging
import OCI
import Store

/// What all endpoints of the registry work with. A class because it is handed on so often.
final class RegistryCore: Sendable {
    let configuration: RegistryConfiguration
    let streams: ImageStreamsAPI
    let namespaces: any NamespaceLookup
    let index: RegistryIndex
    let content: RegistryContent
    let contents: StreamContentsCache
    /// Uploads that are becoming blobs, by their names.
    let finishing = KeyedLocks<String>()
    let access: RegistryAccess
    let upstream: PullThrough?
    let remoteLayers: RemoteLayers?
    let untagged: UntaggedLimit
    /// Nil where no quota bounds what is pushed.
    let storage: NamespaceStorage?
    let metrics: RegistryMetrics?
    /// Nil where nobody can turn them.
    let switches: RegistrySwitches?
    /// Nil where tags are not looked up when they are pulled.
    let refresher: (any TagRefresher)?
    /// Nil where nothing is imported for pulls.
    let importer: (any OnDemandImporter)?
    let clock: @Sendable () -> Timestamp
    let logger: Logger

    init(
        configuration: RegistryConfiguration, streams: ImageStreamsAPI, namespaces: any NamespaceLookup,
        index: RegistryIndex, content: RegistryContent, contents: StreamContentsCache, access: RegistryAccess,
        upstream: PullThrough?, storage: NamespaceStorage?, metrics: RegistryMetrics?,
        switches: RegistrySwitches? = nil, refresher: (any TagRefresher)? = nil,
        importer: (any OnDemandImporter)? = nil,
        clock: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.configuration = configuration
        self.streams = streams
        self.namespaces = namespaces
        self.index = index
        self.content = content
        self.contents = contents
        self.access = access
        self.upstream = upstream
        remoteLayers = upstream.map { RemoteLayers($0) }
        untagged = UntaggedLimit(
            index, streams: streams, namespaces: namespaces, limit: configuration.maximumUntaggedManifests)
        self.storage = storage
        self.metrics = metrics
        self.switches = switches
        self.refresher = refresher
        self.importer = importer
        self.clock = clock
        self.logger = logger
    }

    /// A repository as it is now.
    func repository(_ path: RepositoryPath) async throws -> Repository {
        let uid = try await namespaces.uid(of: path.namespace)
        var incarnation: Incarnation?
        if let uid { incarnation = try await index.repository(path, namespaceUID: uid) }
        return Repository(
            path: path, stream: try await streams.stream(path.stream, namespace: path.namespace),
            incarnation: incarnation, core: self)
    }

    /// The incarnation that uploads into a repository belong to.
    /// - Throws: 403 where there is no namespace to make it in, or it is being deleted (N-1).
    func openRepository(_ path: RepositoryPath) async throws -> Incarnation {
        guard try await namespaces.state(of: path.namespace) == .active,
            let uid = try await namespaces.uid(of: path.namespace)
        else { throw RegistryError.denied("namespace \(path.namespace) does not exist or is being deleted") }
        return try await index.openRepository(path, namespaceUID: uid)
    }

    /// A context for what the registry does in the image API for a request.
    func context(_ call: RegistryCall, _ path: RepositoryPath, resource: String = "imagestreams") -> RequestContext {
        RequestContext(
            id: call.id, user: call.user, namespace: path.namespace, resource: ImageStreamsGroup.resource(resource),
            userAgent: call.request.header(.userAgent) ?? "", now: clock(), logger: logger)
    }
}

/// One request that has been let in.
struct RegistryCall: Sendable {
    var request: ServerRequest
    var query: QueryParameters
    var user: UserInfo
    var id: String
}
