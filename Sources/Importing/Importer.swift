public import Logging
public import OCI
public import RegistryClient

/// Imports images from remote registries (`spec/import-and-controllers.md` A.13 to A.22): reads only, stores nothing.
///
///     let importer = try Importer(transport: transport, logger: logger)
///     let result = await importer.run(
///         ImportRequest(images: [ImageImportEntry(from: "quay.io/org/app:1")]), credentials: secrets)
///
/// One per process: its limits hold across requests.
public struct Importer: Sendable {
    public struct Configuration: Sendable {
        /// Taken from lists where the request asks for nothing else; not the machine's own, so that replicas on
        /// different machines agree (A.16).
        public var defaultPlatform = Platform(architecture: "amd64", os: "linux")
        /// Tags of a repository imported at once; 0 stands for 50, a negative number for as many as possible. More than
        /// `Importer.mostTags` it never is.
        public var maxTagsPerRepository = 50
        /// Bytes of manifests and configs that one request may have in memory together.
        public var maxBytes = 64 << 20
        /// Requests under way at one registry host.
        public var parallelPerHost = 4
        /// Entries of one request worked on at a time.
        public var parallelEntries = 16
        /// Time for one entry, with all its children.
        public var entryTimeout: Duration = .seconds(300)

        public init() {}
    }

    /// Tags of a repository that one request takes, however many are asked for: the answer has all their images.
    public static let mostTags = 1_000

    let transport: RegistryTransport
    let configuration: Configuration
    let policy: PullPolicy
    let logger: Logger
    let limiter: HostLimiter
    /// Sizes of layers: that of a digest is a fact wherever it was met (A.12).
    let layerSizes: RecentCache<Digest, Int64>
    /// Which image of a list was taken for a platform: a fact likewise.
    let choices: RecentCache<ListChoice, Digest>
    /// What was fetched lately.
    let contents = ContentMemory()
    /// Tokens, and where registries are.
    let memory = RegistryMemory()

    public init(
        transport: RegistryTransport, configuration: Configuration = .init(), policy: PullPolicy = .direct,
        logger: Logger
    ) {
        self.transport = transport
        self.configuration = configuration
        self.policy = policy
        self.logger = logger
        limiter = HostLimiter(limit: configuration.parallelPerHost)
        layerSizes = RecentCache(capacity: 2048)
        choices = RecentCache(capacity: 50_000)
    }

    /// What registries said of the requests they still take.
    public var budgets: RegistryBudgets { transport.budgets }

    /// How many requests wait for their turn, by the host that serves the API.
    public var waiting: [String: Int] { limiter.waiting }

    /// Fetches what `request` asks for. Never throws: each entry has its image or its failure.
    ///
    /// Entries for the same manifest are fetched once. Cancelling the task makes the entries not yet done fail.
    /// - Parameter isBackground: nobody waits for it: nothing is asked of registries that have had enough (429).
    public func run(
        _ request: ImportRequest, credentials: some CredentialSource, isBackground: Bool = false
    ) async -> ImportResult {
        let session = ImportSession(importer: self, credentials: credentials, isBackground: isBackground)
        let images = await session.importImages(request.images)
        guard let entry = request.repository else { return ImportResult(images: images.results, repository: nil) }
        let repository = await session.importRepository(entry, known: images.outcomes)
        return ImportResult(images: images.results, repository: repository)
    }
}
