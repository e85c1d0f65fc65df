import APIMachinery
import APIServer
import Foundation
import ImageAPI
import ImageStreams
import Logging
import Store
import Synchronization

/// Tells event sinks what happens to image streams: each event of the outbox at least once, those of one sink in the
/// order in which they were committed (spec/users-want.md, section 6, 4).
///
/// Every sink has a task and a place in the outbox of its own: one that does not answer holds up nobody, neither other
/// sinks nor writes. Make it before the store starts: it registers a cache.
public final class EventDispatcher: Sendable {
    struct Key: Hashable, Sendable {
        var namespace: String
        var name: String
    }

    /// What makes the delivery to a sink begin anew where it differs.
    private struct Version: Hashable {
        var uid: String
        var generation: Int64
    }

    private struct Running {
        var version: Version
        var wakeup: Wakeup
        var task: Task<Void, Never>
    }

    let api: ImageStreamsAPI
    let store: Store
    let reader: OutboxReader
    let transport: any SinkTransport
    let sender: EventMessage.Sender
    let secret: @Sendable (_ namespace: String, _ name: String) async throws -> Secret?
    let metrics: SinkMetrics
    let context: @Sendable () -> RequestContext
    let logger: Logger
    private let outbox: RangeCache<Bool>
    private let running = Mutex<[Key: Running]>([:])

    /// - Parameters:
    ///   - secret: reads a secret, for the keys of sinks.
    ///   - context: makes the context of one write of a status; its user is the server itself.
    public init(
        api: ImageStreamsAPI, store: Store, transport: any SinkTransport, sender: EventMessage.Sender,
        secret: @escaping @Sendable (String, String) async throws -> Secret?, metrics: SinkMetrics,
        context: @escaping @Sendable () -> RequestContext, logger: Logger
    ) {
        self.api = api
        self.store = store
        self.transport = transport
        self.sender = sender
        self.secret = secret
        self.metrics = metrics
        self.context = context
        self.logger = logger
        reader = OutboxReader(store: store)
        // Only to be woken: the events are read from the store.
        outbox = store.cache(prefix: LedgerKeys.outbox, contents: .recent(bytes: 0), ringBytes: 1 << 16) { _ in true }
    }

    /// Works until the task is cancelled or the store ends.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.followOutbox() }
            await followSinks()
            group.cancelAll()
        }
        for entry in running.withLock({ Array($0.values) }) { entry.task.cancel() }
        for entry in running.withLock({ Array($0.values) }) { await entry.task.value }
    }

    private func followOutbox() async {
        while !Task.isCancelled {
            do {
                let cursor = try await outbox.watch(after: store.currentRevision)
                while !Task.isCancelled, !cursor.isEnded {
                    _ = try await cursor.next()
                    for entry in running.withLock({ Array($0.values) }) { entry.wakeup.ring() }
                }
                if cursor.isEnded { return }
            } catch {
                if case .closed = error { return }
                // It fell behind: begin at the end again. Nobody loses anything by it.
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func followSinks() async {
        while !Task.isCancelled {
            do {
                let watch = try await api.eventSinks.watch(ListOptions(), context())
                var present: Set<Key> = []
                while case let events = try await watch.initialEvents(), !events.isEmpty {
                    for event in events {
                        present.insert(Key(namespace: event.namespace, name: event.name))
                        try note(event)
                    }
                }
                for key in running.withLock({ Array($0.keys) }) where !present.contains(key) { await end(key) }
                while !Task.isCancelled, !watch.isEnded {
                    for event in try await watch.next(deadline: .now + .seconds(3_600)) {
                        if event.kind == .deleted {
                            await end(Key(namespace: event.namespace, name: event.name))
                        } else {
                            try note(event)
                        }
                    }
                }
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following event sinks failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func note(_ event: WatchEvent<EventSink>) throws {
        let sink = try event.object.object()
        let key = Key(namespace: event.namespace, name: event.name)
        let version = Version(uid: sink.metadata.uid, generation: sink.metadata.generation)
        running.withLock { running in
            let before = running[key]
            if before?.version == version { return }
            before?.task.cancel()
            let wakeup = Wakeup()
            let delivery = SinkDelivery(dispatcher: self, key: key, sink: sink, wakeup: wakeup)
            running[key] = Running(
                version: version, wakeup: wakeup,
                task: Task {
                    // Never two at a time for one sink: order is what it is promised.
                    await before?.task.value
                    await delivery.run()
                })
        }
    }

    private func end(_ key: Key) async {
        guard let entry = running.withLock({ $0.removeValue(forKey: key) }) else { return }
        entry.task.cancel()
        await entry.task.value
        await forgetPosition(of: entry.version.uid)
    }

    // MARK: Positions

    /// Where sinks are in the outbox.
    static let positions = "/weir.dev/events/positions/"

    func position(of uid: String) async throws -> Int64? {
        try await store.get(Self.positions + uid).flatMap { Int64(String(decoding: $0.value, as: UTF8.self)) }
    }

    func save(position: Int64, of uid: String) async throws {
        _ = try await store.commit(
            Transaction(mutations: [.put(key: Self.positions + uid, value: Array("\(position)".utf8))]))
    }

    private func forgetPosition(of uid: String) async {
        do { _ = try await store.commit(Transaction(mutations: [.delete(key: Self.positions + uid)])) } catch {
            logger.info("the position of an event sink stays behind", metadata: ["error": "\(error)"])
        }
    }
}
