import Foundation
import Identity
import Store
import StoreSQLite
import StoreTesting
import Testing

/// A folder that goes with the test.
final class Place: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("weir-store-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

let engines = [
    EngineFactory("SQLite") { try await SQLiteEngine.open(directory: $0) },
    EngineFactory("SQLite, all values encrypted") { place in
        EncryptedEngine(
            try await SQLiteEngine.open(directory: place), keys: EncryptionKeys(encryptionKey), prefixes: [""])
    },
]

private let encryptionKey = EncryptionKey()

@Suite("Every engine")
struct EngineTests {
    private func with(
        _ factory: EngineFactory, _ check: (any StoreEngine) async throws -> Void
    ) async throws {
        let place = try Place()
        let engine = try await factory.open(place.path)
        do { try await check(engine) } catch {
            await engine.close()
            throw error
        }
        await engine.close()
    }

    @Test("applies a transaction only when its conditions hold", arguments: engines)
    func conditions(_ factory: EngineFactory) async throws {
        try await with(factory) { try await EngineChecks.conditionsDecide($0) }
    }

    @Test("forgets deleted keys and ignores absent ones", arguments: engines)
    func deletions(_ factory: EngineFactory) async throws {
        try await with(factory) { try await EngineChecks.deletions($0) }
    }

    @Test("refuses empty, contradictory and oversized transactions", arguments: engines)
    func nonsense(_ factory: EngineFactory) async throws {
        try await with(factory) { try await EngineChecks.nonsenseIsRefused($0) }
    }

    @Test("orders and tells apart keys by their bytes", arguments: engines)
    func bytes(_ factory: EngineFactory) async throws {
        try await with(factory) { try await EngineChecks.keysAreBytes($0) }
    }

    @Test("refuses revisions of the future, and everything once closed", arguments: engines)
    func futureAndClosed(_ factory: EngineFactory) async throws {
        try await with(factory) { try await EngineChecks.futureAndClosed($0) }
    }

    @Test("loses no update and shows no half transaction under concurrency", arguments: engines)
    func linearizable(_ factory: EngineFactory) async throws {
        try await with(factory) { try await EngineChecks.writesAreLinearizable($0) }
    }

    @Test("compacts without disturbing readers and writers", arguments: engines)
    func compaction(_ factory: EngineFactory) async throws {
        try await with(factory) { try await EngineChecks.compactionDoesNotDisturb($0) }
    }

    @Test("never reuses a revision", arguments: engines)
    func revisions(_ factory: EngineFactory) async throws {
        try await EngineChecks.revisionsAreNeverReused(factory, place: Place().path)
    }

    @Test("agrees with the model through restarts and compactions", arguments: engines, [1, 2, 3, 4, 5, 6] as [UInt64])
    func model(_ factory: EngineFactory, seed: UInt64) async throws {
        let place = try Place()
        try await EngineChecks.agreesWithTheModel(factory, place: place.path, seed: seed, steps: 600)
    }
}
