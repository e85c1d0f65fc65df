import APIMachinery
import APIServer
import ImageAPI
import Logging
import Store

/// Runs the collector: when somebody asks for it by an object, and on its schedule. One run at a time.
public struct CollectionController: Sendable {
    private let collector: BlobCollector
    private let collections: BlobCollections
    private let metrics: CollectionMetrics?
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// How often a running collection says how far it is.
    private static let progressInterval: Duration = .seconds(1)

    /// - Parameter context: makes the context of one write; its user is the server itself.
    public init(
        collector: BlobCollector, collections: BlobCollections, metrics: CollectionMetrics? = nil,
        context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.collector = collector
        self.collections = collections
        self.metrics = metrics
        self.context = context
        self.logger = logger
    }

    private struct Plan {
        /// Names of objects that ask for a run.
        var asked: [String] = []
        /// When the next run is due that nobody asks for; nil for never.
        var due: ContinuousClock.Instant?
        var orphansDue: ContinuousClock.Instant
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        let interval = Duration.milliseconds(collector.settings.interval)
        // Not at once: a server that has just started has other things to do.
        let first = min(interval, .seconds(300))
        var plan = Plan(due: interval > .zero ? .now + first : nil, orphansDue: .now + first)
        while !Task.isCancelled {
            do {
                return try await follow(&plan, interval: interval)
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following collections failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func own() -> RequestContext {
        var context = context()
        context.resource = BlobCollections.kind.descriptor.groupResource
        return context
    }

    private func follow(_ plan: inout Plan, interval: Duration) async throws {
        let watch = try await collections.objects.watch(ListOptions(), own())
        plan.asked = []
        while case let events = try await watch.initialEvents(), !events.isEmpty {
            for event in events { try await note(event, &plan, isFirst: true) }
        }
        while !Task.isCancelled && !watch.isEnded {
            if !plan.asked.isEmpty {
                try await answer(plan.asked.removeFirst())
            } else if let due = plan.due, due <= .now, let pause = try await collector.pause() {
                plan.due = .now + pause
            } else if let due = plan.due, due <= .now {
                let looksForOrphans = plan.orphansDue <= .now
                try await runScheduled(looksForOrphans: looksForOrphans)
                if looksForOrphans {
                    plan.orphansDue = .now + .milliseconds(collector.settings.orphanInterval)
                }
                plan.due = .now + interval
            }
            let far = ContinuousClock.now + .seconds(3_600)
            let deadline = plan.asked.isEmpty ? min(plan.due ?? far, far) : .now
            for event in try await watch.next(deadline: deadline) { try await note(event, &plan, isFirst: false) }
        }
    }

    private func note(_ event: WatchEvent<BlobCollection>, _ plan: inout Plan, isFirst: Bool) async throws {
        guard event.kind != .deleted else { return plan.asked.removeAll { $0 == event.name } }
        switch BlobCollections.Phase(rawValue: try event.object.object().status.phase) {
        case .pending:
            if !plan.asked.contains(event.name) { plan.asked.append(event.name) }
        case .running where isFirst:
            // It ended with the server that ran it; what it did is done.
            try await collections.update(event.name, own()) { status in
                status.phase = BlobCollections.Phase.failed.rawValue
                status.message = "the server ended in the middle"
            }
        default: break
        }
    }

    private func answer(_ name: String) async throws {
        guard let object = try await collections.objects.object(name, namespace: ""),
            object.status.phase == BlobCollections.Phase.pending.rawValue
        else { return }
        let start = context().now
        try await collections.update(name, own()) { status in
            status.phase = BlobCollections.Phase.running.rawValue
            status.startTime = start
        }
        let request = BlobCollector.Request(isDryRun: object.spec.dryRun)
        var told = ContinuousClock.now
        let status = try await run(request) { found in
            guard ContinuousClock.now - told > Self.progressInterval else { return }
            told = .now
            try? await collections.update(name, own()) { status in
                status = found
                status.phase = BlobCollections.Phase.running.rawValue
                status.startTime = start
            }
        }
        let end = context().now
        try await collections.update(name, own()) { known in
            known = status
            known.startTime = start
            known.completionTime = end
        }
        try await collections.forget(own())
    }

    /// A run that had nothing to tell leaves no object.
    private func runScheduled(looksForOrphans: Bool) async throws {
        var collection = BlobCollection()
        let start = context().now
        let request = BlobCollector.Request(looksForOrphans: looksForOrphans)
        collection.status = try await run(request) { _ in }
        guard collection.status.hasNews else { return }
        collection.metadata.generateName = "scheduled-"
        collection.status.startTime = start
        collection.status.completionTime = context().now
        try await collections.create(collection, own())
        try await collections.forget(own())
    }

    /// - Returns: with phase and message; a failure is a result.
    /// - Throws: `CancellationError` alone.
    private func run(
        _ request: BlobCollector.Request, progress: (BlobCollectionStatus) async -> Void
    ) async throws -> BlobCollectionStatus {
        let began = ContinuousClock.now
        do {
            var status = try await collector.run(request, progress: progress)
            status.phase = BlobCollections.Phase.complete.rawValue
            let duration = ContinuousClock.now - began
            metrics?.ran(status, isDryRun: request.isDryRun, duration: duration, now: context().now)
            logger.info(
                "collected",
                metadata: [
                    "dry-run": "\(request.isDryRun)", "reachable": "\(status.reachable.blobs)",
                    "condemned": "\(status.condemned.blobs)", "swept": "\(status.swept.blobs)",
                    "bytes": "\(status.swept.bytes)", "manifests": "\(status.manifests)", "links": "\(status.links)",
                    "duration": "\(duration)",
                ])
            return status
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            metrics?.failed()
            logger.warning("collection failed", metadata: ["error": "\(error)"])
            var status = BlobCollectionStatus(phase: BlobCollections.Phase.failed.rawValue)
            status.message = (error as? APIError)?.message ?? "\(error)"
            return status
        }
    }
}

extension BlobCollectionStatus {
    /// Whether anything was changed, would have been, or went wrong.
    var hasNews: Bool {
        phase == BlobCollections.Phase.failed.rawValue || !message.isEmpty
            || condemned.blobs + swept.blobs + orphans.blobs + restored.blobs + manifests + links + deadRows + uploads
                > 0
    }
}
