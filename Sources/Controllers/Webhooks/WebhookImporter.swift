import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging

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
    private let looks: TagLooks
    private let calls: CounterFamily
    private let context: @Sendable () -> RequestContext
    private let logger: Logger
    private let queue = WorkQueue<Item>()

    /// - Parameter context: makes the context of one import; its user is the server itself.
    public init(
        api: ImageStreamsAPI, looks: TagLooks, registry: MetricsRegistry,
        context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.api = api
        self.looks = looks
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
        let selected = WebhookStreams(receiver)
        for namespace in try await selected.namespaces(of: { try await api.streams.occupiedNamespaces().sorted() }) {
            for name in try await api.streams.names(in: namespace) where selected.contains(name) {
                try await look(at: name, in: namespace, item.hint, receiver)
            }
        }
    }

    private func look(
        at name: String, in namespace: String, _ hint: WebhookPayload.Hint, _ receiver: WebhookReceiver
    ) async throws {
        try Task.checkCancellation()
        guard let stream = try await api.streams.object(name, namespace: namespace) else { return }
        let candidates = ImportDecision.candidates(in: stream) { hint.matches($0, registry: receiver.spec.registry) }
        if candidates.isEmpty { return }
        var context = context()
        context.cause = "webhook"
        _ = try await looks.look(at: candidates, of: stream, context)
    }
}
