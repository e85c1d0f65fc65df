import Blobs
import Foundation
import OCI
import Testing

@testable import Registry

/// spec/registry.md 5.9, GC-10.
@Suite("The collector of a read-only registry")
struct ReadOnlyCollectionTests {
    @Test("a read-only registry loses nothing, and can be looked at")
    func readOnly() async throws {
        try await World.run { world in
            try await world.upload("layer")
            world.clock.pass(hours: 25)
            try await world.switches.turn(.readOnly, on: true, by: "me", now: 0)
            let collector = world.collector()
            await #expect(throws: ReadOnlyRegistry.self) { try await collector.run(.init()) }
            #expect(try await collector.run(.init(isDryRun: true)).condemned.blobs == 1)
            #expect(try await collector.pause() == .seconds(60))
            try await world.switches.turn(.readOnly, on: false, by: "me", now: 0)
            #expect(try await collector.pause() == nil)
            try await world.switches.turn(.collectionPause, on: true, by: "me", now: 0)
            #expect(try await collector.pause() == .seconds(60))
            #expect(try await collector.run(.init()).condemned.blobs == 1)
        }
    }

    @Test("a run that is under way ends when the registry becomes read-only, having removed nothing since")
    func becomesReadOnly() async throws {
        try await World.run { world in
            let blobs = [try await world.upload("1"), try await world.upload("2")]
            world.clock.pass(hours: 25)
            try await world.collect()
            world.clock.pass(hours: 25)
            await #expect(throws: ReadOnlyRegistry.self) {
                try await world.collector().run(.init()) { _ in
                    try? await world.switches.turn(.readOnly, on: true, by: "me", now: 0)
                }
            }
            for blob in blobs { #expect(try await world.blobs.content(of: blob) != nil) }
        }
    }

    @Test("a read-only namespace keeps what it has: manifests, links, blobs, uploads; others do not")
    func frozen() async throws {
        try await World.run { world in
            let other = RepositoryPath(namespace: "q", stream: "app")
            let (kept, gone) = (try await world.upload("kept"), try await world.upload("gone", to: other))
            let untagged = try await world.push("m", [try await world.upload("layer")])
            for path in [World.path, other] {
                let record = UploadRecord(try await world.repository(path), user: "u")
                _ = try await world.blobs.beginUpload(record.encoded)
            }
            world.namespaces.frozen.withLock { _ = $0.insert("p") }
            // Uploads are as old as the machine says.
            world.clock.pass(hours: Double(Date().timeIntervalSince1970) / 3_600)
            try await world.collectAll()
            #expect(try await world.holds(kept))
            #expect(try await world.holds(untagged))
            #expect(try await !world.holds(gone))
            #expect(try await world.keys(RegistryKeys.layers).count == 2)
            #expect(try await world.blobs.uploads(after: nil, limit: 10).count == 1)
            world.namespaces.frozen.withLock { $0 = [] }
            try await world.collectAll()
            #expect(try await world.keys(RegistryKeys.layers).isEmpty)
            #expect(try await !world.holds(kept))
        }
    }
}
