import APIMachinery
import APIServer
import Logging

/// Lets events go when their time is over, or when there are too many.
public struct EventExpiry: Sendable {
    public struct Configuration: Sendable {
        /// How long an event stays after it was written last.
        public var timeToLive: Duration = .seconds(3_600)
        /// Events of all namespaces together; beyond that the oldest go.
        public var maximumCount = 10_000

        public init() {}
    }

    private let events: Events
    private let configuration: Configuration
    private let context: @Sendable () -> RequestContext
    private let logger: Logger

    /// - Parameter context: makes the context of one deletion; its user is the server itself.
    public init(
        events: Events, configuration: Configuration = .init(), context: @escaping @Sendable () -> RequestContext,
        logger: Logger
    ) {
        self.events = events
        self.configuration = configuration
        self.context = context
        self.logger = logger
    }

    /// Works until the task is cancelled or the store ends. Starts over from the present state after a fault.
    public func run() async {
        while !Task.isCancelled {
            do {
                return try await follow()
            } catch is CancellationError {
                return
            } catch {
                logger.warning("letting events go failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func follow() async throws {
        let watch = try await events.objects.watch(ListOptions(), context())
        var queue = EventQueue(maximum: configuration.maximumCount)
        var present: [(key: EventQueue.Key, age: Duration)] = []
        while case let events = try await watch.initialEvents(), !events.isEmpty {
            let now = context().now
            for event in events { present.append((key(event), Self.age(of: try event.object.object(), now))) }
        }
        let began = ContinuousClock.now
        for (key, age) in present.sorted(by: { $0.age > $1.age }) {
            queue.note(key, deadline: began + configuration.timeToLive - age)
        }
        while !Task.isCancelled && !watch.isEnded {
            while let key = queue.takeExpired(.now) { try await delete(key) }
            let far = ContinuousClock.now + .seconds(3_600)
            for event in try await watch.next(deadline: min(queue.nextDeadline ?? far, far)) {
                if event.kind == .deleted {
                    queue.forget(key(event))
                } else {
                    queue.note(key(event), deadline: .now + configuration.timeToLive)
                }
            }
        }
    }

    private func key(_ event: WatchEvent<Event>) -> EventQueue.Key {
        EventQueue.Key(namespace: event.namespace, name: event.name)
    }

    /// How long ago an event was written last, as far as it says; times in the future count as now.
    static func age(of event: Event, _ now: Timestamp) -> Duration {
        let written = max(event.metadata.creationTimestamp, min(event.lastSeen, now))
        return .seconds(max(0, now.secondsSince1970 - written.secondsSince1970))
    }

    private func delete(_ key: EventQueue.Key) async throws {
        var own = context()
        own.namespace = key.namespace
        own.resource = EventRules.kind.descriptor.groupResource
        do {
            _ = try await events.objects.delete(key.name, options: DeleteOptions(), own)
        } catch let error as APIError where error.reason == "NotFound" {
            // Somebody else was faster.
        }
    }
}
