import JSON
import Synchronization
import Testing

@Suite("A reflector")
struct ReflectorTests {
    /// What the server said it wrote: name and count, by version.
    private final class Journal: Sendable {
        private let writes = Mutex<[Int64: String]>([:])

        @discardableResult
        func note(_ answer: API.Answer, _ name: String, _ count: Int) throws -> Int64 {
            guard answer.status / 100 == 2 else { throw TestFailure("\(name): \(answer.status) \(answer.text)") }
            let version = try answer.json().version
            writes.withLock { $0[version] = "\(name) \(count)" }
            return version
        }

        func between(_ start: Int64, _ end: Int64) -> [String] {
            writes.withLock { writes in
                writes.filter { $0.key > start && $0.key <= end }.sorted { $0.key < $1.key }.map(\.value)
            }
        }
    }

    /// To go on, until it is withdrawn.
    private final class Permission: Sendable {
        private let state = Mutex(true)
        var isGiven: Bool { state.withLock { $0 } }
        func withdraw() { state.withLock { $0 = false } }
    }

    private static let path = API.streams("p")

    /// Creates, updates and deletes streams of its own, each with a count of its changes, until it is told to stop.
    ///
    /// It does not run away from the reflector: what that has not seen yet comes again after every cut.
    private static func write(
        _ api: API, _ writer: String, _ journal: Journal, _ reflector: Reflector, while permission: Permission
    ) async throws {
        var index = 0
        while permission.isGiven {
            let name = "\(writer)-\(index)"
            var version = try journal.note(
                try await api.post(path, imageStream(name, #""annotations":{"count":"0"}"#)), name, 0)
            for count in 1...8 {
                let patch = Array(#"{"metadata":{"annotations":{"count":"\#(count)"}}}"#.utf8)
                let type = Project.Patch.merge.rawValue
                version = try journal.note(
                    try await api.send("PATCH", "\(path)/\(name)", patch, type: type), name, count)
            }
            if !index.isMultiple(of: 3) { _ = try await api.send("DELETE", "\(path)/\(name)") }
            index += 1
            try await eventually("the reflector sees \(name)") { await reflector.position >= version }
        }
    }

    /// Runs writers, and cuts the reflector's connection again and again meanwhile.
    private static func storm(_ api: API, _ round: String, _ journal: Journal, _ reflector: Reflector) async throws {
        let writing = Permission()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<6 {
                group.addTask { try await write(api, "\(round)\(writer)", journal, reflector, while: writing) }
            }
            for _ in 0..<8 {
                let next = await reflector.eventCount + 15
                try await eventually("the reflector goes on") { await reflector.eventCount >= next }
                await reflector.cut()
            }
            writing.withdraw()
            try await group.waitForAll()
        }
    }

    /// Waits until the mirror is what a new list shows.
    private static func settle(_ api: API, _ reflector: Reflector) async throws {
        func expected() async throws -> [String: JSONValue] {
            var objects: [String: JSONValue] = [:]
            for item in try await api.get(path)["items"]?.arrayValue ?? [] {
                objects[item.text(at: "metadata.name") ?? ""] = item["metadata"]
            }
            return objects
        }
        let list = try await expected()
        try await eventually("the mirror is the list") {
            await reflector.mirror.compactMapValues { $0["metadata"] } == list
        }
        #expect(!list.isEmpty)
    }

    /// Versions rise, every write was seen once, and nothing else.
    private static func check(_ era: Reflector.Era, _ journal: Journal) {
        #expect(!era.events.isEmpty)
        var last = era.start
        for event in era.events {
            #expect(event.version > last, "\(event)")
            last = event.version
        }
        let seen = era.events.filter { $0.type != "DELETED" }.map { event in
            "\(event.name) \(event.object.text(at: "metadata.annotations.count") ?? "")"
        }
        #expect(seen == journal.between(era.start, last))
        for event in era.events where event.type == "ADDED" {
            #expect(event.object.at("metadata.annotations.count") == "0", "\(event)")
        }
    }

    @Test(
        "132. misses nothing and sees nothing twice, however often its connection is cut, and lists again only after a 410",
        arguments: Reflector.Mode.allCases)
    func storm(mode: Reflector.Mode) async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        let journal = Journal()
        let history = ["--history-seconds", "1"]
        let (reflector, running, start) = try await WeirProcess.run(directory, history) { server, api in
            try await api.createNamespace("p")
            _ = try await api.createStream("first", in: "p")
            let reflector = Reflector(server, Self.path, mode: mode)
            let running = Task { await reflector.run() }
            try await eventually("the reflector has the state") { await reflector.mirror["first"] != nil }
            try await Self.storm(api, "a", journal, reflector)
            try await Self.settle(api, reflector)
            #expect(await reflector.watches > 5)
            #expect(await reflector.eras.count == 1)
            #expect(await reflector.expiries == 0)
            let start = try #require(await reflector.eras.first).start
            try await eventually("the first version is forgotten") {
                try await api.get("\(Self.path)?resourceVersion=\(start)&resourceVersionMatch=Exact").status == 410
            }
            return (reflector, running, start)
        }
        try await WeirProcess.run(directory, history) { server, api in
            await reflector.wake(at: server, since: String(start))
            try await eventually("the reflector lists again") { await reflector.eras.count == 2 }
            #expect(await reflector.expiries == 1)
            try await Self.storm(api, "b", journal, reflector)
            try await Self.settle(api, reflector)
            #expect(await reflector.eras.count == 2)
        }
        running.cancel()
        await running.value
        for era in await reflector.eras { Self.check(era, journal) }
    }

    @Test("A watcher that says goodbye is answered, though the watch would go on")
    func goodbye() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            let watch = try await Watch(server, "\(Self.path)?watch=1")
            try await watch.leave()
        }
    }
}
