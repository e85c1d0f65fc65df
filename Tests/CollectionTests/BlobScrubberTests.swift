import APIServer
import Foundation
import Logging
import OCI
import Store
import Synchronization
import Testing

@testable import Blobs
@testable import Registry

/// spec/registry.md W-17.
@Suite("The scrub")
struct BlobScrubberTests {
    private final class Recorder: EventRecorder {
        let occurrences = Mutex<[Occurrence]>([])
        func record(_ occurrence: Occurrence) async { occurrences.withLock { $0.append(occurrence) } }
    }

    private static func scrubber(_ world: World, _ recorder: Recorder = Recorder()) -> BlobScrubber {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var settings = BlobScrubber.Settings()
        settings.bytesPerSecond = 1 << 30
        return BlobScrubber(
            RegistryVerifier(
                index: world.index, blobs: world.blobs, streams: world.streams, namespaces: world.namespaces,
                logger: logger), switches: world.switches, settings: settings, recorder: recorder)
    }

    private static func damage(_ digest: Digest, _ world: World) throws {
        let path = BlobLayout(root: world.directory + "/blobs").data(digest)
        try Data("LAYER".utf8).write(to: URL(fileURLWithPath: path))
    }

    private static func record(_ world: World) async throws -> ScrubRecord? {
        try await world.store.get(RegistryKeys.scrub).flatMap { ScrubRecord(decoding: $0.value) }
    }

    @Test("puts damaged blobs aside, tells their streams, and begins again a month later")
    func damaged() async throws {
        try await World.run { world in
            let (layer, other) = (try await world.upload("layer"), try await world.upload("other"))
            try await world.push("m", [layer, other], tags: ["v1"])
            try Self.damage(layer, world)
            let recorder = Recorder()
            let scrubber = Self.scrubber(world, recorder)
            #expect(try await scrubber.scrub() == 0)
            #expect(try await world.index.blob(layer) == nil)
            #expect(try await world.blobs.content(of: layer) == nil)
            #expect(try await world.holds(other))
            let told = recorder.occurrences.withLock { $0 }
            #expect(told.map(\.reason) == ["DamagedBlob"])
            #expect(told.first?.object.name == "app" && told.first?.message.contains("\(layer)") == true)
            let record = try #require(try await Self.record(world))
            #expect(record.isComplete && record.blobs == 3 && record.damaged == 1)
            let wait = try await scrubber.scrub()
            #expect(wait == 2_592_000_000)
            // It is whole again when it is pushed again.
            try await world.upload("layer")
            world.clock.pass(hours: 30 * 24 + 1)
            #expect(try await scrubber.scrub() == 0)
            #expect(try await world.holds(layer))
            #expect(try await Self.record(world)?.damaged == 0)
        }
    }

    @Test("goes on where an earlier server was")
    func resumed() async throws {
        try await World.run { world in
            let digests = try await [world.upload("1"), world.upload("2"), world.upload("3")].sorted()
            for digest in digests { try Self.damage(digest, world) }
            var record = ScrubRecord(started: world.clock.milliseconds)
            record.last = digests[0]
            record.blobs = 1
            _ = try await world.store.commit(
                Transaction(mutations: [.put(key: RegistryKeys.scrub, value: record.encoded)]))
            #expect(try await Self.scrubber(world).scrub() == 0)
            #expect(try await world.holds(digests[0]))
            for digest in digests.dropFirst() { #expect(try await !world.holds(digest)) }
            #expect(try await Self.record(world)?.blobs == 3)
        }
    }

    @Test("waits while the registry is read-only")
    func readOnly() async throws {
        try await World.run { world in
            let layer = try await world.upload("layer")
            try Self.damage(layer, world)
            try await world.switches.turn(.readOnly, on: true, by: "me", now: 0)
            let scrub = Task { try await Self.scrubber(world).scrub() }
            scrub.cancel()
            await #expect(throws: CancellationError.self) { try await scrub.value }
            #expect(try await world.holds(layer))
        }
    }
}
