import APIMachinery
import APIServer
import OCI
import Store
import Synchronization
import Testing

@testable import Registry

/// A quota that tests set.
private final class TestQuota: StorageQuota {
    private let state = Mutex<(hard: Int64?, changes: Int)>((nil, 0))

    init(_ hard: Int64?) { set(hard) }

    var changes: Int { state.withLock { $0.changes } }
    func set(_ hard: Int64?) { state.withLock { $0.hard = hard } }

    func storageBounds(in namespace: String) async throws -> [StorageBound] {
        guard namespace == "p", let hard = state.withLock({ $0.hard }) else { return [] }
        return [StorageBound(name: "q", hard: Quantity(hard))]
    }

    func storageChanged(in namespace: String) { state.withLock { $0.changes += 1 } }
}

/// spec/registry.md 5.7, `registry.openshift.io/storage`.
@Suite("Quotas of bytes")
struct NamespaceStorageTests {
    private static let other = RepositoryPath(namespace: "p", stream: "other")

    private static func storage(_ world: World, _ quota: TestQuota) -> NamespaceStorage {
        NamespaceStorage(index: world.index, namespaces: world.namespaces, quota: quota)
    }

    /// Bytes of a size, which differ from others.
    private static func bytes(_ number: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: $0 == 0 ? number : $0 == 1 ? number >> 8 : $0) }
    }

    /// Uploads a blob as a client does.
    /// - Returns: the text of the refusal; nil where there is none.
    @discardableResult
    private static func push(
        _ bytes: [UInt8], to path: RepositoryPath = World.path, _ world: World, _ storage: NamespaceStorage,
        isMirrored: Bool = false
    ) async throws -> String? {
        let uid = try #require(try await world.namespaces.uid(of: path.namespace))
        let repository = try await world.index.openRepository(path, namespaceUID: uid)
        let digest = Digest.sha256(of: bytes)
        func publish() async throws {
            _ = try await world.blobs.put(bytes)
            try await world.index.publish(
                digest, size: Int64(bytes.count), as: digest, in: repository, isMirrored: isMirrored)
        }
        if isMirrored {
            try await publish()
            return nil
        }
        do {
            try await storage.charging([digest: Int64(bytes.count)], to: repository, publish)
            return nil
        } catch let error as RegistryError {
            #expect(error.status == 403 && error.entries.first?.code == .denied)
            return error.entries.first?.message
        }
    }

    private static func unlink(_ bytes: [UInt8], from path: RepositoryPath, _ world: World) async throws {
        let repository = try #require(try await world.index.repository(path, namespaceUID: "1"))
        try await world.index.unlink(Digest.sha256(of: bytes), size: Int64(bytes.count), from: repository.id)
    }

    @Test("know a blob by all its names: it can be pushed again by another one where there is no room")
    func aliases() async throws {
        try await World.run { world in
            let quota = TestQuota(10)
            let storage = Self.storage(world, quota)
            let bytes = Self.bytes(1, 8)
            #expect(try await Self.push(bytes, world, storage) == nil)
            let uid = try #require(try await world.namespaces.uid(of: World.path.namespace))
            let repository = try await world.index.openRepository(World.path, namespaceUID: uid)
            let alias = Digest.compute(.sha512, of: bytes)
            func pushed() async throws {
                try await storage.charging([alias: 8], to: repository) {
                    try await world.index.publish(
                        Digest.sha256(of: bytes), size: 8, as: alias, in: repository, isMirrored: false)
                }
            }
            await #expect(throws: RegistryError.self, "not yet known by that name") { try await pushed() }
            quota.set(100)
            try await pushed()
            quota.set(10)
            try await pushed()
            #expect(try await Self.push(Self.bytes(2, 4), world, storage) != nil)
        }
    }

    @Test("let in what fits, count a blob once in all repositories, and nothing that was fetched")
    func fits() async throws {
        try await World.run { world in
            let quota = TestQuota(10)
            let storage = Self.storage(world, quota)
            #expect(try await Self.push(Self.bytes(1, 4), world, storage) == nil)
            #expect(try await Self.push(Self.bytes(1, 4), to: Self.other, world, storage) == nil)
            #expect(try await Self.push(Self.bytes(2, 20), world, storage, isMirrored: true) == nil)
            #expect(try await storage.used(in: "p") == 4)
            #expect(try await Self.push(Self.bytes(3, 6), world, storage) == nil)
            #expect(quota.changes == 2)
            let refusal = try await Self.push(Self.bytes(4, 2), to: Self.other, world, storage)
            #expect(
                refusal
                    == "exceeded quota: q, requested: registry.openshift.io/storage=2, "
                    + "used: registry.openshift.io/storage=10, limited: registry.openshift.io/storage=10")
            // Whoever pushes what was fetched pays for it.
            #expect(try await Self.push(Self.bytes(2, 20), world, storage) != nil)
            quota.set(30)
            #expect(try await Self.push(Self.bytes(2, 20), world, storage) == nil)
            #expect(try await storage.used(in: "p") == 30)
            // And it stays so, whoever fetches it afterwards.
            try await Self.push(Self.bytes(2, 20), world, storage, isMirrored: true)
            #expect(try await Self.storage(world, quota).used(in: "p") == 30)
        }
    }

    @Test("hold however many push at once, of the same and of different blobs")
    func crowd() async throws {
        try await World.run { world in
            let storage = Self.storage(world, TestQuota(70))
            let refused = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let path = number % 2 == 0 ? World.path : Self.other
                        return (
                            number / 3, try await Self.push(Self.bytes(number / 3, 10), to: path, world, storage) != nil
                        )
                    }
                }
                return try await group.reduce(into: [Int: Set<Bool>]()) { $0[$1.0, default: []].insert($1.1) }
            }
            let used = try await storage.used(in: "p")
            #expect(used == 70)
            #expect(refused.values.count { $0.contains(false) } == 7)
            #expect(try await Self.storage(world, TestQuota(0)).used(in: "p") == used)
        }
    }

    @Test("are right again after a restart, and after what was there has gone")
    func recount() async throws {
        try await World.run { world in
            let quota = TestQuota(10)
            let storage = Self.storage(world, quota)
            try await Self.push(Self.bytes(1, 6), world, storage)
            try await Self.push(Self.bytes(1, 6), to: Self.other, world, storage)
            try await Self.push(Self.bytes(2, 3), to: Self.other, world, storage)
            let restarted = Self.storage(world, quota)
            #expect(try await Self.push(Self.bytes(3, 5), world, restarted) != nil)
            #expect(try await restarted.used(in: "p") == 9)

            try await Self.unlink(Self.bytes(1, 6), from: World.path, world)
            storage.shrunk("p")
            // The other repository still has it.
            #expect(try await Self.push(Self.bytes(3, 5), world, storage) != nil)
            try await Self.unlink(Self.bytes(1, 6), from: Self.other, world)
            storage.shrunk("p")
            #expect(try await Self.push(Self.bytes(3, 5), world, storage) == nil)
            #expect(try await storage.used(in: "p") == 8)

            // A namespace that is made anew is empty.
            world.namespaces.set("p", "2")
            #expect(try await storage.used(in: "p") == 0)
            #expect(try await Self.push(Self.bytes(4, 10), world, storage) == nil)
            world.namespaces.set("p", nil)
            #expect(try await storage.used(in: "p") == 0)
        }
    }

    @Test("see what was pushed while there was none, and what was pushed when one had gone")
    func comeAndGo() async throws {
        try await World.run { world in
            let quota = TestQuota(nil)
            let storage = Self.storage(world, quota)
            try await Self.push(Self.bytes(1, 8), world, storage)
            quota.set(10)
            #expect(try await Self.push(Self.bytes(2, 3), world, storage) != nil)
            quota.set(nil)
            #expect(try await Self.push(Self.bytes(2, 3), world, storage) == nil)
            quota.set(12)
            #expect(try await Self.push(Self.bytes(3, 2), world, storage) != nil)
            #expect(try await storage.used(in: "p") == 11)
        }
    }

    @Test("give back what a push took that failed")
    func failure() async throws {
        struct Failed: Error {}
        try await World.run { world in
            let storage = Self.storage(world, TestQuota(10))
            let repository = try await world.index.openRepository(World.path, namespaceUID: "1")
            await #expect(throws: Failed.self) {
                try await storage.charging([Digest.sha256(of: [1]): 10], to: repository) { throw Failed() }
            }
            #expect(try await Self.push(Self.bytes(1, 10), world, storage) == nil)
        }
    }

    @Test("keep sums of some namespaces only, and count the others again")
    func capacity() async throws {
        try await World.run { world in
            let quota = TestQuota(10)
            let storage = NamespaceStorage(
                index: world.index, namespaces: world.namespaces, quota: quota, capacity: 1)
            try await Self.push(Self.bytes(1, 8), world, storage)
            for number in 0..<3 {
                world.namespaces.set("n\(number)", "\(number)")
                #expect(try await storage.used(in: "n\(number)") == 0)
            }
            #expect(try await Self.push(Self.bytes(2, 3), world, storage) != nil)
            #expect(try await storage.used(in: "p") == 8)
        }
    }

    @Test("shrink when links are collected")
    func collected() async throws {
        try await World.run { world in
            let quota = TestQuota(10)
            let storage = Self.storage(world, quota)
            try await Self.push(Self.bytes(1, 8), world, storage)
            #expect(try await storage.used(in: "p") == 8)
            world.clock.pass(hours: 30)
            let collector = BlobCollector(
                index: world.index, blobs: world.blobs, streams: world.streams, namespaces: world.namespaces,
                storage: storage, load: RegistryLoad(), logger: .init(label: "test"))
            _ = try await collector.run(BlobCollector.Request())
            #expect(try await storage.used(in: "p") == 0)
        }
    }
}
