import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging

/// Imports what the specs of image streams ask for (spec/import-and-controllers.md B).
///
/// It watches all streams and posts the imports that are due, a bounded number at a time. All state is in the streams:
/// after a restart the first look at them tells what is left to do.
public struct ImportController: Sendable {
    /// A stream, by namespace and name.
    struct Key: Hashable, Sendable {
        var namespace: String
        var name: String
    }

    /// Imports at the same time.
    public static let workers = 16
    /// A failed request is made again after a second, then twice as late each time, up to this.
    private static let longestDelay: Duration = .seconds(1000)

    private let api: ImageStreamsAPI
    private let recorder: any EventRecorder
    private let context: @Sendable () -> RequestContext
    private let logger: Logger
    private let queue = WorkQueue<Key>()

    /// - Parameters:
    ///   - recorder: tells people of images that could not be imported.
    ///   - context: makes the context of one import; its user is the server itself.
    public init(
        api: ImageStreamsAPI, recorder: any EventRecorder = NoEventRecorder(),
        context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.api = api
        self.recorder = recorder
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
            let failed = zip(result.spec.images, result.status.images).filter { $1.status.status == "Failure" }
            logger.info(
                "imported",
                metadata: [
                    "stream": "\(key.namespace)/\(key.name)", "images": "\(result.status.images.count)",
                    "failed": "\(failed.count)",
                ])
            await report(failed, of: stream)
        } catch let error as APIError where error.reason == "NotFound" || error.reason == "Conflict" {
            // The stream has changed or gone since it was read; its event is on the way.
            guard error.reason == "Conflict" else { return }
            queue.add(key)
        }
    }

    /// One event for one import, however many images failed: each has its condition in the stream's status.
    private func report(_ failed: [(ImageImportSpec, ImageImportStatus)], of stream: ImageStream) async {
        guard let (wanted, first) = failed.first else { return }
        let tag = wanted.to.map { "tag \($0.name): " } ?? ""
        let others = failed.count == 1 ? "" : " (and \(failed.count - 1) more)"
        await recorder.record(
            Occurrence(
                .warning,
                of: ObjectReference(
                    kind: ImageStream.groupVersionKind.kind, namespace: stream.metadata.namespace,
                    name: stream.metadata.name, uid: stream.metadata.uid,
                    apiVersion: ImageStream.groupVersionKind.apiVersion),
                reason: "ImportFailed", message: tag + first.status.message + others))
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
