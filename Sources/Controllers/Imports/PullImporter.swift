import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging
import Synchronization

/// Imports images that are pulled before anybody has imported them. A class because all pulls share it.
public final class PullImporter: OnDemandImporter {
    private struct State {
        var running: [ImportWish: Task<Void, Never>] = [:]
        /// What could not be had, and until when nobody is asked for it again.
        var missing: [ImportWish: ContinuousClock.Instant] = [:]
    }

    private let api: ImageStreamsAPI
    private let looks: TagLooks
    private let context: @Sendable () -> RequestContext
    private let logger: Logger
    private let state = Mutex(State())

    /// How long a pull waits.
    private static let patience: Duration = .seconds(20)
    private static let pause: Duration = .seconds(10)
    /// Imports at the same time; others find nothing.
    private static let maximumRunning = 64
    private static let maximumMissing = 10_000

    /// - Parameter context: makes the context of one import; its user is the server itself.
    public init(
        api: ImageStreamsAPI, looks: TagLooks, context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.api = api
        self.looks = looks
        self.context = context
        self.logger = logger
    }

    public func bring(_ wish: ImportWish) async {
        let task = state.withLock { state -> Task<Void, Never>? in
            if let running = state.running[wish] { return running }
            if let end = state.missing[wish], end > .now { return nil }
            guard state.running.count < Self.maximumRunning else { return nil }
            let task = Task { await self.work(on: wish) }
            state.running[wish] = task
            return task
        }
        _ = await task?.value(within: Self.patience)
    }

    private func work(on wish: ImportWish) async {
        var isThere = false
        do {
            isThere = try await run(wish)
        } catch {
            logger.info(
                "an image that was pulled could not be imported",
                metadata: ["image": "\(wish.source)", "namespace": "\(wish.namespace)", "error": "\(error)"])
        }
        state.withLock { state in
            state.running[wish] = nil
            state.missing[wish] = nil
            guard !isThere else { return }
            if state.missing.count >= Self.maximumMissing { state.missing = [:] }
            state.missing[wish] = .now + Self.pause
        }
    }

    /// - Returns: whether it is in the stream by now.
    private func run(_ wish: ImportWish) async throws -> Bool {
        // Names that mean nothing must not become streams.
        guard await looks.exists(wish.source, for: wish.namespace) else { return false }
        var context = context()
        context.namespace = wish.namespace
        context.cause = "pull"
        context.resource = ImageStreamsGroup.resource("imagestreams")
        if try await api.stream(wish.stream, namespace: wish.namespace) == nil {
            do {
                _ = try await api.createStream(wish.stream, annotations: wish.annotations, context)
            } catch let error as APIError where ["AlreadyExists", "Conflict"].contains(error.reason) {
                // Somebody else was first.
            }
        }
        var request = ImageStreamImport()
        request.metadata.name = wish.stream
        request.metadata.namespace = wish.namespace
        request.spec.import = true
        var policy = TagImportPolicy()
        policy.importMode = "PreserveOriginal"
        var reference = TagReferencePolicy()
        reference.type = "Local"
        request.spec.images = [
            ImageImportSpec(
                from: ObjectReference(kind: "DockerImage", name: wish.source), to: LocalObjectReference(name: wish.tag),
                importPolicy: policy, referencePolicy: reference)
        ]
        for attempt in 1...5 {
            do {
                let result = try await api.runImport(request, context)
                return result.status.images.allSatisfy { $0.status.status != "Failure" }
            } catch let error as APIError where error.reason == "Conflict" && attempt < 5 {
                continue
            }
        }
        return false
    }
}

extension Task where Failure == Never {
    /// The value, if it comes in time; the task goes on otherwise.
    func value(within limit: Duration) async -> Success? {
        let (values, value) = AsyncStream<Success>.makeStream()
        Task<Void, Never> {
            value.yield(await self.value)
            value.finish()
        }
        let timer = Task<Void, any Error> {
            try await Task<Never, Never>.sleep(for: limit)
            value.finish()
        }
        defer { timer.cancel() }
        for await found in values { return found }
        return nil
    }
}
