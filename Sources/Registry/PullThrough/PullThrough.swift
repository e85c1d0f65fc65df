import APIMachinery
import APIServer
import HTTPTypes
import ImageStreams
import Importing
import Logging
import OCI

/// Serves what streams name elsewhere, with the namespace's pull secrets, and keeps it (spec/registry.md 4).
///
/// Only what belongs to an image of the stream is ever asked for. Tags are not looked up again: the stream says what
/// they mean.
public struct PullThrough: Sendable {
    /// How much of it there is.
    public struct Configuration: Sendable {
        /// Whether what was fetched is kept.
        public var mirrors = true
        /// Bytes of a blob that is kept; larger ones are fetched each time.
        public var maximumMirrorBytes: Int64 = .max
        /// Where else than at its source content may be had.
        public var policy = PullPolicy.direct

        public init() {}
    }

    private let transport: UpstreamTransport
    private let secrets: any PullSecretSource
    let configuration: Configuration
    let transfers = Transfers()
    let health = UpstreamHealth()
    let referrers = UpstreamReferrers()
    let logger: Logger

    public init(
        transport: UpstreamTransport, secrets: any PullSecretSource, configuration: Configuration = .init(),
        logger: Logger
    ) {
        self.transport = transport
        self.secrets = secrets
        self.configuration = configuration
        self.logger = logger
    }

    /// - Parameter call: the request that it is for; nil for work that nobody waits for.
    func session(_ repository: Repository, _ call: RegistryCall?) async throws -> UpstreamSession {
        var keyring = RegistryKeyring([])
        do {
            let found = try await secrets.pullSecrets(in: repository.path.namespace)
            keyring = RegistryKeyring.reading(found.items).keyring
        } catch {
            // Perhaps it can be had without (PT-10).
            logger.warning(
                "pull secrets cannot be read",
                metadata: ["namespace": "\(repository.path.namespace)", "error": "\(error)"])
        }
        return UpstreamSession(
            transport: transport, credentials: keyring, policy: configuration.policy,
            trace: call.map { trace($0) } ?? [], isBackground: call == nil, logger: logger)
    }

    /// The URLs of the requests that this one works for, its own last. One that is in there already came round (PT-29).
    private func trace(_ call: RegistryCall) -> [String] {
        let own = PublicAddress().base(of: call.request) + call.request.path
        return call.request.headers[values: .registryRequestURL] + [own]
    }

    /// How long somebody waits for what is asked elsewhere, all places together: 4.13 has HEAD answered within ten seconds.
    private static let patience: Duration = .seconds(9)
    /// The same for what nobody waits for.
    private static let backgroundPatience: Duration = .seconds(60)

    /// Asks elsewhere, for as long as somebody waits.
    func inTime<Value: Sendable>(
        _ session: UpstreamSession,
        _ operation: @escaping @Sendable () async throws(UpstreamSession.Failure) -> Value
    ) async throws(UpstreamSession.Failure) -> Value {
        let result: Result<Value, UpstreamSession.Failure>? = await UpstreamSession.within(
            session.isBackground ? Self.backgroundPatience : Self.patience
        ) {
            do throws(UpstreamSession.Failure) { return .success(try await operation()) } catch {
                return .failure(error)
            }
        }
        guard let result else { throw UpstreamSession.Failure("no answer in time") }
        return try result.get()
    }

    static func refusal(_ failure: UpstreamSession.Failure, _ reference: String) -> RegistryError {
        if failure.isRateLimit { return tooMany("unable to pullthrough manifest", failure.retryAfter) }
        return RegistryError(
            404, .pullThroughManifest, "unable to pull manifest from \(reference): \(failure)")
    }

    static func tooMany(_ message: String, _ retryAfter: Int?) -> RegistryError {
        RegistryError(
            429, .tooManyRequests, message, headers: [.retryAfter: String(max(1, retryAfter ?? 60))])
    }
}
