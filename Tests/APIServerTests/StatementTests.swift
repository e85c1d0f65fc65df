import APIMachinery
import ImageAPI
import JSON
import Store
import Testing

@testable import APIServer

/// The statements of spec/api-machinery.md 12 that no real server can be brought to in the time of a test: they need a
/// compacted store, a short time between bookmarks, or a check that fails. All others drive a server over HTTP.
@Suite("Conformance list, in process", .timeLimit(.minutes(10)))
struct StatementTests {
    private static func with(_ body: (Shelf, TestAPI) async throws -> Void) async throws {
        try await Shelf.with { shelf in
            let streams = StoredResource(shelf.objects, strategy: PlainStrategy())
            try await body(shelf, TestAPI(resources: [streams]))
        }
    }

    private static func names(_ answer: TestAPI.Answer) -> [String] {
        (answer.json?["items"]?.arrayValue ?? []).compactMap { $0["metadata"]?["name"]?.stringValue }
    }

    private static func continueToken(_ answer: TestAPI.Answer) throws -> String {
        try #require(answer.json?["metadata"]?["continue"]?.stringValue)
    }

    @Test("96. A token whose version is gone is Expired, and comes with one for the rest")
    func expiredToken() async throws {
        try await Self.with { shelf, api in
            for name in ["a", "b", "c"] { try await shelf.create(name) }
            let token = try Self.continueToken(try await api.send(query: "limit=1"))
            try await shelf.create("d")
            try await shelf.store.engine.compact(to: shelf.store.currentRevision)
            let expired = try await api.send(query: "limit=1&continue=\(token)")
            #expect(expired.status == 410)
            #expect(expired.json?["reason"] == "Expired")
            let rest = try await api.send(query: "continue=\(try Self.continueToken(expired))")
            #expect(rest.status == 200)
            #expect(Self.names(rest) == ["b", "c", "d"])
        }
    }

    @Test("104. An exact version that is gone is Expired")
    func expiredVersion() async throws {
        try await Self.with { shelf, api in
            let old = try await shelf.create("a").metadata.resourceVersion
            try await shelf.create("b")
            try await shelf.store.engine.compact(to: shelf.store.currentRevision)
            let answer = try await api.send(query: "resourceVersion=\(old)&resourceVersionMatch=Exact")
            #expect(answer.status == 410)
            #expect(answer.json?["reason"] == "Expired")
            #expect(answer.message == "The resourceVersion for the provided list is too old.")
        }
    }

    @Test("117. A watch from a version that is gone is one ERROR, and ends")
    func expiredWatch() async throws {
        try await Self.with { shelf, api in
            try await shelf.create("first")
            // More events than are kept in memory.
            let value = StoredForm.encode(TestAPI.stream("a"))
            for _ in 0..<3 {
                let puts = (0..<4_096).map { Mutation.put(key: "/test/streams/p/s\($0)", value: value) }
                _ = try await shelf.store.commit(Transaction(mutations: puts))
            }
            try await shelf.store.engine.compact(to: shelf.store.currentRevision)
            let answer = try await api.send(query: "watch=1&resourceVersion=1")
            #expect(answer.status == 200)
            let lines = answer.body.split(separator: UInt8(ascii: "\n"))
            #expect(lines.count == 1)
            #expect(answer.json?["type"] == "ERROR")
            #expect(answer.json?["object"]?["code"] == 410)
            #expect(answer.json?["object"]?["reason"] == "Expired")
        }
    }

    /// A watch on an idle store with hardly any time between bookmarks.
    private static func session(_ shelf: Shelf, _ options: ListOptions) async throws -> WatchSession<ImageStream> {
        WatchSession(
            try await shelf.objects.watch(options, context()), options,
            WatchEventEncoder(.plain, empty: { ImageStream() }), bookmarkInterval: .milliseconds(10))
    }

    @Test("119. An idle watch gets bookmarks where it asks for them")
    func bookmarks() async throws {
        try await Shelf.with { shelf in
            let version = try await shelf.create("a").metadata.resourceVersion
            let asking = ListOptions(resourceVersion: version, allowWatchBookmarks: true)
            let session = try await Self.session(shelf, asking)
            let writer = CollectingWriter()
            let watch = Task { try await session.run(writer) }
            while await writer.bytes.isEmpty { await Task.yield() }
            watch.cancel()
            try await watch.value
            let line = try #require(await writer.bytes.split(separator: UInt8(ascii: "\n")).first)
            let bookmark = try JSONValue.parse(Array(line))
            #expect(bookmark["type"] == "BOOKMARK")
            let reached = bookmark["object"]?["metadata"]?["resourceVersion"]?.stringValue.flatMap { Int64($0) }
            #expect(try #require(reached) >= #require(Int64(version)))

            // The other watch ends by itself, a hundred times as long after its start as its bookmarks are apart.
            let silent = CollectingWriter()
            try await Self.session(shelf, ListOptions(resourceVersion: version, timeoutSeconds: 1)).run(silent)
            #expect(await silent.bytes.isEmpty)
        }
    }

    @Test("176. A failing check is named, its reason is not")
    func failingCheck() async throws {
        let api = TestAPI(resources: [], healthChecks: [.ping, HealthCheck("disk") { false }])
        let answer = try await api.send("GET", "/readyz")
        #expect(answer.status == 500)
        #expect(text(answer.body).contains("[-]disk failed: reason withheld\n"))
        #expect(text(answer.body).contains("[+]ping ok\n"))
    }
}
