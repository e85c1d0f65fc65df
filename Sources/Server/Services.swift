import APIMachinery
import APIServer
import Controllers
import Foundation
import Identity
import ImageStreams
import Importing
import Logging
import RegistryClient
import ServiceLifecycle
import Store

/// The parts of the server that stand between the store and the listeners. Made before the store starts, because each
/// registers its caches.
struct Services: Sendable {
    let namespaces: Namespaces
    let imageStreams: ImageStreamsAPI
    let limits: LimitRanges
    let quotas: ResourceQuotas
    let secrets: Secrets
    let configMaps: ConfigMaps
    let serviceAccounts: ServiceAccounts
    let events: Events
    let workloads: Workloads
    let authentication: Authentication
    let authorizer: any Authorizer
    /// Work that nobody asked for by a request.
    let background: [any Service]
    private let logger: Logger

    init(
        _ configuration: WeirConfiguration, store: Store, transport: RegistryTransport, metrics: MetricsRegistry,
        authentication settings: Authentication.Configuration, logger: Logger
    ) throws {
        self.logger = logger
        let namespaces = Namespaces(store: store)
        var importing = Importer.Configuration()
        importing.maxTagsPerRepository = configuration.maximumImagesPerRepository
        let limits = LimitRanges(store: store, namespaces: namespaces)
        let quotas = ResourceQuotas(store: store, namespaces: namespaces) {
            Self.context("resourcequota-controller", logger: logger)
        }
        let secrets = Secrets(store: store, namespaces: namespaces, quota: quotas)
        let configMaps = ConfigMaps(store: store, namespaces: namespaces, quota: quotas)
        let serviceAccounts = ServiceAccounts(store: store, namespaces: namespaces, quota: quotas)
        let authentication = Authentication(
            settings, store: store, accounts: AccountObjects(accounts: serviceAccounts, secrets: secrets),
            clock: Clock.now, logger: logger)
        let authorizer = authentication.authorizer(
            BasicAuthorizer(openPaths: configuration.imagePolicy.isPublic ? ImageStreamsAPI.policyPaths : []))
        let events = Events(store: store, namespaces: namespaces)
        let workloads = Workloads(store: store, namespaces: namespaces)
        let imageStreams = try ImageStreamsAPI(
            store: store,
            configuration: ImageStreamsConfiguration(
                internalRegistryHostname: configuration.internalRegistryHostname,
                publicRegistryHostname: configuration.publicRegistryHostname, importMode: configuration.importMode,
                imagePolicy: try configuration.imagePolicy.policy()),
            authorizer: authorizer, namespaces: namespaces,
            importer: RegistryImporter(Importer(transport: transport, configuration: importing, logger: logger)),
            secrets: NamespaceSecrets(secrets: secrets) { Self.context("pull-secrets", logger: logger) },
            limits: NamespaceImageStreamLimits { namespace in
                ImageStreamMaxima(
                    stream: try await limits.maxima(of: "openshift.io/ImageStream", in: namespace),
                    image: try await limits.maxima(of: "openshift.io/Image", in: namespace))
            }, quota: quotas)
        self.namespaces = namespaces
        self.authentication = authentication
        self.authorizer = authorizer
        self.imageStreams = imageStreams
        self.limits = limits
        self.quotas = quotas
        self.secrets = secrets
        self.configMaps = configMaps
        self.serviceAccounts = serviceAccounts
        self.events = events
        self.workloads = workloads
        let imports = ImportController(
            api: imageStreams,
            recorder: StoredEventRecorder(events: events, component: "import-controller") {
                Self.context("import-controller", logger: logger)
            },
            context: { Self.context("import-controller", logger: logger) }, logger: logger)
        let cleaner = NamespaceCleaner(
            namespaces: namespaces,
            contents: [
                NamespaceCleaner.content(of: imageStreams.streams), NamespaceCleaner.content(of: limits.objects),
                NamespaceCleaner.content(of: quotas.objects), NamespaceCleaner.content(of: secrets.objects),
                NamespaceCleaner.content(of: configMaps.objects),
                NamespaceCleaner.content(of: serviceAccounts.objects), NamespaceCleaner.content(of: events.objects),
            ] + workloads.contents,
            context: { Self.context("namespace-cleaner", logger: logger) }, logger: logger)
        let usage = ResourceQuotaController(
            quotas: quotas,
            counted: [
                CountedObjects(imageStreams.streams, quotaNames: ImageStreamsGroup.streamQuotas), secrets.counted,
                configMaps.counted, serviceAccounts.counted,
            ],
            context: { Self.context("resourcequota-controller", logger: logger) }, logger: logger)
        let accounts = ServiceAccountController(
            accounts: serviceAccounts, namespaces: namespaces,
            context: { Self.context("serviceaccount-controller", logger: logger) }, logger: logger)
        let expiry = EventExpiry(
            events: events, configuration: configuration.events,
            context: { Self.context("event-expiry", logger: logger) }, logger: logger)
        var background = [
            BackgroundService { await imports.run() }, BackgroundService { await cleaner.run() },
            BackgroundService { await usage.run() }, BackgroundService { await accounts.run() },
            BackgroundService { await expiry.run() },
            BackgroundService { await OutboxKeeper(store: store, logger: logger).run() },
            BackgroundService {
                try await authentication.oauthTokens.removeExpired(
                    { Self.context("token-cleaner", logger: logger) }, logger: logger)
            },
            BackgroundService { try await Allocator.trimWhenIdle() },
        ]
        if let lookaside = try configuration.signatures.configuration(logger: logger) {
            let settings = SignatureImportController.Configuration()
            var fetching = SignatureFetcher.Configuration()
            fetching.enoughSignatures = settings.limits.count + 1
            fetching.enoughBytes = settings.limits.bytes
            let signatures = SignatureImportController(
                api: imageStreams,
                source: SignatureFetcher(
                    transport: transport, lookaside: lookaside, configuration: fetching, logger: logger),
                configuration: settings, metrics: SignatureMetrics(metrics),
                context: { Self.context("signature-controller", logger: logger) }, logger: logger)
            background.append(BackgroundService { await signatures.run() })
        }
        self.background = background
    }

    var resources: [any Resource] {
        namespaces.resources + limits.resources + quotas.resources + secrets.resources + configMaps.resources
            + serviceAccounts.resources + events.resources + workloads.resources + imageStreams.resources
            + authentication.resources
    }

    /// What is served beside the resources.
    var handlers: [any PathHandler] { imageStreams.handlers + authentication.handlers }

    /// The context of work the server does by itself.
    func context(_ agent: String) -> RequestContext { Self.context(agent, logger: logger) }

    private static func context(_ agent: String, logger: Logger) -> RequestContext {
        RequestContext(
            id: UUID4.random(), user: .system, resource: GroupResource(group: "", resource: ""),
            userAgent: "weir/\(agent)", now: Clock.now(), logger: logger)
    }
}

/// The time of the server, in whole seconds.
enum Clock {
    static func now() -> Timestamp {
        Timestamp(secondsSince1970: Int64(Date().timeIntervalSince1970))
    }
}

/// Work beside the requests: it is cancelled when the server shuts down.
///
/// The service lasts until then even where its work is done before: one that ends while others are being stopped would
/// be taken for a failure of the whole group.
struct BackgroundService: Service {
    private let work: @Sendable () async throws -> Void

    init(_ work: @escaping @Sendable () async throws -> Void) { self.work = work }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await work() }
        } catch is CancellationError {
            // Shutdown may come at any moment, also just when the work is done.
        }
        try? await gracefulShutdown()
    }
}
