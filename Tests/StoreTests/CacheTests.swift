import Foundation
import Store
import StoreSQLite
import StoreTesting
import Synchronization
import Testing

@Suite("A range cache")
struct CacheTests {
    private struct Fixture {
        let place: Place
        let store: Store
        let cache: RangeCache<String>

        init(ring: Int = 64, writesBefore: Int = 0, configuration: StoreConfiguration = .init()) async throws {
            place = try Place()
            if writesBefore > 0 {
                let engine = try await SQLiteEngine.open(directory: place.path)
                _ = try await engine.start { _ in }
                for index in 1...writesBefore { _ = try await engine.commit(Self.put("/r/n/k", "\(index)")) }
                await engine.close()
            }
            store = Store(engine: try await SQLiteEngine.open(directory: place.path), configuration: configuration)
            cache = store.cache(prefix: "/r/", ringCapacity: ring) { String(decoding: $0.value, as: UTF8.self) }
            try await store.start()
        }

        static func put(_ key: String, _ text: String) -> Transaction {
            Transaction(mutations: [.put(key: key, value: Array(text.utf8))])
        }

        @discardableResult
        func put(_ key: String, _ text: String = "x") async throws -> Int64 {
            try await store.commit(Self.put(key, text))
        }
    }

    @Test("shows watchers every change once, from any revision", arguments: engines, [11, 12, 13] as [UInt64])
    func model(_ factory: EngineFactory, seed: UInt64) async throws {
        let place = try Place()
        try await EngineChecks.watchersMissNothing(factory, place: place.path, seed: seed)
    }

    @Test("has a commit's change when the commit returns")
    func readYourWrites() async throws {
        let fixture = try await Fixture()
        for index in 0..<50 {
            let revision = try await fixture.put("/r/n/\(index % 5)", "\(index)")
            let entry = try await fixture.cache.entry(for: "/r/n/\(index % 5)")
            #expect(entry?.value == "\(index)")
            #expect(entry?.modRevision == revision)
            #expect(fixture.cache.revision == revision)
        }
        let other = try await fixture.put("/other", "x")
        #expect(fixture.cache.revision == other)
        #expect(try await fixture.cache.entry(for: "/other") == nil)
        await fixture.store.close()
    }

    @Test("tells keys without making anything of their values", arguments: [CacheContents.all, .recent(bytes: 1_000)])
    func keys(_ contents: CacheContents) async throws {
        let place = try Place()
        let store = Store(engine: try await SQLiteEngine.open(directory: place.path))
        let made = Mutex(0)
        let cache = store.cache(prefix: "/r/", contents: contents) { _ in made.withLock { $0 += 1 } }
        try await store.start()
        let keys = (0..<50).map { "/r/n/\($0 + 10)" }
        for key in keys { _ = try await store.commit(Fixture.put(key, String(repeating: "x", count: 200))) }
        let before = made.withLock { $0 }
        #expect(try await cache.keys() == keys)
        #expect(try await cache.keys(in: .prefix("/r/n/1")) == Array(keys.prefix(10)))
        let rest = KeyRange.prefix("/r/").after("/r/n/19")
        #expect(try await cache.keys(in: rest, limit: 3) == ["/r/n/20", "/r/n/21", "/r/n/22"])
        #expect(made.withLock { $0 } == before)
        await store.close()
    }

    @Test("gives deletions with what was deleted")
    func deletion() async throws {
        let fixture = try await Fixture()
        let created = try await fixture.put("/r/n/a", "one")
        let deleted = try await fixture.store.commit(Transaction(mutations: [.delete(key: "/r/n/a")]))
        let event = try await fixture.cache.watch(after: created).next().first
        #expect(event?.kind == .delete)
        #expect(event?.value == nil)
        #expect(event?.previous == "one")
        #expect(event?.revision == deleted)
        #expect(event?.previousRevision == created)
        #expect(event?.createRevision == created)
        await fixture.store.close()
    }

    @Test("ends a wait at its deadline, and moves on for bookmarks")
    func deadline() async throws {
        let fixture = try await Fixture()
        let cursor = try await fixture.cache.watch(after: 0, range: .prefix("/r/mine/"))
        async let quiet = cursor.next(deadline: .now + .milliseconds(200))
        let last = try await fixture.put("/r/yours/a")
        #expect(try await quiet.isEmpty)
        #expect(cursor.revision == last)
        #expect(!cursor.isEnded)
        #expect(try await cursor.next(deadline: .now - .seconds(1)).isEmpty)
        await fixture.store.close()
    }

    @Test("waits in silence for a revision of the future")
    func future() async throws {
        let fixture = try await Fixture()
        let cursor = try await fixture.cache.watch(after: 3)
        async let events = cursor.next(deadline: .now + .seconds(20))
        for index in 1...5 { try await fixture.put("/r/n/\(index)") }
        var seen = try await events.map(\.revision)
        while (seen.last ?? 0) < 5 { seen += try await cursor.next(deadline: .now + .seconds(20)).map(\.revision) }
        #expect(seen == [4, 5])
        await fixture.store.close()
    }

    @Test("ends a waiting cursor when its task is cancelled")
    func cancellation() async throws {
        let fixture = try await Fixture()
        for round in 0..<200 {
            let cursor = try await fixture.cache.watch(after: fixture.cache.revision)
            let task = Task { try await cursor.next() }
            // Cancelled before, while and after it begins to wait.
            if round % 3 == 1 { await Task.yield() }
            if round % 3 == 2 { try await Task.sleep(for: .microseconds(200)) }
            task.cancel()
            #expect(try await task.value.isEmpty)
        }
        let waiting = Task { await fixture.cache.waitUntil(revision: 1_000, timeout: .seconds(1_000)) }
        waiting.cancel()
        #expect(await waiting.value == false)
        await fixture.store.close()
    }

    @Test("ends all cursors when the store closes")
    func close() async throws {
        let fixture = try await Fixture()
        let cursors = try await (0..<20).asyncMap { _ in try await fixture.cache.watch(after: 0) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for cursor in cursors {
                group.addTask { try await cursor.next().isEmpty && cursor.isEnded }
            }
            await fixture.store.close()
            for try await ended in group { #expect(ended) }
        }
        await #expect(throws: StoreError.closed) { _ = try await fixture.cache.watch(after: 0) }
        await #expect(throws: StoreError.closed) { try await fixture.put("/r/a") }
    }

    @Test("tells a slow cursor that it fell out of the ring")
    func overflow() async throws {
        let fixture = try await Fixture(ring: 8)
        let first = try await fixture.put("/r/n/first")
        let slow = try await fixture.cache.watch(after: 0)
        #expect(try await slow.next().count == 1)
        for index in 0..<8 { try await fixture.put("/r/n/\(index)") }
        #expect(try await slow.next().count == 8, "exactly a ring behind is not too slow")
        for index in 0..<9 { try await fixture.put("/r/n/\(index)") }
        await #expect(throws: StoreError.compacted(oldest: first + 9)) { _ = try await slow.next() }
        await fixture.store.close()
    }

    @Test("reads older starting points from the history, across the ring's edge")
    func history() async throws {
        var configuration = StoreConfiguration()
        configuration.preloadedEvents = 10
        let fixture = try await Fixture(ring: 16, writesBefore: 700, configuration: configuration)
        for start in [0, 1, 300, 689, 690, 691, 700] as [Int64] {
            let cursor = try await fixture.cache.watch(after: start)
            var values: [String] = []
            while cursor.revision < fixture.cache.revision {
                let events = try await cursor.next(deadline: .now + .seconds(20))
                for event in events { #expect(event.previous == (event.revision == 1 ? nil : "\(event.revision - 1)")) }
                values += events.compactMap(\.value)
            }
            #expect(values == (start..<700).map { "\($0 + 1)" })
        }
        await fixture.store.close()
    }

    @Test("refuses a start whose history is compacted, and keeps what the ring has")
    func compacted() async throws {
        let fixture = try await Fixture(ring: 8)
        for index in 0..<30 { try await fixture.put("/r/n/\(index % 3)") }
        try await fixture.store.engine.compact(to: 28)
        await #expect(throws: StoreError.compacted(oldest: 28)) { _ = try await fixture.cache.watch(after: 5) }
        #expect(try await fixture.cache.watch(after: 22).next().count == 8)
        await fixture.store.close()
    }

    @Test("waits until it has seen a revision")
    func waitUntil() async throws {
        let fixture = try await Fixture()
        #expect(await fixture.cache.waitUntil(revision: 1, timeout: .milliseconds(20)) == false)
        async let reached = fixture.cache.waitUntil(revision: 3, timeout: .seconds(60))
        for index in 0..<3 { try await fixture.put("/other/\(index)") }
        #expect(await reached)
        #expect(await fixture.cache.waitUntil(revision: 3, timeout: .zero))
        await fixture.store.close()
    }

    @Test("wakes thousands of waiting cursors with one commit")
    func crowd() async throws {
        let fixture = try await Fixture()
        try await withThrowingTaskGroup(of: [Int64].self) { group in
            for index in 0..<3_000 {
                let cursor = try await fixture.cache.watch(after: 0, range: index % 2 == 0 ? nil : .key("/r/n/a"))
                group.addTask { try await cursor.next(deadline: .now + .seconds(60)).map(\.revision) }
            }
            let revision = try await fixture.put("/r/n/a")
            for try await seen in group { #expect(seen == [revision]) }
        }
        await fixture.store.close()
    }

    @Test("compacts in the background")
    func backgroundCompaction() async throws {
        var configuration = StoreConfiguration()
        configuration.history = .milliseconds(1)
        configuration.compactionInterval = .milliseconds(5)
        let fixture = try await Fixture(configuration: configuration)
        for index in 0..<10 { try await fixture.put("/r/n/a", "\(index)") }
        let deadline = ContinuousClock.now + .seconds(30)
        while fixture.store.compactedRevision < 10, .now < deadline { try await Task.sleep(for: .milliseconds(2)) }
        #expect(fixture.store.compactedRevision == 10)
        #expect(try await fixture.cache.entry(for: "/r/n/a")?.value == "9")
        await fixture.store.close()
    }
}

extension Sequence {
    func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
