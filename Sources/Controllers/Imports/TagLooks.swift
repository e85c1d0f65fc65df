import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Importing
import OCI
import RegistryClient

/// Looks at once at the sources of tags, and imports those that have moved. One per process, for all who are told that a
/// tag may have.
public final class TagLooks: Sendable {
    private let api: ImageStreamsAPI
    private let importer: Importer
    private let checker: TagChecker
    private let keyrings: KeyringCache
    private let metrics: ImportMetrics
    /// Lets one import at a time into a stream: several would only undo each other's work.
    private let turns = HostLimiter(limit: 1)

    public init(api: ImageStreamsAPI, importer: Importer, metrics: ImportMetrics) {
        self.api = api
        self.importer = importer
        checker = TagChecker(importer: importer)
        keyrings = KeyringCache(api: api)
        self.metrics = metrics
    }

    /// What came of a look at some tags.
    struct Result: Hashable, Sendable {
        var hasChanged = false
        /// A source did not answer, or an import failed.
        var hasFailed = false
    }

    /// Whether a source has an image, as far as the credentials of a namespace show.
    func exists(_ source: String, for namespace: String) async -> Bool {
        let keyring = await keyrings.keyring(of: namespace)
        guard let query = checker.query(for: source, insecure: false, credentials: keyring),
            case .digest = await checker.check(query)
        else { return false }
        return true
    }

    /// - Parameter context: of the import; its cause is that of the history.
    /// - Throws: `APIError`, `CancellationError`.
    func look(
        at candidates: [TagImportPlan], of stream: ImageStream, _ context: RequestContext
    ) async throws -> Result {
        let keyring = await keyrings.keyring(of: stream.metadata.namespace)
        var wanted: Set<String> = []
        var result = Result()
        for plan in candidates {
            guard let query = checker.query(for: plan.from, insecure: plan.isInsecure, credentials: keyring) else {
                continue
            }
            // A failure is for schedules and retries: that somebody calls is no proof that there is anything.
            guard case .digest(let digest) = await checker.check(query) else {
                metrics.checked(.failed)
                result.hasFailed = true
                continue
            }
            let choice = importer.choice(
                from: digest, architecture: plan.preferredArchitecture, os: plan.preferredOS)
            let isNews =
                plan.failure != nil || plan.image != digest.description && plan.image != choice?.description
            metrics.checked(isNews ? .changed : .unchanged)
            if isNews { wanted.insert(plan.tag) }
        }
        if wanted.isEmpty { return result }
        let tags = wanted
        let isDone = try await turns.run("\(stream.metadata.namespace)/\(stream.metadata.name)") {
            try await importTags(tags, of: stream, context)
        }
        if isDone { result.hasChanged = true } else { result.hasFailed = true }
        return result
    }

    /// - Returns: whether all of them were imported.
    private func importTags(
        _ tags: Set<String>, of stream: ImageStream, _ context: RequestContext
    ) async throws -> Bool {
        let key = StreamKey(namespace: stream.metadata.namespace, name: stream.metadata.name)
        var context = context
        context.namespace = key.namespace
        for attempt in 1...5 {
            guard let present = try await api.streams.object(key.name, namespace: key.namespace),
                let request = ImportDecision.request(for: present, tags: tags)
            else { return true }
            do {
                let result = try await api.runImport(request, isBackground: true, context)
                metrics.imported(result, of: key, isScheduled: false)
                return result.status.images.allSatisfy { $0.status.status != "Failure" }
            } catch let error as APIError where error.reason == "Conflict" && attempt < 5 {
                continue
            }
        }
        return false
    }
}
