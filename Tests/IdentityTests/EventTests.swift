import APIMachinery
import APIServer
import Foundation
import Logging
import Store
import StoreSQLite
import Testing

@testable import Identity

private typealias Event = Identity.Event

@Suite("Events")
struct EventTests {
    private static let key = EventQueue.Key(namespace: "a", name: "b")

    private static func event(_ change: (inout Event) -> Void = { _ in }) -> Event {
        var event = Event(
            metadata: ObjectMeta(name: "e", namespace: "demo"),
            involvedObject: ObjectReference(kind: "ImageStream", namespace: "demo", name: "app"), reason: "Odd",
            message: " text\n", type: "Warning")
        change(&event)
        return event
    }

    @Test("are of their namespace, and exact ones say who reports them")
    func validation() {
        func errors(_ change: (inout Event) -> Void) -> [String] {
            EventValidation.validate(Self.event(change)).map(\.text)
        }
        #expect(errors { _ in } == [])
        let foreign = #"involvedObject.namespace: Invalid value: "other": does not match event.namespace"#
        #expect(errors { $0.involvedObject.namespace = "other" } == [foreign])
        #expect(
            errors { $0.involvedObject.namespace = "" }
                == [#"involvedObject.namespace: Invalid value: "": does not match event.namespace"#])
        #expect(
            errors {
                $0.involvedObject.namespace = ""
                $0.metadata.namespace = "default"
            } == [])
        let exact = errors {
            $0.eventTime = MicroTime(microsecondsSince1970: 1)
            $0.reason = ""
            $0.message = String(repeating: "x", count: 1_025)
        }
        #expect(exact.contains("reportingComponent: Required value"))
        #expect(exact.contains("reportingInstance: Required value"))
        #expect(exact.contains("action: Required value"))
        #expect(exact.contains("reason: Required value"))
        #expect(exact.contains(#"message: Invalid value: "": can have at most 1024 characters"#))
        #expect(errors { $0.message = String(repeating: "x", count: 1_025) } == [])
        #expect(
            errors { $0.message = String(repeating: "x", count: 65_537) }
                == ["message: Too long: may not be more than 65536 bytes"])
    }

    @Test("look as kubectl shows them")
    func table() {
        let now = Timestamp(secondsSince1970: 10_000)
        func cells(_ change: (inout Event) -> Void) -> [String] {
            EventTable.columns.rows(Self.event(change), now)[0].map { $0.stringValue ?? $0.description }
        }
        #expect(
            cells {
                $0.firstTimestamp = Timestamp(secondsSince1970: 9_000)
                $0.lastTimestamp = Timestamp(secondsSince1970: 9_970)
                $0.count = 3
                $0.source = EventSource(component: "c", host: "h")
            } == ["30s", "Warning", "Odd", "imagestream/app", "", "c, h", "text", "16m", "3", "e"])
        #expect(
            cells {
                $0.eventTime = MicroTime(microsecondsSince1970: 9_000_500_000)
                $0.series = EventSeries(count: 7, lastObservedTime: MicroTime(microsecondsSince1970: 9_990_999_999))
                $0.reportingComponent = "r"
                $0.involvedObject = ObjectReference(kind: "Node", fieldPath: "x")
            } == ["10s", "Warning", "Odd", "node", "x", "r", "text", "16m", "7", "e"])
        #expect(cells { _ in }.first == "<unknown>")
        #expect(cells { _ in }[8] == "1")
    }

    @Test("go in the order in which they were written last, when it is time or there are too many")
    func queue() {
        let start = ContinuousClock.now
        func key(_ name: String) -> EventQueue.Key { .init(namespace: "n", name: name) }
        var queue = EventQueue(maximum: 3)
        for (offset, name) in ["a", "b", "c"].enumerated() {
            queue.note(key(name), deadline: start + .seconds(offset + 10))
        }
        #expect(queue.takeExpired(start + .seconds(9)) == nil)
        #expect(queue.nextDeadline == start + .seconds(10))
        queue.note(key("a"), deadline: start + .seconds(20))
        #expect(queue.takeExpired(start + .seconds(11)) == key("b"))
        #expect(queue.takeExpired(start + .seconds(11)) == nil)
        queue.forget(key("c"))
        #expect(queue.takeExpired(start + .seconds(19)) == nil)
        #expect(queue.count == 1)
        for name in ["d", "e", "f"] { queue.note(key(name), deadline: start + .seconds(30)) }
        #expect(queue.takeExpired(start) == key("a"))
        #expect(queue.takeExpired(start) == nil)
        for _ in 0..<100_000 { queue.note(key("d"), deadline: start + .seconds(40)) }
        #expect(queue.takeExpired(start + .seconds(35)) == key("e"))
        #expect(queue.takeExpired(start + .seconds(35)) == key("f"))
        #expect(queue.takeExpired(start + .seconds(35)) == nil)
        #expect(queue.takeExpired(start + .seconds(40)) == key("d"))
        #expect(queue.takeExpired(start + .seconds(99)) == nil)
    }

    // MARK: With a store

    private struct World: Sendable {
        let events: Events
        let directory: String

        static func context() -> RequestContext {
            RequestContext(
                id: "test", user: .system, namespace: "demo", resource: GroupResource(group: "", resource: "events"),
                now: Timestamp(secondsSince1970: Int64(Date().timeIntervalSince1970)), logger: Logger(label: "test"))
        }

        static func run(_ body: (World) async throws -> Void) async throws {
            let directory = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let store = Store(engine: try await SQLiteEngine.open(directory: directory))
            let events = Events(store: store, namespaces: Everywhere())
            try await store.start()
            let result: Result<Void, any Error>
            do { result = .success(try await body(World(events: events, directory: directory))) } catch {
                result = .failure(error)
            }
            await store.close()
            try result.get()
        }

        func all() async throws -> [Event] {
            try await events.objects.list(ListOptions(), Self.context()).allItems().map { try $0.object() }
        }

        func wait(_ what: String, _ condition: ([Event]) -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(30)
            while !condition(try await all()) {
                guard ContinuousClock.now < deadline else {
                    Issue.record("in vain: \(what)")
                    return
                }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private struct Everywhere: NamespaceLookup {
        func state(of namespace: String) async throws -> NamespaceState { .active }
        func uid(of namespace: String) async throws -> String? { namespace }
        func annotations(of namespace: String) async throws -> [String: String] { [:] }
    }

    @Test("of the same thing are one, with a count")
    func recorder() async throws {
        try await World.run { world in
            let recorder = StoredEventRecorder(events: world.events, component: "tester") { World.context() }
            let object = ObjectReference(kind: "ImageStream", namespace: "demo", name: "app", uid: "u")
            let occurrence = Occurrence(
                .warning, of: object, reason: "Failed", message: String(repeating: "é", count: 600))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<10 { group.addTask { await recorder.record(occurrence) } }
            }
            await recorder.record(Occurrence(.normal, of: object, reason: "Fine", message: ""))
            await recorder.record(
                Occurrence(.normal, of: ObjectReference(kind: "Image", name: "sha256:x"), reason: "Fine", message: ""))
            let events = try await world.all().sorted { $0.count > $1.count }
            #expect(events.map(\.count) == [10, 1])
            #expect(events[0].type == "Warning")
            #expect(events[0].message == String(repeating: "é", count: 512))
            #expect(events[0].metadata.name.hasPrefix("app."))
            #expect(events[0].source.component == "tester")
            var elsewhere = World.context()
            elsewhere.namespace = "default"
            let other = try await world.events.objects.list(ListOptions(), elsewhere).allItems()
            #expect(try other.map { try $0.object().metadata.name.hasPrefix("weir.") } == [true])
        }
    }

    @Test("are deleted when their time is over, also those from before a restart, and beyond the limit")
    func expiry() async throws {
        try await World.run { world in
            func create(_ name: String) async throws {
                var event = Self.event()
                event.metadata.name = name
                _ = try await world.events.objects.create(
                    event, strategy: EventStrategy(), options: WriteOptions(), World.context())
            }
            func expiring(
                _ configuration: EventExpiry.Configuration, _ body: () async throws -> Void
            ) async throws {
                let expiry = EventExpiry(
                    events: world.events, configuration: configuration, context: { World.context() },
                    logger: Logger(label: "test"))
                let task = Task { await expiry.run() }
                defer { task.cancel() }
                try await body()
            }
            for index in 0..<8 { try await create("old\(index)") }
            var few = EventExpiry.Configuration()
            few.maximumCount = 3
            try await expiring(few) {
                try await world.wait("three are left") { $0.count == 3 }
                for index in 0..<3 { try await create("new\(index)") }
                try await world.wait("the newest are left") { $0.map(\.metadata.name) == ["new0", "new1", "new2"] }
            }
            var brief = EventExpiry.Configuration()
            brief.timeToLive = .milliseconds(200)
            try await expiring(brief) {
                try await world.wait("those there were are gone") { $0.isEmpty }
                try await create("later")
                try await world.wait("a new one is gone") { $0.isEmpty }
            }
        }
    }
}
