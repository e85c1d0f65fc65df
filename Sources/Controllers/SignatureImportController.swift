import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Importing
import Logging

/// Brings signatures of images that are stored elsewhere into their Images (spec/import-and-controllers.md C.2).
///
/// It looks at every Image when it comes, when it changes, and once an hour: over the hour, not all at once. It only
/// carries: nothing is verified, stored signatures are never touched, and none is ever removed.
public struct SignatureImportController: Sendable {
    public struct Configuration: Sendable {
        /// Images at the same time.
        public var workers = 5
        /// Every Image is looked at once in this time.
        public var resync: Duration = .seconds(3600)
        /// Pause between two Images when all are looked at for the first time after a start, where that is shorter.
        public var startPause: Duration = .milliseconds(100)
        public var limits = SignatureLimits()
        /// How often an Image is looked at again after failures in a row, before it waits for the next resync.
        public var maxRequeues = 5
        /// Pause before the first of these; twice as long each time.
        public var retryBase: Duration = .seconds(1)
        public var longestPause: Duration = .seconds(1000)
        /// For how long an Image without any signatures, or of which none are imported, is left alone, and for how many
        /// that is remembered.
        public var restWithout: Duration = .seconds(86_400)
        public var rememberedWithout = 200_000

        public init() {}
    }

    let api: ImageStreamsAPI
    private let source: any SignatureSource
    let configuration: Configuration
    private let metrics: SignatureMetrics
    let context: @Sendable () -> RequestContext
    let logger: Logger
    let queue = WorkQueue<String>()
    /// Until when Images of which there is nothing to import are left alone, by the hash of their names: a name may be long.
    let resting: RecentCache<Int, ContinuousClock.Instant>

    /// - Parameter context: makes the context of one update; its user is the server itself.
    public init(
        api: ImageStreamsAPI, source: any SignatureSource, configuration: Configuration = .init(),
        metrics: SignatureMetrics, context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.api = api
        self.source = source
        self.configuration = configuration
        self.metrics = metrics
        self.context = context
        self.logger = logger
        resting = RecentCache(capacity: configuration.rememberedWithout)
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        // Before the Images there are listed: whatever comes in between is seen twice, and nothing not at all.
        let watch = try? await changes()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<configuration.workers { group.addTask { await work() } }
            group.addTask { await resync() }
            await follow(watch)
            queue.close()
            group.cancelAll()
        }
    }

    // MARK: One image

    private func work() async {
        while let name = await queue.take() {
            do {
                metrics.looked(try await look(at: name))
                queue.done(name, hasFailed: false)
            } catch {
                let failures = queue.done(name, hasFailed: true)
                guard !Task.isCancelled else { return }
                metrics.looked(.failed)
                retry(name, failures: failures, error)
            }
        }
    }

    private func look(at name: String) async throws -> SignatureMetrics.Result {
        let key = name.hashValue
        // Before the Image is read: of most there is nothing to be done, time and again.
        if let until = resting[key], until > .now { return .skipped }
        // Likewise: whoever changes the Image meanwhile takes that away, and it is looked at again.
        resting[key] = .now + configuration.restWithout
        do {
            return try await search(name, key)
        } catch {
            resting[key] = nil
            throw error
        }
    }

    /// Looks for signatures of an Image that has been put to rest, and takes that back where there are some.
    private func search(_ name: String, _ key: Int) async throws -> SignatureMetrics.Result {
        guard let image = try await api.images.object(name, namespace: ""), image.metadata.deletionTimestamp == nil,
            !image.isManaged, let signed = SignedImage(reference: image.dockerImageReference, name: name)
        else { return .skipped }
        let prefix = "\(name)@"
        let known = image.signatures.map(\.metadata.name).filter { $0.hasPrefix(prefix) }
        let findings = try await source.signatures(
            of: signed, known: Set(known.map { String($0.dropFirst(prefix.count)) }))
        if findings.hasAny || !findings.isComplete { resting[key] = nil }
        if findings.new.isEmpty { return findings.hasAny ? .nothingNew : .none }
        return try await store(findings.new, of: name)
    }

    private func store(_ found: [FoundSignature], of name: String) async throws -> SignatureMetrics.Result {
        var context = context()
        context.cause = "signature-import"
        let now = context.now
        let signatures = found.map { signature in
            ImageSignature(
                metadata: ObjectMeta(name: "\(name)@\(signature.name)", creationTimestamp: now), type: "AtomicImageV1",
                content: signature.bytes)
        }
        let addition: SignatureAddition
        do {
            addition = try await api.addSignatures(signatures, to: name, limits: configuration.limits, context)
        } catch let error as APIError where error.reason == "NotFound" {
            return .skipped
        }
        switch addition {
        case .added(let count):
            metrics.imported(count)
            logger.info("imported signatures", metadata: ["image": "\(name)", "signatures": "\(count)"])
            return .imported
        case .beyondLimit(let count, let bytes):
            logger.info(
                "an image has more signatures than are imported, none was added",
                metadata: ["image": "\(name)", "signatures": "\(count)", "bytes": "\(bytes)"])
            return .beyondLimit
        case .nothingNew: return .nothingNew
        case .managed: return .skipped
        }
    }

    /// Stores of signatures come and go: nobody is told of single failures.
    private func retry(_ name: String, failures: Int, _ error: any Error) {
        guard failures <= configuration.maxRequeues else {
            queue.forget(name)
            logger.info(
                "the signatures of an image could not be read", metadata: ["image": "\(name)", "error": "\(error)"])
            return
        }
        let pause = configuration.pause(after: error, failures: failures)
        logger.debug(
            "looking for signatures failed", metadata: ["image": "\(name)", "error": "\(error)", "again": "\(pause)"])
        let queue = queue
        Task {
            try? await Task.sleep(for: pause)
            queue.add(name)
        }
    }
}

extension SignatureImportController.Configuration {
    /// The pause before another look: twice as long each time, or what the server asks for.
    func pause(after error: any Error, failures: Int) -> Duration {
        let asked = (error as? SignatureFailure)?.retryAfter ?? .zero
        return min(max(retryBase * (1 << min(max(failures, 1) - 1, 16)), asked), longestPause)
    }
}
