import APIMachinery
import APIServer
import Blobs
import ImageStreams
import Logging
import OCI
import Store

/// Takes over what another registry has written into a directory (spec/registry.md 5.1). That directory is only read.
///
/// Bytes are hashed while they are taken. Manifests and tags go the way of a push, with all that is checked there. What was
/// taken over before is passed over, so it can be ended and begun again at any time.
public struct DirectoryAdoption: Sendable {
    /// Which tags of the directory are set.
    public enum Tags: String, Sendable, CaseIterable {
        /// Those of repositories that are no stream yet: a registry without streams has its tags only here.
        case new
        /// Also those that streams lack which were there before. No tag is moved.
        case all
        /// None: what is no stream is passed over.
        case none
    }

    public struct Request: Sendable {
        public var method = FileBlobStore.AdoptionMethod.link
        public var tags = Tags.new
        /// Where repositories go whose names have one part; nil: they are passed over.
        public var namespace: String?
        /// Whether the further parts of longer names become one, joined by dots.
        public var flattens = false
        public var createsNamespaces = false
        /// Only look.
        public var isDryRun = false
        /// Names of repositories; empty for all.
        public var only: Set<String> = []

        public init() {}
    }

    public enum Event: Sendable {
        case repository(AdoptedRepository)
        /// Something was passed over.
        case problem(place: String, message: String)
        /// Comes with every blob.
        case progress(AdoptionTally)
    }

    let directory: ReferenceDirectory
    let core: RegistryCore
    let files: FileBlobStore
    private let createNamespace: @Sendable (String, RequestContext) async throws -> Void

    /// - Parameter createNamespace: makes a namespace that is not there.
    public init(
        _ directory: ReferenceDirectory, into files: FileBlobStore, configuration: RegistryConfiguration,
        index: RegistryIndex, streams: ImageStreamsAPI, namespaces: any NamespaceLookup, authorizer: any Authorizer,
        clock: @escaping @Sendable () -> Timestamp, logger: Logger,
        createNamespace: @escaping @Sendable (String, RequestContext) async throws -> Void
    ) {
        self.directory = directory
        self.files = files
        self.createNamespace = createNamespace
        core = RegistryCore(
            configuration: configuration, streams: streams, namespaces: namespaces, index: index,
            content: RegistryContent(blobs: files, index: index), contents: StreamContentsCache(streams: streams),
            access: RegistryAccess(
                authenticator: AuthenticatorChain([]), authorizer: authorizer, challenge: Challenge(realm: nil),
                deniedStatus: .forbidden),
            upstream: nil, storage: nil, metrics: nil, clock: clock, logger: logger)
    }

    /// - Parameter onEvent: gets what becomes of every repository.
    /// - Throws: what the store or the disk throws. What is wrong with one repository is an event.
    public func run(
        _ request: Request, onEvent: @escaping (Event) async throws -> Void
    ) async throws -> AdoptionTally {
        let run = AdoptionRun(request, onEvent)
        var problems: [ReferenceDirectory.Problem] = []
        var names: [String] = []
        try directory.forEachRepositoryName({ names.append($0) }, onProblem: { problems.append($0) })
        for problem in problems { try await run.problem(problem.path, problem.reason) }
        for name in names where request.only.isEmpty || request.only.contains(name) {
            try Task.checkCancellation()
            try await adopt(name, run)
        }
        for name in request.only.subtracting(names).sorted() {
            try await run.problem(name, "there is no such repository in the directory")
        }
        return run.tally
    }

    private func adopt(_ name: String, _ run: AdoptionRun) async throws {
        let path: RepositoryPath
        do { path = try self.path(name, run.request) } catch { return try await run.problem(name, error.text) }
        guard try await hasNamespace(path.namespace, run) else {
            return try await run.problem(name, "there is no namespace \(path.namespace)")
        }
        var problems: [ReferenceDirectory.Problem] = []
        let repository = try directory.repository(named: name) { problems.append($0) }
        for problem in problems { try await run.problem(problem.path, problem.reason) }
        do {
            try await adopt(repository, as: path, run)
        } catch let error as RegistryError {
            try await run.problem(name, error.text)
        } catch let error as APIError {
            try await run.problem(name, error.message)
        }
    }

    /// The stream that a repository becomes.
    private func path(_ name: String, _ request: Request) throws(RegistryError) -> RepositoryPath {
        var parts = name.split(separator: "/").map(String.init)
        if parts.count == 1 {
            guard let namespace = request.namespace else {
                throw .invalidName(name, "the name has no namespace: say which one with --namespace")
            }
            parts.insert(namespace, at: 0)
        }
        if parts.count > 2, !request.flattens {
            throw .invalidName(name, "the name has more than two parts: --flatten joins them by dots")
        }
        return try RepositoryPath(parsing: parts.joined(separator: "/"), nested: .flatten)
    }

    private func hasNamespace(_ namespace: String, _ run: AdoptionRun) async throws -> Bool {
        if try await core.namespaces.state(of: namespace) == .active { return true }
        guard run.request.createsNamespaces else { return false }
        if !run.request.isDryRun { try await createNamespace(namespace, context(namespace)) }
        return true
    }

    func context(_ namespace: String) -> RequestContext {
        RequestContext(
            id: UUID4.random(), user: .system, namespace: namespace,
            resource: ImageStreamsGroup.resource("imagestreams"),
            userAgent: Self.agent, now: core.clock(), logger: core.logger)
    }

    /// What histories say of who moved a tag.
    static let agent = "weir/adopt"
}

extension RegistryError {
    /// What is wrong, for people.
    var text: String {
        entries.prefix(3).map { entry in
            if entry.detail.isNull { return entry.message }
            return "\(entry.message): \(entry.detail["reason"]?.stringValue ?? "\(entry.detail)")"
        }.joined(separator: "; ")
    }
}
