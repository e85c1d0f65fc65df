import APIMachinery
import OCI
import Store
import Testing

@testable import ImageStreams
@testable import Registry

@Suite("When manifests were pulled")
struct PullTimesTests {
    /// In milliseconds: uses are noted coarsely, and may be so much later than noted.
    private static let slack = TouchLog.granularity + 60_000

    private func times(_ world: World) -> RegistryPullTimes {
        RegistryPullTimes(index: world.index, namespaces: world.namespaces)
    }

    private func last(_ digest: Digest, _ world: World, in stream: String = "app") async throws -> Int64? {
        try await times(world).lastPulls(of: [digest.description], repository: (namespace: "p", stream: stream))[
            digest.description]?.secondsSince1970
    }

    @Test("are recorded since the first start, whatever starts come later")
    func since() async throws {
        try await World.run { world in
            #expect(try await times(world).recordedSince() == nil)
            try await times(world).begin()
            let first = world.clock.now
            world.clock.pass(hours: 5)
            try await times(world).begin()
            #expect(try await times(world).recordedSince() == first)
        }
    }

    @Test("are recorded anew since uses were lost, and anything may have been used then, also for the next process")
    func lost() async throws {
        try await World.run { world in
            let digest = try await world.push("app", tags: ["v1"])
            try await times(world).begin()
            world.clock.pass(hours: 5)
            world.index.touches.lose(world.clock.milliseconds)
            try await world.index.flushTouches()
            let lost = world.clock.milliseconds
            world.clock.pass(hours: 5)
            try await world.index.flushTouches()
            #expect(try await times(world).recordedSince() == Timestamp(secondsSince1970: lost / 1_000))
            let row = try #require(try await world.index.store.get(RegistryKeys.usesLost))
            #expect(String(decoding: row.value, as: UTF8.self) == String(lost))
            try await world.index.restoreTouches()
            #expect(try await last(digest, world) == (lost + Self.slack) / 1_000)
            #expect(world.index.touches.unwrittenLoss == nil)
        }
    }

    @Test("follow the record of the repository, also what nobody has written down yet")
    func records() async throws {
        try await World.run { world in
            let digest = try await world.push("app", tags: ["v1"])
            let pushed = world.clock.milliseconds
            #expect(try await last(digest, world) == (pushed + Self.slack) / 1_000)
            world.clock.pass(hours: 30)
            #expect(try await last(digest, world) == (pushed + Self.slack) / 1_000, "time alone is no pull")
            let repository = try await world.repository()
            let record = try #require(try await world.index.manifest(digest, in: repository.id))
            world.index.touch(digest, record, in: repository.id)
            let pulled = world.clock.milliseconds
            #expect(try await last(digest, world) == (pulled + Self.slack) / 1_000)
            try await world.index.flushTouches()
            #expect(try await last(digest, world) == (pulled + Self.slack) / 1_000)
        }
    }

    @Test("are those of the bytes where a repository has no record, and unknown where there are none")
    func withoutRecord() async throws {
        try await World.run { world in
            let digest = try await world.push("app", tags: ["v1"])
            world.clock.pass(hours: 1)
            let record = try #require(try await world.index.blob(digest))
            world.index.touch(digest, record)
            #expect(try await last(digest, world, in: "other") == (world.clock.milliseconds + Self.slack) / 1_000)
            #expect(try await last(Digest.sha256(of: [1]), world) == nil)
        }
    }
}
