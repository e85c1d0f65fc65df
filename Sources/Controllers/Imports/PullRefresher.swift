import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging
import Synchronization

/// Looks at the sources of tags that are pulled, as often as their annotations want (spec/registry.md PT-24). Who pulls the
/// same tag meanwhile waits for the same look. A class because all pulls share it.
public final class PullRefresher: TagRefresher {
    private struct Key: Hashable {
        var uid: String
        var tag: String
        var from: String
    }

    private struct State {
        var running: Task<TagFreshness, Never>?
        /// The last look that was answered, and the last that was not.
        var looked: ContinuousClock.Instant?
        var failed: ContinuousClock.Instant?
    }

    private enum Step {
        case known(TagFreshness)
        case wait(Task<TagFreshness, Never>)
    }

    private let looks: TagLooks
    /// Seconds between two looks at least, whatever a tag says.
    private let minimumAge: Int64
    private let context: @Sendable () -> RequestContext
    private let logger: Logger
    private let states = Mutex<[Key: State]>([:])

    /// How long a pull waits.
    private static let patience: Duration = .seconds(2)
    /// After a failure nobody is asked for so long: pulls must not all wait for a registry that is away.
    private static let pause: Duration = .seconds(10)
    private static let capacity = 10_000

    /// - Parameter context: makes the context of one import; its user is the server itself.
    public init(
        looks: TagLooks, minimumAge: Int64, context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.looks = looks
        self.minimumAge = minimumAge
        self.context = context
        self.logger = logger
    }

    public func refresh(_ tag: String, of stream: ImageStream, age: Int64) async -> TagFreshness {
        // The first import is on its way.
        guard let plan = ImportDecision.candidate(tag, in: stream), !plan.isDue else { return .fresh }
        let age = max(age, minimumAge)
        if let event = stream.status.tag(tag)?.items.first,
            context().now.secondsSince1970 - event.created.secondsSince1970 < age
        {
            return .fresh
        }
        switch step(Key(uid: stream.metadata.uid, tag: tag, from: plan.from), plan, stream, age: .seconds(age)) {
        case .known(let freshness): return freshness
        case .wait(let look): return await look.value(within: Self.patience) ?? .unknown
        }
    }

    private func step(_ key: Key, _ plan: TagImportPlan, _ stream: ImageStream, age: Duration) -> Step {
        states.withLock { states in
            let now = ContinuousClock.now
            let known = states[key] ?? State()
            if let running = known.running { return .wait(running) }
            if let looked = known.looked, now - looked < age { return .known(.fresh) }
            if let failed = known.failed, now - failed < Self.pause { return .known(.unknown) }
            let look = Task { await self.look(at: plan, of: stream, key) }
            if states.count >= Self.capacity { states = states.filter { $0.value.running != nil } }
            states[key, default: known].running = look
            return .wait(look)
        }
    }

    private func look(at plan: TagImportPlan, of stream: ImageStream, _ key: Key) async -> TagFreshness {
        var context = context()
        context.cause = "refresh"
        let freshness: TagFreshness
        do {
            let result = try await looks.look(at: [plan], of: stream, context)
            freshness = result.hasFailed ? .unknown : result.hasChanged ? .changed : .fresh
        } catch {
            logger.info(
                "a tag that was pulled could not be refreshed",
                metadata: [
                    "stream": "\(stream.metadata.namespace)/\(stream.metadata.name)", "tag": "\(plan.tag)",
                    "error": "\(error)",
                ])
            freshness = .unknown
        }
        states.withLock { states in
            let now = ContinuousClock.now
            states[key] = freshness == .unknown ? State(failed: now) : State(looked: now)
        }
        return freshness
    }
}
