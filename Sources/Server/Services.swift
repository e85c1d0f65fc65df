import APIMachinery
import APIServer
import Controllers
import Identity
import ImageStreams
import Importing
import Logging
import Registry
import RegistryClient
import ServiceLifecycle
import Store

/// The parts of the server that stand between the store and the listeners. Made before the store starts, because each
/// registers its caches.
struct Services: Sendable {
    let identity: StandAloneIdentity
    let imageStreams: ImageStreamsAPI
    /// What the registry knows of repositories and blobs.
    let registry: RegistryIndex
    let pullThrough: PullThrough
    /// Work that nobody asked for by a request.
    let background: [any Service]
    private let contexts: ServerContexts

    init(
        _ configuration: WeirConfiguration, store: Store, transport: RegistryTransport, metrics: MetricsRegistry,
        authentication: Authentication.Configuration, logger: Logger
    ) throws {
        let contexts = ServerContexts(logger: logger)
        let identity = StandAloneIdentity(
            configuration, authentication: authentication, store: store, contexts: contexts, logger: logger)
        var importing = Importer.Configuration()
        importing.maxTagsPerRepository = configuration.maximumImagesPerRepository
        let imageStreams = try ImageStreamsAPI(
            store: store,
            configuration: ImageStreamsConfiguration(
                internalRegistryHostname: configuration.internalRegistryHostname,
                publicRegistryHostname: configuration.publicRegistryHostname, importMode: configuration.importMode,
                imagePolicy: try configuration.imagePolicy.policy(),
                minimumRetentionInterval: configuration.minimumRetentionInterval),
            authorizer: identity.authorizer, namespaces: identity.namespaces,
            importer: RegistryImporter(Importer(transport: transport, configuration: importing, logger: logger)),
            secrets: NamespaceSecrets(secrets: identity.secrets, context: contexts.of("pull-secrets")),
            limits: identity.imageStreamLimits, quota: identity.quotas,
            retention: RetentionSources(
                use: ReportedImageUse(workloads: identity.workloads, context: contexts.of("retention-controller"))))
        self.identity = identity
        self.imageStreams = imageStreams
        let registry = RegistryIndex(store: store, now: Clock.milliseconds)
        self.registry = registry
        var pulling = PullThrough.Configuration()
        pulling.mirrors = configuration.registry.mirrors
        pullThrough = PullThrough(
            transport: UpstreamTransport(transport),
            secrets: NamespaceSecrets(secrets: identity.secrets, context: contexts.of("pull-through")),
            configuration: pulling, logger: logger)
        self.contexts = contexts
        let imports = ImportController(
            api: imageStreams,
            recorder: StoredEventRecorder(
                events: identity.events, component: "import-controller", context: contexts.of("import-controller")),
            context: contexts.of("import-controller"), logger: logger)
        let signatures = try Self.signatures(
            of: imageStreams, configuration, transport: transport, metrics: metrics, contexts: contexts, logger: logger)
        let retention = RetentionController(
            retention: imageStreams.retention,
            recorder: StoredEventRecorder(
                events: identity.events, component: "retention-controller",
                context: contexts.of("retention-controller")),
            metrics: RetentionMetrics(metrics), context: contexts.of("retention-controller"), logger: logger)
        background =
            identity.background(
                contents: [
                    NamespaceCleaner.content(of: imageStreams.streams),
                    NamespaceCleaner.content(of: imageStreams.retention.policies),
                ],
                counted: [CountedObjects(imageStreams.streams, quotaNames: ImageStreamsGroup.streamQuotas)],
                contexts: contexts, logger: logger)
            + [
                BackgroundService { await imports.run() }, BackgroundService { await retention.run() },
                BackgroundService { await OutboxKeeper(store: store, logger: logger).run() },
                BackgroundService { try await TouchKeeper(index: registry, logger: logger).run() },
                BackgroundService { try await Allocator.trimWhenIdle() },
            ] + (signatures.map { controller in [BackgroundService { await controller.run() }] } ?? [])
    }

    private static func signatures(
        of imageStreams: ImageStreamsAPI, _ configuration: WeirConfiguration, transport: RegistryTransport,
        metrics: MetricsRegistry, contexts: ServerContexts, logger: Logger
    ) throws -> SignatureImportController? {
        guard let lookaside = try configuration.signatures.configuration(logger: logger) else { return nil }
        let settings = SignatureImportController.Configuration()
        var fetching = SignatureFetcher.Configuration()
        fetching.enoughSignatures = settings.limits.count + 1
        fetching.enoughBytes = settings.limits.bytes
        return SignatureImportController(
            api: imageStreams,
            source: SignatureFetcher(
                transport: transport, lookaside: lookaside, configuration: fetching, logger: logger),
            configuration: settings, metrics: SignatureMetrics(metrics), context: contexts.of("signature-controller"),
            logger: logger)
    }

    var resources: [any Resource] { identity.resources + imageStreams.resources }

    /// What is served beside the resources.
    var handlers: [any PathHandler] { imageStreams.handlers + identity.authentication.handlers }

    /// Creates what every server has. Call it when the store has started and before requests are taken.
    func createPermanent() async throws {
        let context = contexts.of("start")()
        try await identity.namespaces.createPermanent(context)
        try await identity.roles.createDefaults(context)
    }
}

/// Makes the contexts of work the server does by itself.
struct ServerContexts: Sendable {
    let logger: Logger

    /// - Parameter agent: the part of the server, as histories name it.
    func of(_ agent: String) -> @Sendable () -> RequestContext {
        { [logger] in
            RequestContext(
                id: UUID4.random(), user: .system, resource: GroupResource(group: "", resource: ""),
                userAgent: "weir/\(agent)", now: Clock.now(), logger: logger)
        }
    }
}
