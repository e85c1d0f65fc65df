import APIMachinery
import APIServer
import ImageAPI
import Synchronization
import Testing

@Suite("An object store, watching")
struct ObjectStoreWatchTests {
    /// `ADDED a 5`: type, name and version of each event until `count` came.
    private static func events(
        _ stream: any WatchStream<ImageStream>, _ count: Int
    ) async throws -> [WatchEvent<ImageStream>] {
        var events = try await stream.initialEvents()
        let deadline = ContinuousClock.now + .seconds(20)
        while events.count < count && ContinuousClock.now < deadline {
            events += try await stream.next(deadline: deadline)
        }
        return events
    }

    private static func line(_ event: WatchEvent<ImageStream>) throws -> String {
        "\(event.kind.rawValue) \(try event.object.object().metadata.name)"
    }

    @Test("begins where it is told")
    func start() async throws {
        try await Shelf.with { shelf in
            let a = try await shelf.create("a")
            try await shelf.create("b")
            func lines(_ options: ListOptions, _ count: Int) async throws -> [String] {
                let stream = try await shelf.objects.watch(options, context())
                return try await Self.events(stream, count).map(Self.line)
            }
            #expect(try await lines(ListOptions(), 2) == ["ADDED a", "ADDED b"])
            #expect(try await lines(ListOptions(resourceVersion: "0"), 2) == ["ADDED a", "ADDED b"])
            #expect(try await lines(ListOptions(resourceVersion: a.metadata.resourceVersion), 1) == ["ADDED b"])
            let later = try await shelf.objects.watch(ListOptions(sendInitialEvents: false), context())
            try await shelf.create("c")
            #expect(try await Self.events(later, 1).map(Self.line) == ["ADDED c"])
        }
    }

    @Test("follows the table of selector transitions")
    func transitions() async throws {
        try await Shelf.with { shelf in
            let start = try await shelf.create("other", labels: ["app": "db"])
            let options = ListOptions(
                labelSelector: try LabelSelector(parsing: "app=web"), resourceVersion: start.metadata.resourceVersion)
            let stream = try await shelf.objects.watch(options, context())
            try await shelf.create("a", labels: ["app": "db"])  // no, no
            try await shelf.patch("a") { $0.metadata.labels["app"] = "web" }  // no, yes
            try await shelf.patch("a") { $0.metadata.labels["x"] = "1" }  // yes, yes
            let left = try await shelf.patch("a") { $0.metadata.labels["app"] = "db" }  // yes, no
            try await shelf.patch("a") { $0.metadata.labels["x"] = "2" }  // no, no
            try await shelf.delete("a")  // no, gone
            try await shelf.create("b", labels: ["app": "web"])  // none, yes
            try await shelf.create("b", in: "q", labels: ["app": "web"])  // another namespace
            try await shelf.delete("b")  // yes, gone
            let gone = shelf.store.currentRevision
            let events = try await Self.events(stream, 5)
            #expect(
                try events.map(Self.line) == ["ADDED a", "MODIFIED a", "DELETED a", "ADDED b", "DELETED b"])
            // What left shows its last matching state, at the revision of the change.
            let departed = try events[2].object.object().metadata
            #expect(departed.labels == ["app": "web", "x": "1"])
            #expect(departed.resourceVersion == left.metadata.resourceVersion)
            #expect(try events[4].object.object().metadata.resourceVersion == "\(gone)")
        }
    }

    @Test("selects by fields of the object before and after")
    func fields() async throws {
        try await Shelf.with { shelf in
            let options = ListOptions(
                fieldSelector: try FieldSelector(parsing: "spec.dockerImageRepository=r,metadata.name=a"))
            let stream = try await shelf.objects.watch(options, context())
            try await shelf.create("a")
            try await shelf.create("b", repository: "r")
            try await shelf.patch("a") { $0.spec.dockerImageRepository = "r" }
            try await shelf.patch("a") { $0.spec.dockerImageRepository = "s" }
            #expect(try await Self.events(stream, 2).map(Self.line) == ["ADDED a", "DELETED a"])
            let error = await failure {
                try await shelf.objects.watch(
                    ListOptions(fieldSelector: try FieldSelector(parsing: "spec.x=y")), context())
            }
            #expect(error?.code == 400)
        }
    }

    @Test("misses nothing and shows nothing twice while many write", .timeLimit(.minutes(10)))
    func completeness() async throws {
        try await Shelf.with { shelf in
            // What each write returned, by version: what a complete watch must show.
            let written = WrittenEvents()
            let writers = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in 0..<8 {
                        group.addTask {
                            for round in 0..<25 {
                                let name = "w\(worker)"
                                let created = try await shelf.create(name)
                                let patched = try await shelf.patch(name) { $0.metadata.labels["r"] = "\(round)" }
                                written.add("ADDED \(name)", at: created)
                                written.add("MODIFIED \(name)", at: patched)
                                try await shelf.delete(name)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await shelf.create("last")
            }
            // Watches that begin at different moments: from a list's version, and with the state.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<6 {
                    group.addTask {
                        while shelf.store.currentRevision < Int64(index * 60) {
                            try await Task.sleep(for: .milliseconds(1))
                        }
                        try await Self.follow(shelf, fromList: index.isMultiple(of: 2), expected: written)
                    }
                }
                try await group.waitForAll()
            }
            try await writers.value
        }
    }

    /// Follows from now until `last` appears and compares with what was written after the start.
    private static func follow(
        _ shelf: Shelf, fromList: Bool, expected: WrittenEvents
    ) async throws {
        var options = ListOptions()
        var state: Set<String> = []
        if fromList {
            let (names, metadata) = try await shelf.names(in: "p")
            options.resourceVersion = metadata.resourceVersion
            state = Set(names)
        }
        let stream = try await shelf.objects.watch(options, context())
        while case let events = try await stream.initialEvents(), !events.isEmpty {
            for event in events { state.insert(try event.object.object().metadata.name) }
        }
        let start = fromList ? Int64(options.resourceVersion) ?? 0 : stream.resourceVersion
        var seen: [Int64: String] = [:]
        var last = start
        while !state.contains("last") {
            try Task.checkCancellation()
            for event in try await stream.next(deadline: .now + .seconds(20)) {
                let metadata = try event.object.object().metadata
                let version = Int64(metadata.resourceVersion) ?? 0
                #expect(version > last, "versions rise")
                last = version
                seen[version] = try line(event)
                if event.kind == .deleted { state.remove(metadata.name) } else { state.insert(metadata.name) }
            }
        }
        #expect(state == ["last"])
        let missing = expected.all.filter { $0.key > start && seen[$0.key] != $0.value }
        #expect(missing.isEmpty)
    }

    @Test("of a version to come waits for it")
    func future() async throws {
        try await Shelf.with { shelf in
            try await shelf.create("a")
            let next = shelf.store.currentRevision + 1
            let stream = try await shelf.objects.watch(ListOptions(resourceVersion: "\(next)"), context())
            try await shelf.create("b")
            try await shelf.create("c")
            #expect(try await Self.events(stream, 1).map(Self.line) == ["ADDED c"])
            let odd = await failure { try await shelf.objects.watch(ListOptions(resourceVersion: "x"), context()) }
            #expect(odd?.code == 500)
        }
    }
}

/// What writes returned, by version.
private final class WrittenEvents: Sendable {
    private let events = Mutex<[Int64: String]>([:])
    var all: [Int64: String] { events.withLock { $0 } }

    func add(_ line: String, at object: ImageStream) {
        events.withLock { $0[Int64(object.metadata.resourceVersion) ?? 0] = line }
    }
}
