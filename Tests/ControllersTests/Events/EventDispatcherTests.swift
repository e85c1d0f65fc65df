import APIMachinery
import APIServer
import ImageAPI
import JSON
import Logging
import Store
import Synchronization
import Testing

@testable import Controllers
@testable import ImageStreams

/// Remembers what it was sent, and answers what it is told to.
private final class PreparedSinks: SinkTransport {
    private struct State {
        var received: [String: [String]] = [:]
        var status: [String: [Int]] = [:]
        var attempts: [String: Int] = [:]
    }

    private let state = Mutex(State())

    /// The next answers of a URL; afterwards 200. -1 stands for no answer at all.
    func prepare(_ url: String, _ status: Int...) { state.withLock { $0.status[url] = status } }
    /// Subjects of what was taken.
    func received(_ url: String) -> [String] { state.withLock { $0.received[url] ?? [] } }
    func attempts(_ url: String) -> Int { state.withLock { $0.attempts[url] ?? 0 } }

    func post(_ message: EventMessage, to url: String, timeout: Duration) async throws(SinkFailure) -> SinkAnswer {
        let status = state.withLock { state in
            state.attempts[url, default: 0] += 1
            var status = 200
            if let next = state.status[url]?.first {
                status = next
                // The last one stays where it is 503: a sink that is dead.
                if state.status[url]?.count ?? 0 > 1 || next != 503 { state.status[url]?.removeFirst() }
            }
            if (200...299).contains(status), let event = try? JSONValue.parse(message.body) {
                let kind = event["type"]?.stringValue?.split(separator: ".").dropFirst(2).prefix(2).joined(
                    separator: " ")
                state.received[url, default: []].append("\(kind ?? "") \(event["subject"]?.stringValue ?? "")")
            }
            return status
        }
        if status == -1 { throw SinkFailure("no answer: test") }
        return SinkAnswer(status: status)
    }
}

@Suite("Events for sinks")
struct EventDispatcherTests {
    private static func run(_ body: (World, PreparedSinks, EventDispatcher) async throws -> Void) async throws {
        let sinks = PreparedSinks()
        let box = Mutex<EventDispatcher?>(nil)
        try await World.run(prepare: { api, store in
            let dispatcher = EventDispatcher(
                api: api, store: store, transport: sinks, sender: .init(),
                secret: { _, _ in nil }, metrics: SinkMetrics(MetricsRegistry()), context: World.context,
                logger: Logger(label: "test"))
            box.withLock { $0 = dispatcher }
        }) { world in
            let dispatcher = try #require(box.withLock { $0 })
            let task = Task { await dispatcher.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(world, sinks, dispatcher)) } catch { result = .failure(error) }
            task.cancel()
            await task.value
            try result.get()
        }
    }

    private static func context() -> RequestContext {
        var context = World.context()
        context.namespace = "p"
        return context
    }

    private static func create(_ name: String, _ world: World, _ change: (inout EventSinkSpec) -> Void = { _ in })
        async throws
    {
        var sink = EventSink()
        sink.metadata.name = name
        sink.spec.url = "http://\(name).example/"
        change(&sink.spec)
        for resource in world.api.resources where resource.descriptor.path == "eventsinks" {
            guard let sinks = resource as? any CreatableResource<EventSink> else { continue }
            _ = try await sinks.create(sink, options: WriteOptions(), context())
        }
    }

    private static func push(_ world: World, _ tag: String, _ letter: Character) async throws {
        var mapping = ImageStreamMapping()
        mapping.metadata.name = "app"
        mapping.tag = tag
        mapping.image.metadata.name = "sha256:" + String(repeating: letter, count: 64)
        mapping.image.dockerImageReference = "quay.io/x/app@\(mapping.image.metadata.name)"
        for resource in world.api.resources {
            guard let mappings = resource as? any CreatableResource<ImageStreamMapping> else { continue }
            _ = try await mappings.create(mapping, options: WriteOptions(), context())
        }
    }

    private static func status(_ name: String, _ world: World) async throws -> EventSinkStatus? {
        try await world.api.eventSinks.object(name, namespace: "p")?.status
    }

    @Test("a sink hears of what comes after it, in order, and of what it asks for")
    func order() async throws {
        try await Self.run { world, sinks, _ in
            _ = try await world.api.createStream("app", Self.context())
            try await Self.push(world, "old", "0")
            try await Self.create("all", world)
            try await Self.create("some", world) { spec in
                spec.tags = ["v*"]
                spec.events = ["TagMoved"]
            }
            for letter in "123" { try await Self.push(world, "v1", letter) }
            try await Self.push(world, "other", "4")
            try await eventually("all is delivered") { sinks.received("http://all.example/").count == 4 }
            #expect(
                sinks.received("http://all.example/") == [
                    "tag created app:v1", "tag moved app:v1", "tag moved app:v1", "tag created app:other",
                ])
            try await eventually("the other too") { sinks.received("http://some.example/").count == 2 }
            #expect(sinks.received("http://some.example/") == ["tag moved app:v1", "tag moved app:v1"])
            // What changes nothing is no event.
            try await Self.push(world, "other", "4")
            try await Self.push(world, "v1", "5")
            try await eventually("the next one") { sinks.received("http://all.example/").count == 5 }
            #expect(sinks.received("http://all.example/").last == "tag moved app:v1")
        }
    }

    @Test("a sink that fails gets its events later, in order; a dead one holds up nobody")
    func failing() async throws {
        try await Self.run { world, sinks, _ in
            _ = try await world.api.createStream("app", Self.context())
            sinks.prepare("http://weak.example/", -1, 500)
            sinks.prepare("http://dead.example/", 503)
            sinks.prepare("http://picky.example/", 422)
            for name in ["dead", "weak", "picky", "good"] { try await Self.create(name, world) }
            for letter in "12" { try await Self.push(world, "v1", letter) }
            try await eventually("the good one has all") { sinks.received("http://good.example/").count == 2 }
            try await eventually("the weak one too") { sinks.received("http://weak.example/").count == 2 }
            #expect(sinks.received("http://weak.example/") == ["tag created app:v1", "tag moved app:v1"])
            #expect(sinks.attempts("http://weak.example/") == 4)
            try await eventually("what was not wanted is not sent again") {
                sinks.received("http://picky.example/") == ["tag moved app:v1"]
            }
            try await eventually("the status says so") { try await Self.status("dead", world)?.state == "Failing" }
            let status = try #require(try await Self.status("dead", world))
            #expect(status.message == "the sink answered 503" && status.nextAttemptTime != nil && status.attempts > 0)
            #expect(try await Self.status("picky", world)?.rejected == 1)
            #expect(sinks.received("http://dead.example/").isEmpty)
        }
    }

    @Test("without its key nothing is sent")
    func unsigned() async throws {
        try await Self.run { world, sinks, _ in
            _ = try await world.api.createStream("app", Self.context())
            try await Self.create("signed", world) { $0.secret = EventSinkSecret(name: "gone") }
            try await Self.push(world, "v1", "1")
            try await eventually("it is said") {
                try await Self.status("signed", world)?.message == "the secret gone has no entry secret"
            }
            #expect(sinks.attempts("http://signed.example/") == 0)
        }
    }

    @Test("the outbox is read in the order of commits, from the history and without it")
    func reader() async throws {
        try await World.run { world in
            _ = try await world.api.createStream("app", Self.context())
            let start = world.store.currentRevision
            for letter in "123456789" { try await Self.push(world, "v1", letter) }
            let reader = OutboxReader(store: world.store)
            func read(limit: Int) async throws -> [String] {
                var all: [String] = []
                var position = start
                while true {
                    let page = try await reader.events(after: position, limit: limit)
                    all += page.events.map { String($0.event.to?.image.suffix(1) ?? "") }
                    position = page.through
                    if !page.hasMore { return all }
                }
            }
            let expected = "123456789".map(String.init)
            #expect(try await read(limit: 100) == expected)
            #expect(try await read(limit: 2) == expected)
            try await world.store.engine.compact(to: world.store.currentRevision)
            #expect(try await read(limit: 100) == expected)
            #expect(try await read(limit: 2) == expected)
        }
    }
}
