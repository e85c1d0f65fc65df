import Foundation
import Store
import StoreSQLite
import StoreTesting
import Synchronization
import Testing

@testable import Identity

/// A folder that goes with the test.
private final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "weir-keys-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var keyFile: EncryptionKeyFile { EncryptionKeyFile(path: path + "/keys") }
    var store: String { path + "/store" }

    /// Whether any file of the store holds these bytes.
    func holds(_ text: String) throws -> Bool {
        let needle = Data(text.utf8)
        return try FileManager.default.contentsOfDirectory(atPath: store).contains { name in
            try Data(contentsOf: URL(fileURLWithPath: "\(store)/\(name)")).range(of: needle) != nil
        }
    }
}

@Suite("Encryption at rest")
struct EncryptionTests {
    private static let key = SecretRules.keyPrefix + "demo/s"
    private static let canary = "hunter2-canary"

    private static func put(_ key: String, _ value: String) -> Transaction {
        Transaction(mutations: [.put(key: key, value: Array(value.utf8))])
    }

    /// Runs `body` with the engine of a folder behind its key file, and a restart before and after.
    private func with<Result>(
        _ folder: Folder, mayCreate: Bool = true,
        _ body: (EncryptedEngine, SQLiteEngine) async throws -> Result
    ) async throws -> Result {
        let bare = try await SQLiteEngine.open(directory: folder.store)
        do {
            let engine = try await EncryptedStorage.engine(bare, keyFile: folder.keyFile, mayCreate: mayCreate)
            let result = try await body(engine, bare)
            await bare.close()
            return result
        } catch {
            await bare.close()
            throw error
        }
    }

    @Test("keeps values of secrets out of all files, and leaves the others alone")
    func files() async throws {
        let folder = try Folder()
        try await with(folder) { (engine, bare) async throws in
            let delivered = Mutex<[EventBatch]>([])
            _ = try await engine.start { batches in delivered.withLock { $0 += batches } }
            _ = try await engine.commit(Self.put(Self.key, Self.canary))
            _ = try await engine.commit(Self.put("/core/configmaps/demo/m", "plain-canary"))
            _ = try await engine.commit(Self.put(Self.key, Self.canary + "2"))
            #expect(try await engine.get(Self.key)?.value == Array((Self.canary + "2").utf8))
            #expect(try await engine.get(Self.key, at: 1)?.value == Array(Self.canary.utf8))
            #expect(try await engine.range(.all).kvs.count == 2)
            #expect(try await bare.get(Self.key)?.value.starts(with: [0]) == true)
            let history = try await engine.events(in: .all, after: 0, limit: 0)
            #expect(history.batches == delivered.withLock { $0 })
            #expect(history.batches.last?.events.first?.previous?.value == Array(Self.canary.utf8))
            // While it runs: the log of the database is a file as well.
            #expect(try folder.holds(Self.canary) == false)
            #expect(try folder.holds("plain-canary"))
        }
        #expect(try folder.holds(Self.canary) == false)
        try await with(folder, mayCreate: false) { (engine, _) async throws in
            #expect(try await engine.get(Self.key)?.value == Array((Self.canary + "2").utf8))
        }
    }

    @Test("reads what was stored before there was encryption")
    func plain() async throws {
        let folder = try Folder()
        let bare = try await SQLiteEngine.open(directory: folder.store)
        _ = try await bare.commit(Self.put(Self.key, #"{"old":1}"#))
        await bare.close()
        try await with(folder) { (engine, _) async throws in
            #expect(try await engine.get(Self.key)?.value == Array(#"{"old":1}"#.utf8))
        }
    }

    @Test("opens a value only where it was put, unchanged, with its own key")
    func authenticity() throws {
        let keys = EncryptionKeys(EncryptionKey())
        let sealed = try keys.seal([1, 2, 3], for: "/a")
        #expect(try keys.open(sealed, of: "/a") == [1, 2, 3])
        #expect(try keys.seal([1, 2, 3], for: "/a") != sealed)
        #expect(throws: StoreError.self) { try keys.open(sealed, of: "/b") }
        for index in sealed.indices.dropFirst(6) {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: StoreError.self) { try keys.open(changed, of: "/a") }
        }
        for count in 6..<sealed.count {
            #expect(throws: StoreError.self) { try keys.open(Array(sealed.prefix(count)), of: "/a") }
        }
        let other = EncryptionKey()
        #expect(throws: StoreError.self) { try EncryptionKeys(other).open(sealed, of: "/a") }
        #expect(try EncryptionKeys(other, keys.keys).open(sealed, of: "/a") == [1, 2, 3])
        #expect(try keys.open(try keys.seal([], for: "/a"), of: "/a") == [])
    }

    @Test("makes a key file once, for its owner's eyes, and never in place of a lost one")
    func keyFile() async throws {
        let folder = try Folder()
        await #expect(throws: EncryptionKeyFile.Unusable.self) {
            try await with(folder, mayCreate: false) { (_, _) async throws in }
        }
        try await with(folder) { engine, _ in _ = try await engine.commit(Self.put(Self.key, Self.canary)) }
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.keyFile.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(folder.keyFile.isOpenToOthers == false)
        let text = try String(contentsOfFile: folder.keyFile.path, encoding: .utf8)
        try FileManager.default.removeItem(atPath: folder.keyFile.path)
        await #expect(throws: EncryptionKeyFile.Unusable.self) { try await with(folder) { (_, _) async throws in } }
        #expect(!FileManager.default.fileExists(atPath: folder.keyFile.path))
        try text.write(toFile: folder.keyFile.path, atomically: true, encoding: .utf8)
        try await with(folder) { (engine, _) async throws in
            #expect(try await engine.get(Self.key)?.value == Array(Self.canary.utf8))
        }
    }

    @Test(
        "refuses key files that are none, without showing them",
        arguments: ["", "# only a remark\n", "hunter2", "aHVudGVyMg==", String(repeating: "hunter2\n", count: 10_000)])
    func brokenKeyFile(_ text: String) throws {
        let folder = try Folder()
        try text.write(toFile: folder.keyFile.path, atomically: true, encoding: .utf8)
        do {
            _ = try folder.keyFile.read()
            Issue.record("it was read")
        } catch {
            #expect(!error.description.contains("hunter2"))
            #expect(error.description.contains(folder.keyFile.path))
        }
    }

    // MARK: Rekeying

    struct Stopped: Error {}

    private func rekey(_ folder: Folder, stopBefore step: Rekeying.Step? = nil) async throws -> Int {
        let engine = try await SQLiteEngine.open(directory: folder.store)
        var rekeying = Rekeying(engine: engine, keyFile: folder.keyFile) { try await engine.vacuum() }
        rekeying.step = { if $0 == step { throw Stopped() } }
        do {
            let count = try await rekeying.run()
            await engine.close()
            return count
        } catch {
            await engine.close()
            throw error
        }
    }

    private static let values = Dictionary(
        uniqueKeysWithValues: (0..<40).map { (SecretRules.keyPrefix + "demo/s\($0)", "\(canary)-\($0)") })

    private func values(_ folder: Folder) async throws -> [String: String] {
        try await with(folder, mayCreate: false) { (engine, _) async throws in
            let found = try await engine.range(.prefix(SecretRules.keyPrefix)).kvs
            return Dictionary(uniqueKeysWithValues: found.map { ($0.key, String(decoding: $0.value, as: UTF8.self)) })
        }
    }

    @Test("gives all secrets a new key, also those stored plain, and leaves nothing of the old one")
    func rekeying() async throws {
        let folder = try Folder()
        let bare = try await SQLiteEngine.open(directory: folder.store)
        _ = try await bare.commit(Self.put(SecretRules.keyPrefix + "demo/plain", Self.canary))
        await bare.close()
        try await with(folder) { (engine, _) async throws in
            for (key, value) in Self.values { _ = try await engine.commit(Self.put(key, value)) }
        }
        let old = try #require(try folder.keyFile.read())
        let mark = String(decoding: try old.seal([], for: "").prefix(6), as: UTF8.self)
        #expect(try folder.holds(mark))
        #expect(try folder.holds(Self.canary))
        #expect(try await rekey(folder) == 41)
        let new = try #require(try folder.keyFile.read())
        #expect(new.keys.count == 1)
        #expect(new.keys[0].id != old.keys[0].id)
        #expect(try folder.holds(Self.canary) == false)
        let bytes = try FileManager.default.contentsOfDirectory(atPath: folder.store).map {
            try Data(contentsOf: URL(fileURLWithPath: "\(folder.store)/\($0)"))
        }
        #expect(!bytes.contains { $0.range(of: Data(old.keys[0].id.bytes)) != nil })
        #expect(bytes.contains { $0.range(of: Data(new.keys[0].id.bytes)) != nil })
        let expected = Self.values.merging([SecretRules.keyPrefix + "demo/plain": Self.canary]) { $1 }
        #expect(try await values(folder) == expected)
    }

    @Test("can be stopped before any step of it", arguments: Rekeying.Step.allCases)
    func interruptedRekeying(_ step: Rekeying.Step) async throws {
        let folder = try Folder()
        try await with(folder) { (engine, _) async throws in
            for (key, value) in Self.values { _ = try await engine.commit(Self.put(key, value)) }
        }
        await #expect(throws: Stopped.self) { try await rekey(folder, stopBefore: step) }
        #expect(try await values(folder) == Self.values)
        #expect(try await rekey(folder) == Self.values.count)
        #expect(try await values(folder) == Self.values)
        #expect(try folder.keyFile.read()?.keys.count == 1)
    }
}
