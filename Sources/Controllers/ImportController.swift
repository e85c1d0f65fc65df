import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging

/// Imports what the specs of image streams ask for (spec/import-and-controllers.md B).
///
/// It watches all streams and posts the imports that are due, a bounded number at a time. All state is in the streams:
/// after a restart the first look at them tells what is left to do. Images that could not be imported are the
/// `ImportScheduler`'s.
public struct ImportController: Sendable {
    typealias Key = StreamKey

    /// Imports at the same time.
    public static let workers = 16
    /// A failed request is made again after a second, then twice as late each time, up to this.
    private static let longestDelay: Duration = .seconds(1000)

    private let api: ImageStreamsAPI
    private let metrics: ImportMetrics?
    private let context: @Sendable () -> RequestContext
    private let logger: Logger
    private let queue = WorkQueue<Key>()

    /// - Parameter context: makes the context of one import; its user is the server itself.
    public init(
        api: ImageStreamsAPI, metrics: ImportMetrics? = nil, context: @escaping @Sendable () -> RequestContext,
        logger: Logger
    ) {
        self.api = api
        self.metrics = metrics
        self.context = context
        self.logger = logger
    }

    /// Works until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<Self.workers { group.addTask { await work() } }
            group.addTask {
                await follow()
                queue.close()
            }
        }
    }

    /// Puts every stream that exists or changes into the queue.
    private func follow() async {
        while !Task.isCancelled {
            do {
                let watch = try await api.streams.watch(ListOptions(), context())
                try await watch.forEach(enqueue)
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following image streams failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func enqueue(_ events: [WatchEvent<some APIObject>]) {
        for event in events where event.kind != .deleted {
            queue.add(Key(namespace: event.namespace, name: event.name))
        }
    }

    private func work() async {
        while let key = await queue.take() {
            do {
                try await importDue(of: key)
                queue.done(key, hasFailed: false)
            } catch {
                let failures = queue.done(key, hasFailed: true)
                retry(key, failures: failures, error)
            }
        }
    }

    private func importDue(of key: Key) async throws {
        guard let stream = try await api.streams.object(key.name, namespace: key.namespace),
            stream.metadata.deletionTimestamp == nil, let request = ImportDecision.request(for: stream)
        else { return }
        var context = context()
        context.namespace = key.namespace
        context.cause = "import"
        do {
            let result = try await api.runImport(request, context)
            metrics?.imported(result, of: key, isScheduled: false)
            let failed = result.status.images.count { $0.status.status == "Failure" }
            logger.info(
                "imported",
                metadata: [
                    "stream": "\(key.namespace)/\(key.name)", "images": "\(result.status.images.count)",
                    "failed": "\(failed)",
                ])
        } catch let error as APIError where error.reason == "NotFound" || error.reason == "Conflict" {
            // The stream has changed or gone since it was read; its event is on the way.
            guard error.reason == "Conflict" else { return }
            queue.add(key)
        } catch let error as APIError {
            metrics?.refused(reason: error.reason, isScheduled: false)
            throw error
        }
    }

    private func retry(_ key: Key, failures: Int, _ error: any Error) {
        let delay = min(.seconds(1 << min(failures - 1, 10)), Self.longestDelay)
        logger.warning(
            "import failed",
            metadata: ["stream": "\(key.namespace)/\(key.name)", "error": "\(error)", "again": "\(delay)"])
        let queue = queue
        Task {
            try? await Task.sleep(for: delay)
            queue.add(key)
        }
    }
}
