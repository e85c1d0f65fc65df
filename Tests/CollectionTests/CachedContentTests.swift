import ImageAPI
import OCI
import Testing

@testable import ImageStreams
@testable import Registry

/// spec/registry.md PT-20.
@Suite("What was fetched from elsewhere")
struct CachedContentTests {
    private static let month = 30.0 * 24

    /// Two runs, each a grace later.
    private static func collect(_ world: World) async throws {
        for _ in 0..<2 {
            try await world.collect()
            world.clock.pass(hours: 25)
        }
        try await world.collect()
    }

    @Test("goes a month after it was pulled last, and not what was pulled since")
    func leastRecentlyUsed() async throws {
        try await World.run { world in
            let old = try await world.fetch("old")
            let used = try await world.fetch("used")
            try await world.importImage("image", [old, used], tag: "v1")
            world.clock.pass(hours: Self.month - 60)
            try await Self.collect(world)
            #expect(try await world.holds(old))
            #expect(try await world.head(used))
            world.clock.pass(hours: 24)
            try await Self.collect(world)
            #expect(try await !world.holds(old))
            #expect(try await world.holds(used))
            #expect(try await world.keys(RegistryKeys.layers).count == 1)
            // The next pull fetches it anew.
            try await world.fetch("old")
            try await Self.collect(world)
            #expect(try await world.holds(old))
        }
    }

    @Test("goes where there is more than may be, what was pulled least lately first; what was pushed does not count")
    func bounds() async throws {
        try await World.run { world in
            var blobs: [Digest] = []
            for name in ["a123456789", "b123456789", "c123456789"] {
                blobs.append(try await world.fetch(name))
                world.clock.pass(hours: 1)
            }
            try await world.importImage("image", blobs, tag: "v1")
            let pushed = try await world.upload("pushed, and much longer than the others")
            try await world.push("pushed", [pushed], tags: ["own"])
            func collect(_ bytes: Int64) async throws {
                for _ in 0..<3 {
                    world.clock.pass(hours: 25)
                    _ = try await world.collector {
                        $0.cachePeriod = 0
                        $0.cacheBytes = bytes
                    }.run(BlobCollector.Request())
                }
            }
            try await collect(30)
            for blob in blobs { #expect(try await world.holds(blob)) }
            // The first one is pulled again.
            #expect(try await world.head(blobs[0]))
            try await collect(20)
            #expect(try await world.holds(blobs[0]))
            #expect(try await !world.holds(blobs[1]))
            #expect(try await world.holds(blobs[2]))
            #expect(try await world.holds(pushed))
        }
    }

    @Test("goes where it is larger than all that may be kept, and pushes out nothing else")
    func large() async throws {
        try await World.run { world in
            let small = [try await world.fetch("a123456789"), try await world.fetch("b123456789")]
            world.clock.pass(hours: 1)
            let large = try await world.fetch(String(repeating: "c", count: 31))
            try await world.importImage("image", small + [large], tag: "v1")
            for _ in 0..<3 {
                world.clock.pass(hours: 25)
                _ = try await world.collector {
                    $0.cachePeriod = 0
                    $0.cacheBytes = 30
                }.run(BlobCollector.Request())
            }
            #expect(try await !world.holds(large))
            for blob in small { #expect(try await world.holds(blob)) }
        }
    }

    struct Kept: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reference = "elsewhere.example/team/app"
        var annotation: [String: String] = [:]
        var hasFailed = false
        var isPushed = false
        var period: Int64 = CollectionSettings().cachePeriod
    }

    @Test(
        "stays where it may be all there is",
        arguments: [
            Kept(testDescription: "of this registry", reference: "registry:5000/p/other"),
            Kept(testDescription: "in a stream that is copied whole", annotation: [KnownAnnotation.mirror: "always"]),
            Kept(testDescription: "in a stream whose import fails", hasFailed: true),
            Kept(testDescription: "in an image that was pushed", isPushed: true),
            Kept(testDescription: "where it is to stay", period: 0),
        ])
    func kept(_ test: Kept) async throws {
        try await World.run { world in
            let layer = try await world.fetch("layer")
            try await world.importImage("image", [layer], tag: "v1", from: test.reference)
            if test.isPushed { try await world.push("pushed", [layer], tags: ["own"]) }
            let context = world.context()
            var stream = try #require(try await world.streams.stream("app", namespace: "p"))
            stream.metadata.annotations = test.annotation
            if test.hasFailed {
                stream.status.tags[0].conditions = [
                    TagEventCondition(type: "ImportSuccess", status: "False", generation: 1)
                ]
            }
            _ = try await world.streams.tags.write(stream, isNew: false, options: .init(), context)
            for _ in 0..<3 {
                world.clock.pass(hours: Self.month)
                _ = try await world.collector { $0.cachePeriod = test.period }.run(BlobCollector.Request())
            }
            #expect(try await world.holds(layer))
        }
    }
}
