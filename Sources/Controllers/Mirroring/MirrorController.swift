import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging

/// Copies images into local storage for the streams that want that, without waiting for a pull (spec/registry.md PT-18).
///
/// All state is in the streams and in the registry's storage: after a restart the first look at them tells what is
/// missing. What cannot be had is tried again, later each time.
public struct MirrorController: Sendable {
    public struct Configuration: Sendable {
        /// Images at the same time; of each, one blob at a time.
        public var workers = 4
        /// Pause after a failure; twice as long each time, up to the longest.
        public var retryBase: Duration = .seconds(60)
        public var longestPause: Duration = .seconds(6 * 3_600)
        /// All images are looked at again after this time: something may have been taken away.
        public var resync: Duration = .seconds(3_600)
        /// How often it is looked whether the registry may be written to again.
        public var readOnlyPause: Duration = .seconds(10)

        public init() {}

        /// - Parameters:
        ///   - failures: in a row, from 1 on.
        ///   - asked: what the other registry asks for.
        func pause(failures: Int, asked: Duration?) -> Duration {
            max(min(retryBase * (1 << min(max(failures, 1) - 1, 16)), longestPause), min(asked ?? .zero, longestPause))
        }
    }

    private let api: ImageStreamsAPI
    private let mirror: any ImageMirror
    private let configuration: Configuration
    private let metrics: MirrorMetrics
    private let recorder: any EventRecorder
    private let context: @Sendable () -> RequestContext
    private let logger: Logger
    private let queue = WorkQueue<MirrorBacklog.Item>()
    private let backlog = MirrorBacklog()

    /// - Parameters:
    ///   - recorder: tells people of streams whose images cannot be copied, and of those where they are again.
    ///   - context: makes the context of a watch; its user is the server itself.
    public init(
        api: ImageStreamsAPI, mirror: any ImageMirror, configuration: Configuration = .init(), metrics: MirrorMetrics,
        recorder: any EventRecorder = NoEventRecorder(), context: @escaping @Sendable () -> RequestContext,
        logger: Logger
    ) {
        self.api = api
        self.mirror = mirror
        self.configuration = configuration
        self.metrics = metrics
        self.recorder = recorder
        self.context = context
        self.logger = logger
        metrics.show(backlog)
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<configuration.workers { group.addTask { await work() } }
            group.addTask { await resync() }
            await follow()
            queue.close()
            group.cancelAll()
        }
    }

    // MARK: Streams

    private func follow() async {
        while !Task.isCancelled {
            do {
                let watch = try await api.streams.watch(ListOptions(), context())
                var present: Set<StreamKey> = []
                while case let events = try await watch.initialEvents(), !events.isEmpty {
                    for event in events { present.insert(StreamKey(namespace: event.namespace, name: event.name)) }
                    try note(events)
                }
                backlog.forget(besides: present)
                try await watch.forEach(note)
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following image streams failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func note(_ events: [WatchEvent<ImageStream>]) throws {
        for event in events {
            let key = StreamKey(namespace: event.namespace, name: event.name)
            let wanted = event.kind == .deleted ? [] : MirrorPlan.images(of: try event.object.object())
            for item in backlog.note(key, wants: wanted) { queue.add(item) }
        }
    }

    private func resync() async {
        while (try? await Task.sleep(for: configuration.resync)) != nil {
            for item in backlog.settled() { queue.add(item) }
        }
    }

    // MARK: One image

    private func work() async {
        while let item = await queue.take() {
            guard backlog.wants(item) else {
                queue.done(item, hasFailed: false)
                continue
            }
            do throws(MirrorFailure) {
                let content = try await mirror.copy(item.image, of: item.stream.name, in: item.stream.namespace)
                queue.done(item, hasFailed: false)
                await succeeded(item, content)
            } catch  where error.isPause {
                queue.done(item, hasFailed: false)
                again(item, after: configuration.readOnlyPause)
            } catch {
                let failures = queue.done(item, hasFailed: true)
                if Task.isCancelled { return }
                await failed(item, failures: failures, error)
            }
        }
    }

    private func succeeded(_ item: MirrorBacklog.Item, _ content: MirroredContent) async {
        metrics.copied(content)
        if content.items > 0 {
            logger.info(
                "copied an image",
                metadata: [
                    "stream": "\(item.stream.namespace)/\(item.stream.name)", "image": "\(item.image)",
                    "items": "\(content.items)", "bytes": "\(content.bytes)",
                ])
        }
        guard backlog.set(item, .complete) else { return }
        await tell(.normal, item.stream, "MirrorRecovered", "the images that could not be copied have been")
    }

    private func failed(_ item: MirrorBacklog.Item, failures: Int, _ error: MirrorFailure) async {
        metrics.failed()
        let pause = configuration.pause(failures: failures, asked: error.retryAfter)
        logger.warning(
            "an image could not be copied",
            metadata: [
                "stream": "\(item.stream.namespace)/\(item.stream.name)", "image": "\(item.image)",
                "error": "\(error)", "again": "\(pause)",
            ])
        again(item, after: pause)
        // One for all images of a stream: it is mostly the registry that is away.
        guard backlog.set(item, .failed) else { return }
        await tell(.warning, item.stream, "MirrorFailed", "image \(item.image) could not be copied: \(error)")
    }

    private func again(_ item: MirrorBacklog.Item, after pause: Duration) {
        let queue = queue
        Task {
            try? await Task.sleep(for: pause)
            queue.add(item)
        }
    }

    private func tell(_ kind: Occurrence.Kind, _ key: StreamKey, _ reason: String, _ message: String) async {
        guard let stream = try? await api.streams.object(key.name, namespace: key.namespace) else { return }
        let object = ObjectReference(
            kind: ImageStream.groupVersionKind.kind, namespace: key.namespace, name: key.name,
            uid: stream.metadata.uid, apiVersion: ImageStream.groupVersionKind.apiVersion)
        await recorder.record(Occurrence(kind, of: object, reason: reason, message: message))
    }
}
