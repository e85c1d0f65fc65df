import APIMachinery
import Foundation
import OCI
import Store
import StoreTesting
import Testing

@testable import Registry

/// Random pushes, deletions, runs of the collector and crashes at the same time (spec/registry.md 9.5).
///
/// What is promised: whoever was told that a blob is there can push a manifest over it within the grace, and what tags
/// refer to is never incomplete; and when nobody does anything any more, what nothing refers to goes.
@Suite("The collector among pushes, deletions and crashes")
struct CollectionPropertyTests {
    /// What one client knows.
    private struct Client {
        var told: [Digest: Int64] = [:]
    }

    private static let tags = ["a", "b", "c"]

    /// One client's step; what it was told counts for a grace.
    private static func step(
        _ world: World, _ client: inout Client, _ random: inout SeededGenerator
    ) async throws {
        let tag = tags.randomElement(using: &random) ?? "a"
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3:
            let text = "blob \(Int.random(in: 0..<12, using: &random))"
            client.told[try await world.upload(text)] = world.clock.milliseconds
        case 3..<5:
            let digest = Digest.sha256(of: Array("blob \(Int.random(in: 0..<12, using: &random))".utf8))
            let isThere = try await world.head(digest)
            client.told[digest] = isThere ? world.clock.milliseconds : nil
        case 5..<8:
            // It relies on what it was told within the last hour: the shortest grace that may be set.
            let now = world.clock.milliseconds
            let usable = client.told.filter { now - $0.value < 3_600_000 }.keys.sorted()
            guard !usable.isEmpty else { return }
            let layers = usable.shuffled(using: &random).prefix(3)
            for layer in layers {
                // As a push does: it must be here, since that was said.
                guard try await world.head(layer) else { throw Lost(digest: layer, what: "was promised") }
            }
            let isTagged = Bool.random(using: &random)
            let name = "m\(Int.random(in: 0..<20, using: &random))"
            do { try await world.push(name, layers.sorted(), tags: isTagged ? [tag] : []) } catch let error
                as RegistryError where error.status == 409
            {
                // Its stream was deleted at the same time.
            } catch let error as APIError where error.reason == "NotFound" {
                // Likewise.
            }
        case 8:
            do { try await world.deleteTag(tag) } catch {
                // There is none.
            }
        default:
            if Int.random(in: 0..<4, using: &random) == 0 { try? await world.deleteStream() }
        }
    }

    struct Lost: Error, CustomStringConvertible {
        var digest: Digest
        var what: String
        var description: String { "\(digest) \(what) and is gone" }
    }

    /// Everything that a tag refers to is there.
    private static func check(_ world: World) async throws {
        guard let stream = try await world.streams.stream("app", namespace: "p") else { return }
        for image in stream.status.tags.flatMap({ $0.items.map(\.image) }) {
            guard let digest = Digest(image) else { continue }
            guard try await world.holds(digest) else { throw Lost(digest: digest, what: "has a tag") }
            for layer in try await world.streams.layerRecord(of: image)?.layers ?? [] {
                guard let blob = Digest(layer.name) else { continue }
                guard try await world.holds(blob) else { throw Lost(digest: blob, what: "is a layer of a tag") }
            }
        }
    }

    @Test("lose nothing that is reachable or was promised, and leave nothing behind", arguments: 0..<12)
    func interleavings(_ seed: Int) async throws {
        try await World.inDirectory { directory in
            let clock = TestClock()
            var random = SeededGenerator(seed: UInt64(seed))
            var clients = [Client(), Client(), Client()]
            for _ in 0..<6 {
                let world = try await World(directory, clock: clock)
                let result: Result<[Client], any Error>
                do { result = .success(try await Self.session(world, clients, &random)) } catch {
                    result = .failure(error)
                }
                // A crash: what was not written down of uses is lost, which the window allows for.
                await world.close()
                clients = try result.get()
            }
            let world = try await World(directory, clock: clock)
            let end: Result<Void, any Error>
            do { end = .success(try await Self.end(world)) } catch { end = .failure(error) }
            await world.close()
            try end.get()
        }
    }

    /// Rounds in which clients work while the collector runs.
    private static func session(
        _ world: World, _ before: [Client], _ random: inout SeededGenerator
    ) async throws -> [Client] {
        var clients = before
        for _ in 0..<8 {
            let seeds = clients.map { _ in random.next() }
            let steps = Int.random(in: 1..<8, using: &random)
            let known = clients
            clients = try await withThrowingTaskGroup(of: (Int, Client).self) { group in
                for (number, seed) in seeds.enumerated() {
                    group.addTask {
                        var client = known[number]
                        var own = SeededGenerator(seed: seed)
                        for _ in 0..<steps { try await Self.step(world, &client, &own) }
                        return (number, client)
                    }
                }
                let isCut = Bool.random(using: &random)
                let cut = Int.random(in: 0..<20, using: &random)
                group.addTask {
                    let run = Task { try await world.collect() }
                    if isCut {
                        // As if the process had ended in the middle of the run.
                        for _ in 0..<cut * 20 { await Task.yield() }
                        run.cancel()
                    }
                    do { _ = try await run.value } catch is CancellationError {}
                    return (-1, Client())
                }
                var after = known
                for try await (number, client) in group where number >= 0 { after[number] = client }
                return after
            }
            try await check(world)
            world.clock.pass(hours: [0.1, 0.5, 5, 25, 26].randomElement(using: &random) ?? 1)
        }
        return clients
    }

    /// Everybody has gone: only what tags refer to is left.
    private static func end(_ world: World) async throws {
        try await world.collectAll()
        try await check(world)
        var expected = Set<Digest>()
        if let stream = try await world.streams.stream("app", namespace: "p") {
            for image in stream.status.tags.flatMap({ $0.items.map(\.image) }) {
                expected.formUnion([image].compactMap { Digest($0) })
                let record = try await world.streams.layerRecord(of: image)
                expected.formUnion((record?.layers ?? []).compactMap { Digest($0.name) })
            }
        }
        let rows = try await world.keys(RegistryKeys.blobs).compactMap { Digest($0) }
        #expect(Set(rows) == expected)
        #expect(Set(try await world.files()) == expected)
        try await world.deleteStreamIfAny()
        try await world.collectAll()
        for prefix in [RegistryKeys.root, "/weir.dev/registry/"] { #expect(try await world.keys(prefix).isEmpty) }
        #expect(try await world.files().isEmpty)
    }
}

extension World {
    func deleteStreamIfAny() async throws {
        if try await streams.stream("app", namespace: "p") != nil { try await deleteStream() }
    }
}
