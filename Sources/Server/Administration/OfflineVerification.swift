import Logging
import Registry

/// `weir verify --offline`: looks at the registry of a data directory that no server uses.
public enum OfflineVerification {
    /// - Throws: `StoreError.locked` while a server runs, and what `RegistryVerifier.run` throws.
    public static func run(
        _ configuration: WeirConfiguration, _ request: RegistryVerifier.Request, logger: Logger,
        onEvent: @escaping (RegistryVerifier.Event) async throws -> Void
    ) async throws -> VerificationTally {
        try await OfflineServer.with(configuration, logger: logger) { server in
            try await server.services.verifier.run(request, onEvent: onEvent)
        }
    }
}
