import APIMachinery
import APIServer
import Blobs
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
    private let collections: BlobCollections
    let registryLoad: RegistryLoad
    /// What namespaces hold, where quotas bound it.
    let storage: NamespaceStorage
    let switches: RegistrySwitches
    /// Looks whether tags have moved that are pulled.
    let refresher: PullRefresher
    /// Imports what is pulled from streams that do not have it.
    let pullImporter: PullImporter
    private let pullTimes: RegistryPullTimes
    let pullThrough: PullThrough
    /// Looks whether all is there and right.
    let verifier: RegistryVerifier
    private let verification: VerificationHandler
    /// Work that nobody asked for by a request.
    let background: [any Service]
    private let contexts: ServerContexts
    private let webhooks: WebhookHandler
    private let registryStatuses: RegistryStatuses

    init(
        _ configuration: WeirConfiguration, store: Store, blobs: any BlobStore, transport: RegistryTransport,
        metrics: MetricsRegistry, authentication: Authentication.Configuration, logger: Logger
    ) throws {
        let contexts = ServerContexts(logger: logger)
        let identity = StandAloneIdentity(
            configuration, authentication: authentication, store: store, contexts: contexts, logger: logger)
        let sources = try RegistrySources.read(file: configuration.registrySources)
        var policy = PullPolicy(sources.table)
        let node = NodeCredentials(file: configuration.upstreamCredentials, logger: logger)
        policy.nodeCredentials = { node.keyring }
        var importing = Importer.Configuration()
        // 0 is the reference's word for its default, and ours for as many as possible.
        let maximum = configuration.maximumImagesPerRepository
        importing.maxTagsPerRepository = maximum == 0 ? -1 : maximum
        let registry = RegistryIndex(store: store, now: Clock.milliseconds)
        let importer = Importer(transport: transport, configuration: importing, policy: policy, logger: logger)
        var streamsConfiguration = ImageStreamsConfiguration(
            internalRegistryHostname: configuration.internalRegistryHostname,
            publicRegistryHostname: configuration.publicRegistryHostname, importMode: configuration.importMode,
            allowedRegistries: sources.allowed, imagePolicy: try configuration.imagePolicy.policy(),
            minimumRetentionInterval: configuration.minimumRetentionInterval)
        streamsConfiguration.imports = configuration.imports
        streamsConfiguration.publicURL = configuration.authentication.publicURL ?? ""
        let pullTimes = RegistryPullTimes(index: registry, namespaces: identity.namespaces)
        self.pullTimes = pullTimes
        let imageStreams = try ImageStreamsAPI(
            store: store, configuration: streamsConfiguration,
            authorizer: identity.authorizer, namespaces: identity.namespaces,
            importer: RegistryImporter(
                importer,
                recorder: StoredEventRecorder(
                    events: identity.events, component: "import-controller", context: contexts.of("import-controller"))),
            secrets: NamespaceSecrets(secrets: identity.secrets, context: contexts.of("pull-secrets")),
            limits: identity.imageStreamLimits, quota: identity.quotas,
            retention: RetentionSources(
                pulls: pullTimes,
                use: ReportedImageUse(workloads: identity.workloads, context: contexts.of("retention-controller")),
                untagged: RegistryManifests(index: registry, namespaces: identity.namespaces)))
        self.identity = identity
        self.imageStreams = imageStreams
        self.registry = registry
        let storage = NamespaceStorage(index: registry, namespaces: identity.namespaces, quota: identity.quotas)
        self.storage = storage
        let switches = RegistrySwitches(
            store: store, namespaces: identity.namespaces, isReadOnly: configuration.registry.registry.isReadOnly)
        self.switches = switches
        collections = BlobCollections(store: store)
        let registryLoad = RegistryLoad()
        self.registryLoad = registryLoad
        var pulling = PullThrough.Configuration()
        pulling.mirrors = configuration.registry.mirrors
        pulling.maximumMirrorBytes = configuration.registry.maximumMirrorBytes ?? .max
        pulling.policy = policy
        pullThrough = PullThrough(
            transport: UpstreamTransport(transport),
            secrets: NamespaceSecrets(secrets: identity.secrets, context: contexts.of("pull-through")),
            configuration: pulling, logger: logger)
        self.contexts = contexts
        let importMetrics = ImportMetrics(metrics, budgets: transport.budgets)
        verifier = RegistryVerifier(
            index: registry, blobs: blobs, streams: imageStreams, namespaces: identity.namespaces, logger: logger)
        verification = VerificationHandler(
            verifier: verifier, switches: switches)
        let imports = ImportController(
            api: imageStreams, metrics: importMetrics, context: contexts.of("import-controller"), logger: logger)
        let scheduler = ImportScheduler(
            api: imageStreams, importer: importer, store: store, metrics: importMetrics,
            recorder: StoredEventRecorder(
                events: identity.events, component: "import-controller", context: contexts.of("import-controller")),
            context: contexts.of("import-controller"), logger: logger)
        let signatures = try Self.signatures(
            of: imageStreams, configuration, transport: transport, policy: policy, metrics: metrics, contexts: contexts,
            logger: logger)
        let retention = RetentionController(
            retention: imageStreams.retention,
            recorder: StoredEventRecorder(
                events: identity.events, component: "retention-controller",
                context: contexts.of("retention-controller")),
            metrics: RetentionMetrics(metrics), context: contexts.of("retention-controller"), logger: logger)
        var collecting = configuration.collection
        collecting.ownHosts = configuration.registry.registry.hosts
        let collection = CollectionController(
            collector: BlobCollector(
                index: registry, blobs: blobs, streams: imageStreams, namespaces: identity.namespaces,
                storage: storage, switches: switches, settings: collecting, load: registryLoad, logger: logger),
            collections: collections, metrics: CollectionMetrics(metrics), context: contexts.of("collector"),
            logger: logger)
        let scrubber = BlobScrubber(
            verifier, switches: switches, settings: configuration.scrub, metrics: ScrubMetrics(metrics),
            recorder: StoredEventRecorder(
                events: identity.events, component: "scrubber", context: contexts.of("scrubber")))
        let sinks = HTTPSinkTransport(
            allowsLoopback: configuration.eventSinks.allowsLoopback, version: WeirServer.version)
        let secrets = identity.secrets
        let dispatcher = EventDispatcher(
            api: imageStreams, store: store, transport: sinks,
            sender: EventMessage.Sender(
                url: configuration.authentication.publicURL ?? "",
                registry: configuration.publicRegistryHostname.isEmpty
                    ? configuration.internalRegistryHostname : configuration.publicRegistryHostname),
            secret: { try await secrets.objects.object($1, namespace: $0) }, metrics: SinkMetrics(metrics),
            context: contexts.of("event-dispatcher"), logger: logger)
        let looks = TagLooks(api: imageStreams, importer: importer, metrics: importMetrics)
        refresher = PullRefresher(
            looks: looks, minimumAge: configuration.imports.minimumInterval, context: contexts.of("pull-refresher"),
            logger: logger)
        pullImporter = PullImporter(
            api: imageStreams, looks: looks, context: contexts.of("pull-importer"), logger: logger)
        let webhooks = WebhookImporter(
            api: imageStreams, looks: looks, registry: metrics,
            context: contexts.of("webhook-importer"), logger: logger)
        self.webhooks = WebhookHandler(
            imageStreams, secret: { try await secrets.objects.object($1, namespace: $0) }, take: webhooks.take)
        registryStatuses = RegistryStatuses(importer, now: Clock.now)
        let outboxAge = configuration.eventSinks.kept
        background =
            identity.background(
                contents: [
                    NamespaceCleaner.content(of: imageStreams.streams),
                    NamespaceCleaner.content(of: imageStreams.retention.policies),
                    NamespaceCleaner.content(of: imageStreams.eventSinks),
                    NamespaceCleaner.content(of: imageStreams.webhookReceivers),
                ],
                counted: [CountedObjects(imageStreams.streams, quotaNames: ImageStreamsGroup.streamQuotas)],
                measured: [
                    MeasuredUse(StorageBound.quotaName, of: imageStreams.streams, shrunk: { storage.shrunk($0) }) {
                        Quantity(try await storage.used(in: $0), format: .binarySI)
                    }
                ], contexts: contexts, logger: logger)
            + [
                BackgroundService { await imports.run() }, BackgroundService { await scheduler.run() },
                BackgroundService { await webhooks.run() }, BackgroundService { await retention.run() },
                BackgroundService { await collection.run() },
                BackgroundService { await scrubber.run() },
                BackgroundService { await OutboxKeeper(store: store, age: outboxAge, logger: logger).run() },
                BackgroundService {
                    await dispatcher.run()
                    await sinks.shutdown()
                },
                BackgroundService { try await TouchKeeper(index: registry, logger: logger).run() },
                BackgroundService { try await Allocator.trimWhenIdle() },
                BackgroundService { try await CodePages.releaseUnusedRepeatedly() },
            ] + (signatures.map { controller in [BackgroundService { await controller.run() }] } ?? [])
    }

    private static func signatures(
        of imageStreams: ImageStreamsAPI, _ configuration: WeirConfiguration, transport: RegistryTransport,
        policy: PullPolicy, metrics: MetricsRegistry, contexts: ServerContexts, logger: Logger
    ) throws -> SignatureImportController? {
        guard let lookaside = try configuration.signatures.configuration(logger: logger) else { return nil }
        let settings = SignatureImportController.Configuration()
        var fetching = SignatureFetcher.Configuration()
        fetching.enoughSignatures = settings.limits.count + 1
        fetching.enoughBytes = settings.limits.bytes
        return SignatureImportController(
            api: imageStreams,
            source: SignatureFetcher(
                transport: transport, lookaside: lookaside, configuration: fetching, policy: policy,
                logger: logger),
            configuration: settings, metrics: SignatureMetrics(metrics), context: contexts.of("signature-controller"),
            logger: logger)
    }

    /// Copies images without waiting for a pull; nothing where the registry does not keep what it fetches.
    func mirroring(_ mirror: (any ImageMirror)?, _ metrics: MetricsRegistry) -> [any Service] {
        guard let mirror else { return [] }
        let controller = MirrorController(
            api: imageStreams, mirror: mirror, metrics: MirrorMetrics(metrics),
            recorder: StoredEventRecorder(
                events: identity.events, component: "mirror-controller", context: contexts.of("mirror-controller")),
            context: contexts.of("mirror-controller"), logger: contexts.logger)
        return [BackgroundService { await controller.run() }]
    }

    var resources: [any Resource] {
        identity.resources + imageStreams.resources + collections.resources + [registryStatuses]
    }

    /// What is served beside the resources.
    var handlers: [any PathHandler] {
        imageStreams.handlers + identity.authentication.handlers + [verification, SwitchHandler(switches), webhooks]
    }

    /// Creates what every server has. Call it when the store has started and before requests are taken.
    func createPermanent() async throws {
        let context = contexts.of("start")()
        try await identity.namespaces.createPermanent(context)
        try await identity.roles.createDefaults(context)
        try await pullTimes.begin()
        try await registry.restoreTouches()
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
