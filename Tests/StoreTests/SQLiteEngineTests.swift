import Foundation
import GRDB
import Store
import StoreTesting
import Testing

@testable import StoreSQLite

@Suite("The SQLite engine")
struct SQLiteEngineTests {
    private func put(_ key: String, _ size: Int = 100) -> Transaction {
        Transaction(mutations: [.put(key: key, value: [UInt8](repeating: 7, count: size))])
    }

    @Test("syncs every commit: GRDB's synchronous=NORMAL does not stay")
    func durability() async throws {
        let place = try Place()
        for _ in 0..<2 {
            let engine = try await SQLiteEngine.open(directory: place.path)
            _ = try await engine.start { _ in }
            _ = try await engine.commit(put("/a"))
            let settings = try await engine.write { db in
                try ["synchronous", "journal_mode", "page_size"].map { name in
                    try String.fetchOne(db, sql: "PRAGMA \(name)") ?? "?"
                }
            }
            #expect(settings == ["2", "wal", "8192"])
            await engine.close()
        }
    }

    @Test("is for one store at a time, and says who has it")
    func lock() async throws {
        let place = try Place()
        let engine = try await SQLiteEngine.open(directory: place.path)
        let pid = ProcessInfo.processInfo.processIdentifier
        try await requireFailure(.locked(path: place.path, pid: pid)) {
            try await SQLiteEngine.open(directory: place.path)
        }
        #expect("\(StoreError.locked(path: "/d", pid: 12))".contains("in use by the process 12"))
        await engine.close()
        let again = try await SQLiteEngine.open(directory: place.path)
        await again.close()
    }

    private func openingFails(_ place: Place, with text: String) async throws {
        do {
            let engine = try await SQLiteEngine.open(directory: place.path)
            await engine.close()
            Issue.record("a damaged store was opened")
        } catch StoreError.corrupt(let path, let detail) {
            #expect(path == place.path + "/store.db")
            #expect(detail.lowercased().contains(text) && detail.contains("backup"), "\(detail)")
        }
    }

    @Test("refuses a file that is not a database, and leaves it alone")
    func notADatabase() async throws {
        for content in ["nonsense", String(repeating: "nonsense ", count: 5_000)] {
            let place = try Place()
            try content.write(toFile: place.path + "/store.db", atomically: false, encoding: .utf8)
            try await openingFails(place, with: "not a database")
            #expect(try String(contentsOfFile: place.path + "/store.db", encoding: .utf8) == content)
        }
    }

    @Test("refuses another program's database and a newer format")
    func foreign() async throws {
        let place = try Place()
        try await DatabaseQueue(path: place.path + "/store.db").write { try $0.execute(sql: "CREATE TABLE t (a)") }
        try await openingFails(place, with: "another program")
        let newer = try Place()
        try await SQLiteEngine.open(directory: newer.path).close()
        try await DatabaseQueue(path: newer.path + "/store.db").write { try $0.execute(sql: "PRAGMA user_version = 9") }
        try await openingFails(newer, with: "its format is 9")
    }

    @Test("finds damaged pages after an unclean end")
    func damagedPages() async throws {
        let place = try Place()
        let engine = try await SQLiteEngine.open(directory: place.path)
        _ = try await engine.start { _ in }
        for index in 0..<100 { _ = try await engine.commit(put("/\(index)", 8_000)) }
        await engine.close()
        let file = place.path + "/store.db"
        try await DatabaseQueue(path: file).write {
            try $0.execute(sql: "UPDATE meta SET value = 0 WHERE name = 'clean'")
        }
        let handle = try #require(FileHandle(forUpdatingAtPath: file))
        for page in 4..<20 {
            try handle.seek(toOffset: UInt64(page * 8_192))
            try handle.write(contentsOf: Data(repeating: 0xAB, count: 512))
        }
        try handle.close()
        try await openingFails(place, with: "page")
    }

    @Test("reports a full file, applies nothing, and works again when there is space")
    func fullFile() async throws {
        let place = try Place()
        var configuration = SQLiteEngine.Configuration()
        configuration.maximumPages = 100
        let engine = try await SQLiteEngine.open(directory: place.path, configuration: configuration)
        try await fillsUp(
            engine,
            makeSpace: {
                try await engine.write { db in try db.execute(sql: "PRAGMA max_page_count = 10000") }
            })
        await engine.close()
    }

    @Test("survives a full disk", .enabled(if: getuid() == 0))
    func fullDisk() async throws {
        let place = try Place()
        guard try await run("/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place.path) else {
            return  // Mounting is not permitted here; the full file above is the same path.
        }
        let engine = try await SQLiteEngine.open(directory: place.path)
        try await fillsUp(
            engine,
            makeSpace: {
                _ = try await run("/bin/mount", "-o", "remount,size=64m", place.path)
            })
        await engine.close()
        let again = try await SQLiteEngine.open(directory: place.path)
        #expect(try await again.get("/after-full") != nil)
        await again.close()
        #expect(try await run("/bin/umount", place.path))
    }

    private func fillsUp(_ engine: SQLiteEngine, makeSpace: () async throws -> Void) async throws {
        let log = DeliveryLog()
        let base = try await engine.start(observer: log.receive)
        var written: [String] = []
        var refusals = 0
        for index in 0..<1_000 where refusals < 3 {
            if try await isRefusedAsFull(put("/\(index)", 8_000), engine) {
                refusals += 1
            } else {
                written.append("/\(index)")
            }
        }
        #expect(refusals == 3)
        // Concurrent writers all get the answer.
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<8 {
                group.addTask { try await isRefusedAsFull(put("/c\(index)", 2_000_000), engine) }
            }
            for try await isFull in group { #expect(isFull) }
        }
        #expect(Set(try await engine.range(.all, limit: 0).kvs.map(\.key)) == Set(written))
        #expect(engine.currentRevision == base + Int64(written.count))
        try await makeSpace()
        _ = try await engine.commit(put("/after-full", 8_000))
        try log.requireGapless(after: base)
        #expect(log.batches.count == written.count + 1)
    }

    private func isRefusedAsFull(_ transaction: Transaction, _ engine: SQLiteEngine) async throws -> Bool {
        do {
            _ = try await engine.commit(transaction)
            return false
        } catch {
            guard case .full = error else { throw error }
            return true
        }
    }

    private func run(_ program: String, _ arguments: String...) async throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = nil
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test("copies itself while it is written to")
    func backup() async throws {
        let place = try Place()
        let copies = try Place()
        let engine = try await SQLiteEngine.open(directory: place.path)
        _ = try await engine.start { _ in }
        for index in 0..<50 { _ = try await engine.commit(put("/\(index)", 5_000)) }
        let path = copies.path + "/store.db"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { for index in 0..<100 { _ = try await engine.commit(put("/w\(task)/\(index)", 5_000)) } }
            }
            group.addTask { try await engine.backup(to: path) }
            try await group.waitForAll()
        }
        try await requireFailure(.invalid("\(path) exists already")) { try await engine.backup(to: path) }
        let copy = try await SQLiteEngine.open(directory: copies.path)
        let revision = try await copy.start { _ in }
        #expect(revision >= 50)
        #expect(try await copy.range(.all) == engine.range(.all, at: revision))
        #expect(try await copy.commit(put("/new")) == revision + 1)
        await copy.close()
        await engine.close()
    }

    @Test("keeps after a compaction only what can be read")
    func compaction() async throws {
        let place = try Place()
        let engine = try await SQLiteEngine.open(directory: place.path)
        _ = try await engine.start { _ in }
        for index in 0..<1_000 { _ = try await engine.commit(put("/\(index % 10)")) }
        for index in 0..<5 { _ = try await engine.commit(Transaction(mutations: [.delete(key: "/\(index)")])) }
        try await engine.compact(to: 1_005)
        let rows = try await engine.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM log") }
        #expect(rows == 5)
        await engine.close()
    }
}
