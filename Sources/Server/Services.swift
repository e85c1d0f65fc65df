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
    let authentication: Authentication
    let roles: Roles
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
        let authentication = Authentication(
            settings, store: store, accounts: NoServiceAccounts(), clock: Clock.now, logger: logger)
        let roles = Roles(store: store, namespaces: namespaces)
        let authorizer = authentication.authorizer(
            OpenPaths(configuration.imagePolicy.isPublic ? ImageStreamsAPI.policyPaths : [], before: roles.authorizer))
        var importing = Importer.Configuration()
        importing.maxTagsPerRepository = configuration.maximumImagesPerRepository
        let limits = LimitRanges(store: store, namespaces: namespaces)
        let quotas = ResourceQuotas(store: store, namespaces: namespaces) {
            Self.context("resourcequota-controller", logger: logger)
        }
        let imageStreams = try ImageStreamsAPI(
            store: store,
            configuration: ImageStreamsConfiguration(
                internalRegistryHostname: configuration.internalRegistryHostname,
                publicRegistryHostname: configuration.publicRegistryHostname, importMode: configuration.importMode,
                imagePolicy: try configuration.imagePolicy.policy()),
            authorizer: authorizer, namespaces: namespaces,
            importer: RegistryImporter(Importer(transport: transport, configuration: importing, logger: logger)),
            limits: NamespaceImageStreamLimits { namespace in
                ImageStreamMaxima(
                    stream: try await limits.maxima(of: "openshift.io/ImageStream", in: namespace),
                    image: try await limits.maxima(of: "openshift.io/Image", in: namespace))
            }, quota: quotas)
        self.namespaces = namespaces
        self.authentication = authentication
        self.roles = roles
        self.authorizer = authorizer
        self.imageStreams = imageStreams
        self.limits = limits
        self.quotas = quotas
        let imports = ImportController(
            api: imageStreams, context: { Self.context("import-controller", logger: logger) }, logger: logger)
        let cleaner = NamespaceCleaner(
            namespaces: namespaces,
            contents: [
                NamespaceCleaner.content(of: imageStreams.streams), NamespaceCleaner.content(of: limits.objects),
                NamespaceCleaner.content(of: quotas.objects),
            ] + roles.contents,
            context: { Self.context("namespace-cleaner", logger: logger) }, logger: logger)
        let usage = ResourceQuotaController(
            quotas: quotas,
            counted: [CountedObjects(imageStreams.streams, quotaNames: ImageStreamsGroup.streamQuotas)],
            context: { Self.context("resourcequota-controller", logger: logger) }, logger: logger)
        let aggregator = RoleAggregator(
            roles, context: { Self.context("role-aggregator", logger: logger) }, logger: logger)
        let binder = NamespaceBinder(
            namespaces, roles, context: { Self.context("namespace-binder", logger: logger) }, logger: logger)
        var background = [
            BackgroundService { await imports.run() }, BackgroundService { await cleaner.run() },
            BackgroundService { await usage.run() }, BackgroundService { await aggregator.run() },
            BackgroundService { await binder.run() },
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
        namespaces.resources + limits.resources + quotas.resources + roles.resources + imageStreams.resources
            + authentication.resources + Reviews(authorizer: authorizer, roles: roles).resources
            + Projects(
                namespaces: namespaces, roles: roles, authorizer: authorizer,
                system: { [logger] in Self.context("project-request", logger: logger) }
            ).resources
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

/// A server without service accounts: nobody has a token of one.
private struct NoServiceAccounts: ServiceAccountLookup {
    func serviceAccount(_ name: String, namespace: String) async throws -> TokenSubject? { nil }
    func secret(_ name: String, namespace: String) async throws -> TokenSubject? { nil }
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
