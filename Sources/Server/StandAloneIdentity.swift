import APIServer
import Identity
import ImageStreams
import Logging
import ServiceLifecycle
import Store

/// Everything about people, rights and namespaces that a server without a cluster around it keeps itself (design,
/// section 7).
struct StandAloneIdentity: Sendable {
    let namespaces: Namespaces
    let limits: LimitRanges
    let quotas: ResourceQuotas
    let secrets: Secrets
    let configMaps: ConfigMaps
    let serviceAccounts: ServiceAccounts
    let events: Events
    let workloads: Workloads
    let authentication: Authentication
    let roles: Roles
    let authorizer: any Authorizer
    private let eventExpiry: EventExpiry.Configuration
    private let reviews: Reviews
    private let projects: Projects

    /// Registers the caches: before the store starts.
    init(
        _ configuration: WeirConfiguration, authentication settings: Authentication.Configuration, store: Store,
        contexts: ServerContexts, logger: Logger
    ) {
        let namespaces = Namespaces(store: store)
        let quotas = ResourceQuotas(
            store: store, namespaces: namespaces, context: contexts.of("resourcequota-controller"))
        secrets = Secrets(store: store, namespaces: namespaces, quota: quotas)
        configMaps = ConfigMaps(store: store, namespaces: namespaces, quota: quotas)
        serviceAccounts = ServiceAccounts(store: store, namespaces: namespaces, quota: quotas)
        limits = LimitRanges(store: store, namespaces: namespaces)
        events = Events(store: store, namespaces: namespaces)
        workloads = Workloads(store: store, namespaces: namespaces)
        authentication = Authentication(
            settings, store: store, accounts: AccountObjects(accounts: serviceAccounts, secrets: secrets),
            clock: Clock.now, logger: logger)
        roles = Roles(store: store, namespaces: namespaces)
        authorizer = authentication.authorizer(
            OpenPaths(
                (configuration.imagePolicy.isPublic ? ImageStreamsAPI.policyPaths : []).union([WebhookHandler.path]),
                before: roles.authorizer))
        reviews = Reviews(authorizer: authorizer, roles: roles)
        projects = Projects(
            namespaces: namespaces, roles: roles, authorizer: authorizer, system: contexts.of("project-request"))
        eventExpiry = configuration.events
        self.namespaces = namespaces
        self.quotas = quotas
    }

    var resources: [any Resource] {
        namespaces.resources + limits.resources + quotas.resources + secrets.resources + configMaps.resources
            + serviceAccounts.resources + events.resources + workloads.resources + roles.resources
            + authentication.resources + reviews.resources + projects.resources
    }

    var imageStreamLimits: NamespaceImageStreamLimits {
        NamespaceImageStreamLimits { [limits] namespace in
            ImageStreamMaxima(
                stream: try await limits.maxima(of: "openshift.io/ImageStream", in: namespace),
                image: try await limits.maxima(of: "openshift.io/Image", in: namespace))
        }
    }

    /// - Parameters:
    ///   - contents: what else goes with a namespace.
    ///   - counted: what else quotas count.
    ///   - measured: what they bound besides.
    func background(
        contents: [NamespaceCleaner.Content], counted: [CountedObjects], measured: [MeasuredUse],
        contexts: ServerContexts, logger: Logger
    ) -> [any Service] {
        let own =
            [
                NamespaceCleaner.content(of: limits.objects), NamespaceCleaner.content(of: quotas.objects),
                NamespaceCleaner.content(of: secrets.objects), NamespaceCleaner.content(of: configMaps.objects),
                NamespaceCleaner.content(of: serviceAccounts.objects), NamespaceCleaner.content(of: events.objects),
            ] + workloads.contents + roles.contents
        let cleaner = NamespaceCleaner(
            namespaces: namespaces, contents: contents + own, context: contexts.of("namespace-cleaner"), logger: logger)
        let usage = ResourceQuotaController(
            quotas: quotas, counted: counted + [secrets.counted, configMaps.counted, serviceAccounts.counted],
            measured: measured, context: contexts.of("resourcequota-controller"), logger: logger)
        let accounts = ServiceAccountController(
            accounts: serviceAccounts, namespaces: namespaces, context: contexts.of("serviceaccount-controller"),
            logger: logger)
        let expiry = EventExpiry(
            events: events, configuration: eventExpiry, context: contexts.of("event-expiry"), logger: logger)
        let aggregator = RoleAggregator(roles, context: contexts.of("role-aggregator"), logger: logger)
        let binder = NamespaceBinder(namespaces, roles, context: contexts.of("namespace-binder"), logger: logger)
        return [
            BackgroundService { await cleaner.run() }, BackgroundService { await usage.run() },
            BackgroundService { await accounts.run() }, BackgroundService { await expiry.run() },
            BackgroundService { await aggregator.run() }, BackgroundService { await binder.run() },
            BackgroundService { [authentication] in
                try await authentication.oauthTokens.removeExpired(contexts.of("token-cleaner"), logger: logger)
            },
        ]
    }
}
