import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Importing
import Logging
import OCI
import RegistryClient

/// Looks at once at tags that a registry says have changed, and imports those that have
/// (spec/users-want.md, section 6, 2).
public final class WebhookImporter: Sendable {
    /// What one call says of one image, for one namespace.
    private struct Item: Hashable, Sendable {
        var namespace: String
        var receiver: String
        var hint: WebhookPayload.Hint
    }

    private static let workers = 8
    /// What is waiting at most; callers are told nothing of what is beyond: a schedule will find it.
    private static let capacity = 10_000
    /// Nothing is looked at more often: what is called meanwhile is looked at once, afterwards.
    private static let pause: Duration = .seconds(1)

    private let api: ImageStreamsAPI
    private let importer: Importer
    private let checker: TagChecker
    private let keyrings: KeyringCache
    private let metrics: ImportMetrics
    private let calls: CounterFamily
    private let context: @Sendable () -> RequestContext
    private let logger: Logger
    private let queue = WorkQueue<Item>()
    /// Lets one import at a time into a stream: several would only undo each other's work.
    private let turns = HostLimiter(limit: 1)

    /// - Parameter context: makes the context of one import; its user is the server itself.
    public init(
        api: ImageStreamsAPI, importer: Importer, metrics: ImportMetrics, registry: MetricsRegistry,
        context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.api = api
        self.importer = importer
        checker = TagChecker(importer: importer)
        keyrings = KeyringCache(api: api)
        self.metrics = metrics
        calls = registry.counters(
            "weir_webhook_hints_total", help: "Images that calls to webhook receivers named, by type of receiver.",
            labels: ["type"])
        self.context = context
        self.logger = logger
    }

    /// Takes what a call says. Does not wait.
    public func take(_ receiver: WebhookReceiver, _ hints: [WebhookPayload.Hint]) {
        calls.counter(receiver.spec.type).add(hints.count)
        for hint in hints where queue.waitingCount < Self.capacity {
            queue.add(Item(namespace: receiver.metadata.namespace, receiver: receiver.metadata.name, hint: hint))
        }
    }

    /// Works until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<Self.workers {
                group.addTask {
                    while let item = await self.queue.take() {
                        do { try await self.work(on: item) } catch let error as APIError
                            where error.reason == "Conflict"
                        {
                            // Others write to the stream all the time: again, after the pause.
                            self.queue.add(item)
                        } catch {
                            self.logger.info(
                                "an image that a webhook named was not looked at",
                                metadata: ["namespace": "\(item.namespace)", "error": "\(error)"])
                        }
                        // The item stays at work for a while, so that a thousand calls are two looks.
                        let queue = self.queue
                        Task {
                            try? await Task.sleep(for: Self.pause)
                            queue.done(item, hasFailed: false)
                        }
                    }
                }
            }
        }
    }

    private func work(on item: Item) async throws {
        guard let receiver = try await api.webhookReceivers.object(item.receiver, namespace: item.namespace) else {
            return
        }
        let names = try await api.streams.names(in: item.namespace)
        for name in names where receiver.selects(stream: name) {
            try Task.checkCancellation()
            guard let stream = try await api.streams.object(name, namespace: item.namespace) else { continue }
            let candidates = ImportDecision.candidates(in: stream) {
                item.hint.matches($0, registry: receiver.spec.registry)
            }
            if !candidates.isEmpty { try await look(at: candidates, of: stream) }
        }
    }

    private func look(at candidates: [TagImportPlan], of stream: ImageStream) async throws {
        let keyring = await keyrings.keyring(of: stream.metadata.namespace)
        var wanted: Set<String> = []
        for plan in candidates {
            guard let query = checker.query(for: plan.from, insecure: plan.isInsecure, credentials: keyring) else {
                continue
            }
            // A failure is for schedules and retries: a call is no proof that there is anything.
            guard case .digest(let digest) = await checker.check(query) else {
                metrics.checked(.failed)
                continue
            }
            let choice = importer.choice(
                from: digest, architecture: plan.preferredArchitecture, os: plan.preferredOS)
            let isNews =
                plan.failure != nil || plan.image != digest.description && plan.image != choice?.description
            metrics.checked(isNews ? .changed : .unchanged)
            if isNews { wanted.insert(plan.tag) }
        }
        if wanted.isEmpty { return }
        let tags = wanted
        try await turns.run("\(stream.metadata.namespace)/\(stream.metadata.name)") {
            try await importTags(tags, of: stream)
        }
    }

    private func importTags(_ tags: Set<String>, of stream: ImageStream) async throws {
        let key = StreamKey(namespace: stream.metadata.namespace, name: stream.metadata.name)
        var context = context()
        context.namespace = key.namespace
        context.cause = "webhook"
        for attempt in 1...5 {
            guard let present = try await api.streams.object(key.name, namespace: key.namespace),
                let request = ImportDecision.request(for: present, tags: tags)
            else { return }
            do {
                let result = try await api.runImport(request, isBackground: true, context)
                return metrics.imported(result, of: key, isScheduled: false)
            } catch let error as APIError where error.reason == "Conflict" && attempt < 5 {
                continue
            }
        }
    }
}

extension WebhookReceiver {
    fileprivate func selects(stream name: String) -> Bool { WebhookStreams(self).contains(name) }
}
