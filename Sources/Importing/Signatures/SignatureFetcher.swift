public import Logging
import OCI
public import RegistryClient
import Synchronization

/// Looks for signatures of images: in the registry where it keeps some itself, else in the lookaside store, and as
/// attachments where the configuration asks for that (`spec/import-and-controllers.md` C.2.1).
///
/// Of the registry's mirrors and itself the first is asked that answers; where all are blocked, none is (A.9).
/// Registries are asked without credentials, and never for the image: only `/v2/` is looked at, which is remembered for
/// some minutes. What was read once is asked for again only if it has changed, as far as servers can tell.
public struct SignatureFetcher: SignatureSource {
    public struct Configuration: Sendable {
        /// Time for one image.
        public var timeout: Duration = .seconds(60)
        /// Bytes of one signature, and of a registry's list of them.
        public var maxBytes = 4 << 20
        public var maxListBytes = 4 << 20
        /// Signatures of one store beyond which it is taken to be broken.
        public var maxNumber = 128
        /// So many signatures, or more bytes of new ones than that: nothing more is looked for.
        public var enoughSignatures = 11
        public var enoughBytes = 1 << 20
        /// How long what a registry says at `/v2/`, and its tokens, are remembered.
        public var clientLifetime: Duration = .seconds(600)
        /// Documents of which is remembered how to ask whether they have changed.
        public var rememberedDocuments = 20_000

        public init() {}
    }

    /// What a document held, and how to ask for it only if it has changed.
    struct KnownDocument: Sendable {
        var validators: ContentValidators
        /// Names of its signatures.
        var names: [String]
    }

    let configuration: Configuration
    let lookaside: LookasideConfiguration
    let policy: PullPolicy
    let logger: Logger
    private let clients: SharedClient
    private let documents: RecentCache<String, KnownDocument>

    public init(
        transport: RegistryTransport, lookaside: LookasideConfiguration = LookasideConfiguration(),
        configuration: Configuration = .init(), policy: PullPolicy = .direct, logger: Logger
    ) {
        self.policy = policy
        self.configuration = configuration
        self.lookaside = lookaside
        self.logger = logger
        clients = SharedClient(transport: transport, lifetime: configuration.clientLifetime, logger: logger)
        documents = RecentCache(capacity: configuration.rememberedDocuments)
    }

    public func signatures(
        of image: SignedImage, known: Set<String>
    ) async throws(SignatureFailure) -> SignatureFindings {
        let outcome: Result<SignatureFindings, SignatureFailure>? = await withDeadline(configuration.timeout) {
            do throws(SignatureFailure) { return .success(try await self.find(image, known)) } catch {
                return .failure(error)
            }
        }
        guard let outcome else { throw .timedOut }
        return try outcome.get()
    }

    private func find(_ image: SignedImage, _ known: Set<String>) async throws(SignatureFailure) -> SignatureFindings {
        let client = clients.current
        var found = SignatureCollection(known: known, limits: configuration)
        // A registry that does not answer may have signatures all the same; other stores are asked meanwhile.
        let sources = policy.pullSources(RemoteReference(repository: image.repository, digest: image.digest))
            .prefix(Self.maximumSources).map(\.repository)
        let place = await firstPlace(of: image, sources, client)
        if let place, place.keepsSignatures {
            try await askRegistry(place, client, &found)
        } else {
            try await readStore(image, client, &found)
        }
        if let place, lookaside.usesAttachments(for: image.reference), !found.isFull {
            try await readAttachments(place, client, &found)
        }
        return SignatureFindings(
            new: found.new, hasAny: found.hasAny, isComplete: place != nil || sources.isEmpty)
    }

    /// Mirrors that are tried for one image.
    private static let maximumSources = 4

    /// A registry that has an image, and may be asked.
    struct Place: Sendable {
        let repository: RepositoryName
        let digest: Digest
        let access: RegistryAccess
        let keepsSignatures: Bool
    }

    /// The first of the sources that answers.
    private func firstPlace(of image: SignedImage, _ sources: [RepositoryName], _ client: RegistryClient) async
        -> Place?
    {
        for source in sources {
            let access = RegistryAccess(insecure: policy.isInsecure(source))
            do {
                let keepsSignatures = try await client.supportsSignatures(host: source.apiHost, access: access)
                return Place(
                    repository: source, digest: image.digest, access: access, keepsSignatures: keepsSignatures)
            } catch {
                logger.debug(
                    "the registry of an image does not answer",
                    metadata: ["image": "\(image.reference)", "registry": "\(source)", "error": "\(error.text)"])
            }
        }
        return nil
    }

    // MARK: Known documents

    /// How to ask for a document that was read before. Nil where that is not known, and where any of its signatures is
    /// not stored any more and has to be fetched again.
    func known(_ key: String, _ found: SignatureCollection) -> ContentValidators? {
        guard let document = documents[key], document.names.allSatisfy(found.isKnown) else { return nil }
        return document.validators
    }

    func remember(_ key: String, _ validators: ContentValidators?, _ names: [String]) {
        documents[key] = validators.map { KnownDocument(validators: $0, names: names) }
    }

    /// Takes note of the signatures of a document that has not changed.
    func noteUnchanged(_ key: String, _ found: inout SignatureCollection) {
        for name in documents[key]?.names ?? [] { found.note(name) }
    }
}

/// A client without credentials that several looks share, made anew from time to time: what it remembers is neither
/// kept for ever nor without bounds.
private final class SharedClient: Sendable {
    private let transport: RegistryTransport
    private let lifetime: Duration
    private let logger: Logger
    private let state = Mutex<(client: RegistryClient, until: ContinuousClock.Instant)?>(nil)

    init(transport: RegistryTransport, lifetime: Duration, logger: Logger) {
        self.transport = transport
        self.lifetime = lifetime
        self.logger = logger
    }

    var current: RegistryClient {
        state.withLock { state in
            if let state, state.until > .now { return state.client }
            let client = RegistryClient(transport: transport, logger: logger)
            state = (client, .now + lifetime)
            return client
        }
    }
}
