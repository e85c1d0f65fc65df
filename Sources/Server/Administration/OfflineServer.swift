import APIServer
import Blobs
import Foundation
import Identity
import Logging
import Registry
import RegistryClient
import Store
import StoreSQLite

/// The parts of a server on a data directory that no server uses, without listeners and without work in the background.
struct OfflineServer: Sendable {
    let services: Services
    let blobs: FileBlobStore
    let store: Store
    private let transport: RegistryTransport

    /// Runs `body` with the server of a data directory, which is made where `mayCreate` allows it.
    /// - Throws: `StoreError.locked` while a server runs, what opening a server throws, and what `body` throws.
    static func with<Result: Sendable>(
        _ configuration: WeirConfiguration, mayCreate: Bool = false, logger: Logger,
        _ body: (OfflineServer) async throws -> Result
    ) async throws -> Result {
        guard mayCreate || FileManager.default.fileExists(atPath: configuration.dataDirectory + "/store") else {
            throw WeirConfiguration.Invalid(
                description: "\(configuration.dataDirectory) is no data directory of a server")
        }
        let server = try await open(configuration, logger)
        do {
            try await server.store.start()
            try await server.services.createPermanent()
            let result = try await body(server)
            await server.close()
            return result
        } catch {
            await server.close()
            throw error
        }
    }

    private static func open(_ configuration: WeirConfiguration, _ logger: Logger) async throws -> OfflineServer {
        let directory = try DataDirectory(configuration.dataDirectory)
        let engine = try await SQLiteEngine.open(directory: directory.storePath)
        let encrypted = try await EncryptedStorage.open(
            engine, directory.keyFile(configuration), configuration, logger)
        let store = Store(engine: encrypted)
        do {
            let blobs = try await FileBlobStore.open(configuration.registry.files(in: directory))
            let transport = RegistryTransport(configuration: configuration.registry.client)
            let identity = Authentication.Configuration(
                signingKey: try await directory.signingKey(logger: logger),
                address: PublicAddress(configured: nil, hosts: [], fallback: { configuration.listen.description }))
            let services = try Services(
                configuration, store: store, blobs: blobs, transport: transport, metrics: MetricsRegistry(),
                authentication: identity, logger: logger)
            return OfflineServer(services: services, blobs: blobs, store: store, transport: transport)
        } catch {
            await store.close()
            throw error
        }
    }

    private func close() async {
        await transport.shutdown()
        await blobs.close()
        await store.close()
    }
}
