import APIServer
import Blobs
import Identity
import Logging
import Registry

/// `weir adopt`: takes over the directory of another registry into a data directory that no server uses.
///
/// Not a request to a running server, because it is done once, before there is anything to serve, and because files can
/// be linked only by a process that sees both directories.
public enum OfflineAdoption {
    /// - Throws: `BlobError` where there is no such directory, `StoreError.locked` while a server runs, and what
    ///   `DirectoryAdoption.run` throws.
    public static func run(
        _ path: String, _ configuration: WeirConfiguration, _ request: DirectoryAdoption.Request, logger: Logger,
        onEvent: @escaping (DirectoryAdoption.Event) async throws -> Void
    ) async throws -> AdoptionTally {
        let directory = try ReferenceDirectory(path)
        return try await OfflineServer.with(configuration, mayCreate: true, logger: logger) { server in
            let identity = server.services.identity
            let adoption = DirectoryAdoption(
                directory, into: server.blobs, configuration: configuration.namedRegistry,
                index: server.services.registry, streams: server.services.imageStreams,
                namespaces: identity.namespaces, authorizer: identity.authorizer, clock: Clock.now, logger: logger
            ) { name, context in try await identity.namespaces.create(name, context) }
            return try await adoption.run(request, onEvent: onEvent)
        }
    }
}
