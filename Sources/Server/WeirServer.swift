import APIMachinery
import APIServer
import Blobs
import Controllers
import Foundation
import Identity
import ImageStreams
import Importing
import Logging
import Registry
import RegistryClient
import ServiceLifecycle
import Store
import StoreSQLite
import Synchronization

/// The whole server: configuration in, listeners, services and their lifecycle out.
public struct WeirServer: Sendable {
    public static let version = "0.1.0"

    /// The longest a shutdown may take. The listeners give their requests 60 s; this ends what hangs beyond that.
    private static let shutdownTimeout: Duration = .seconds(75)

    private let configuration: WeirConfiguration
    private let logger: Logger

    public init(configuration: WeirConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT.
    ///
    /// - Parameter onReady: called once all listeners take requests, with the URL of the API.
    /// - Throws: `StoreError.locked` and `.corrupt` with texts for people, and whatever keeps a listener from its port.
    public func run(onReady: @escaping @Sendable (String) -> Void) async throws {
        Allocator.configure()
        let directory = try DataDirectory(configuration.dataDirectory)
        let metrics = ServerMetrics.registry(version: Self.version, storePath: directory.storePath)
        let audit = try AuditSetup(configuration.audit, metrics: metrics, logger: logger)
        let engine = MeasuredEngine(try await SQLiteEngine.open(directory: directory.storePath), metrics: metrics)
        let encrypted = try await EncryptedStorage.open(engine, directory.keyFile(configuration), configuration, logger)
        let store = Store(engine: encrypted, configuration: storeConfiguration)
        let transport = RegistryTransport(configuration: configuration.registry.client)
        let blobs: FileBlobStore
        do { blobs = try await FileBlobStore.open(configuration.registry.files(in: directory)) } catch {
            await store.close()
            throw error
        }
        let result: Result<Void, any Error>
        do {
            result = .success(try await serve(directory, store, blobs, transport, metrics, audit?.auditor, onReady))
        } catch {
            result = .failure(error)
        }
        // The listeners are closed and nobody asks any more. The audit log is complete before the store goes.
        await transport.shutdown()
        await audit?.log.flush()
        await blobs.close()
        await store.close()
        try result.get()
    }

    private func serve(
        _ directory: DataDirectory, _ store: Store, _ blobs: any BlobStore, _ transport: RegistryTransport,
        _ metrics: MetricsRegistry,
        _ auditor: Auditor?, _ onReady: @escaping @Sendable (String) -> Void
    ) async throws {
        let credentials = try directory.credentials(
            hosts: certificateHosts, now: Date(), logger: logger)
        let listening = ListeningAddress(configuration.listen)
        var identity = Authentication.Configuration(
            signingKey: try await directory.signingKey(logger: logger),
            address: PublicAddress(
                configured: configuration.authentication.publicURL,
                hosts: Set(certificateHosts.map { $0.lowercased() }), fallback: { listening.value.description }))
        identity.issuer = configuration.authentication.issuer
        identity.tokenLifetime = configuration.authentication.tokenLifetime
        identity.issuers = try await OIDCSetup.issuers(
            configuration.authentication.oidcConfiguration, except: identity.issuer, clock: Clock.now, logger: logger)
        identity.passwords = HtpasswdProvider(
            file: HtpasswdFile(path: configuration.authentication.htpasswd ?? directory.htpasswdPath))
        identity.staticTokens = [
            credentials.adminToken: UserInfo(name: "system:admin", groups: [UserInfo.masters])
        ]
        let services = try Services(
            configuration, store: store, blobs: blobs, transport: transport, metrics: metrics,
            authentication: identity, logger: logger)
        try await store.start()
        try await services.createPermanent()
        let authenticator = AuthenticatorChain(
            [BearerAuthenticator(services.identity.authentication.tokens), ClientCertificateAuthenticator()],
            // Registries show the secret of a receiver there.
            besides: [WebhookHandler.path])
        let isStopping = Flag()
        var requests = RequestPipeline.Configuration(
            serverAddress: configuration.listen.description,
            version: ServerVersion(product: Self.version, commit: "", buildDate: "1970-01-01T00:00:00Z"))
        requests.maximumReadsInFlight = configuration.limits.maximumReads
        requests.maximumWritesInFlight = configuration.limits.maximumWrites
        requests.metrics = metrics
        requests.auditor = auditor
        let pipeline = RequestPipeline(
            resources: services.resources, handlers: services.handlers, configuration: requests,
            authenticator: authenticator,
            authorizer: services.identity.authorizer, namespaces: services.identity.namespaces,
            healthChecks: [
                .ping,
                HealthCheck("shutdown", endpoints: ["readyz"]) { !isStopping.isSet },
                // Not of /livez: to start again mends no disk.
                HealthCheck("registry-storage", endpoints: ["healthz", "readyz"]) { (try? await blobs.space()) != nil },
            ], clock: Clock.now, logger: logger)
        let registry = RegistryHandler(
            configuration.namedRegistry,
            RegistryHandler.Dependencies(
                streams: services.imageStreams, namespaces: services.identity.namespaces, index: services.registry,
                blobs: blobs, authenticator: authenticator, authorizer: services.identity.authorizer,
                pullThrough: configuration.registry.pullsThrough ? services.pullThrough : nil,
                storage: services.storage, switches: services.switches, refresher: services.refresher,
                importer: services.pullImporter, metrics: metrics,
                load: services.registryLoad, auditor: auditor, clock: Clock.now, logger: logger))
        let mirroring =
            services.mirroring(registry.mirror, metrics)
            + registry.background.map { work in BackgroundService { await work() } }
        let everything: @Sendable (ServerRequest) async -> ServerResponse = { request in
            RegistryRoute.owns(request.path)
                ? await registry.respond(to: request) : await pipeline.respond(to: request)
        }
        let handshakeFailed = ServerMetrics.handshakeFailures(metrics)
        let tls = try ServingTLS(credentials, directory: directory, hosts: certificateHosts, logger: logger)
        let rotation = BackgroundService { try await tls.keepCurrent() }
        let further = [configuration.insecureListen, configuration.registryListen].compactMap { $0 }
        let ready = ReadyGate(expected: 1 + further.count)
        var listeners = [
            listener(
                configuration.listen, tls, isPlain: false, onHandshakeFailure: handshakeFailed,
                respond: everything
            ) { address in
                listening.value = address.reachable
                await ready.arrived(api: address)
            }
        ]
        if let address = configuration.insecureListen {
            listeners.append(
                listener(
                    address, tls, isPlain: true, onHandshakeFailure: handshakeFailed, respond: everything
                ) { _ in
                    await ready.arrived(api: nil)
                })
        }
        if let address = configuration.registryListen {
            listeners.append(
                listener(
                    address, tls, isPlain: configuration.registryIsInsecure, onHandshakeFailure: handshakeFailed
                ) { request in
                    await registry.respond(to: request)
                } onListening: { _ in
                    await ready.arrived(api: nil)
                })
        }
        let announce = BackgroundService {
            guard let address = await ready.wait() else { return }
            let url = "https://\(address.reachable)"
            try directory.write(
                Kubeconfig.text(server: url, authority: credentials.authority, admin: credentials.admin),
                to: "admin.kubeconfig", isSecret: true)
            onReady(url)
            CodePages.releaseUnused()
        }
        // Stopped from the last to the first: not ready any more, listeners closed, work in the background ended.
        let stop = StopSignal(flag: isStopping, delay: configuration.limits.shutdownDelay)
        var group = ServiceGroupConfiguration(
            services: (services.background + mirroring + [rotation, announce] + listeners + [stop]).map {
                .init(service: $0, successTerminationBehavior: .ignore)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
        group.maximumGracefulShutdownDuration = configuration.limits.shutdownDelay + Self.shutdownTimeout
        try await ServiceGroup(configuration: group).run()
    }

    private func listener(
        _ address: WeirConfiguration.Address, _ tls: ServingTLS, isPlain: Bool,
        onHandshakeFailure: @escaping @Sendable () -> Void,
        respond: @escaping @Sendable (ServerRequest) async -> ServerResponse,
        onListening: @escaping @Sendable (WeirConfiguration.Address) async -> Void
    ) -> any Service {
        Listener(
            address: address, tls: isPlain ? nil : tls, respond: respond, onListening: onListening,
            onHandshakeFailure: onHandshakeFailure, logger: quiet(logger)
        ).service()
    }

    private var storeConfiguration: StoreConfiguration {
        var store = StoreConfiguration()
        store.history = configuration.history
        store.compactionInterval = configuration.history / 5
        return store
    }

    /// The names under which this server is reached.
    private var certificateHosts: [String] {
        var hosts = ["localhost", "127.0.0.1", "::1"]
        for address in [configuration.listen, configuration.registryListen].compactMap({ $0 }) {
            if !["0.0.0.0", "::"].contains(address.host) && !hosts.contains(address.host) {
                hosts.append(address.host)
            }
        }
        for name in [configuration.internalRegistryHostname, configuration.publicRegistryHostname] where !name.isEmpty {
            let host = WeirConfiguration.Address(name)?.host ?? name
            if !hosts.contains(host) { hosts.append(host) }
        }
        return hosts + configuration.certificateHosts.filter { !hosts.contains($0) }
    }

    /// Libraries tell of every connection at info; that is debugging here.
    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel == .info { logger.logLevel = .warning }
        return logger
    }
}
