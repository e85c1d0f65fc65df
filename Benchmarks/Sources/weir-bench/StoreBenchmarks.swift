import Foundation
import Store
import StoreSQLite

/// The store's figures, each with its target or a peer's figure. Values have 8 KiB.
func benchmarkStore() async throws {
    let benchmark = StoreBenchmark(directory: NSTemporaryDirectory() + "weir-bench-store-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: benchmark.directory) }
    try await benchmark.run()
}

private struct StoreBenchmark {
    let directory: String
    private let value = [UInt8](repeating: 0x57, count: 8_192)
    private let writers = 64
    private let rounds = 500

    func run() async throws {
        try await writesAndReads()
        try await start()
        try await watchers()
        try peer()
    }

    private func key(_ writer: Int, _ index: Int) -> String {
        "/openshift.io/imagestreams/namespace-\(writer)/object-\(index)"
    }

    // MARK: Engine and cache

    private func writesAndReads() async throws {
        let store = Store(engine: try await SQLiteEngine.open(directory: directory))
        let cache = store.cache(prefix: "/openshift.io/imagestreams/") { $0.value }
        try await store.start()
        let count = writers * rounds
        try await measure("store: create, 64 writers", count, "target 20,000/s") { try await writeAll(store) }
        try await measure("store: update, 64 writers", count, "") { try await writeAll(store) }
        try await measure("store: update one after the other", 1_000, "") {
            for index in 0..<1_000 { try await put(store, key(0, index % rounds)) }
        }
        let current = store.currentRevision
        try await measure("store: compact changes", Int(current), "") { try await store.engine.compact(to: current) }
        try await measure("store: update while compacting", count, "") {
            let compaction = Task { try await store.engine.compact(to: store.currentRevision) }
            try await writeAll(store)
            try await compaction.value
        }
        try await measure("store: cached reads, one task", 500_000, "target 500,000/s") {
            var found = 0
            for index in 0..<500_000 {
                found += try await cache.entry(for: key(index & 63, index % rounds))?.value.count ?? 0
            }
            precondition(found == 500_000 * 8_192)
        }
        let keys = (0..<count).map { key($0 & 63, $0 % rounds) }
        try await measure("store: cached reads, one task, keys at hand", 500_000, "target 500,000/s") {
            for index in 0..<500_000 {
                let entry = try await cache.entry(for: keys[index % count])
                precondition(entry != nil)
            }
        }
        try await measure("store: snapshots of all \(count) entries", 20, "") {
            for _ in 0..<20 {
                let snapshot = try await cache.snapshot()
                precondition(snapshot.entries.count == count)
            }
        }
        try await measure("store: reads from the engine, 16 tasks", 16 * 1_000, "") {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<16 {
                    group.addTask { for index in 0..<1_000 { _ = try await store.get(key(task, index % rounds)) } }
                }
                try await group.waitForAll()
            }
        }
        try await measure("store: list of 10,000 from the engine, objects", 10_000, "SQLite's C API 120,000–180,000/s")
        {
            _ = try await store.range(.all, limit: 10_000)
        }
        await store.close()
    }

    private func writeAll(_ store: Store) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask { for index in 0..<rounds { try await put(store, key(writer, index)) } }
            }
            try await group.waitForAll()
        }
    }

    private func put(_ store: Store, _ key: String) async throws {
        _ = try await store.commit(Transaction(mutations: [.put(key: key, value: value)]))
    }

    // MARK: Start

    private func start() async throws {
        let place = directory + "/small"
        let engine = try await SQLiteEngine.open(directory: place)
        _ = try await engine.start { _ in }
        for batch in 0..<50 {
            let mutations = (0..<100).map { Mutation.put(key: key(batch, $0), value: value) }
            _ = try await engine.commit(Transaction(mutations: mutations))
        }
        await engine.close()
        for kind in ["first", "again"] {
            let clock = ContinuousClock.now
            let engine = try await SQLiteEngine.open(directory: place)
            let opened = ContinuousClock.now
            let store = Store(engine: engine)
            _ = store.cache(prefix: "/openshift.io/imagestreams/") { $0.value }
            try await store.start()
            let ready = clock.duration(to: .now)
            print(
                "store: start with 5,000 objects (\(kind)): open \(clock.duration(to: opened)), ready \(ready); target 300 ms"
            )
            await store.close()
        }
    }

    // MARK: Watches

    private func watchers() async throws {
        let store = Store(engine: try await SQLiteEngine.open(directory: directory + "/watch"))
        let cache = store.cache(prefix: "/r/") { $0.value }
        try await store.start()
        let crowd = 5_000
        for (name, range) in [("all of them", KeyRange?.none), ("none of them", .prefix("/r/other/"))] {
            let deadline = ContinuousClock.now + .seconds(2)
            try await withThrowingTaskGroup(of: ContinuousClock.Instant.self) { group in
                for _ in 0..<crowd {
                    let cursor = try await cache.watch(after: cache.revision, range: range)
                    group.addTask {
                        _ = try await cursor.next(deadline: deadline)
                        return .now
                    }
                }
                try await Task.sleep(for: .milliseconds(500))
                let begin = ContinuousClock.now
                try await put(store, "/r/n/a")
                let committed = begin.duration(to: .now)
                var last = begin
                for try await woken in group { last = max(last, woken) }
                let delay = range == nil ? "last one woken after \(begin.duration(to: last))" : "quiet"
                print("store: one commit, \(crowd) waiting cursors, wakes \(name): commit \(committed), \(delay)")
            }
        }
        await store.close()
    }

    // MARK: Peer

    /// The same values through SQLite's shell, one commit each.
    private func peer() throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/sqlite3") else {
            print("store: peer: no sqlite3 here")
            return
        }
        let count = 3_000
        var script = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB);\n"
        for index in 0..<count { script += "INSERT INTO t VALUES ('\(key(index & 63, index))', zeroblob(8192));\n" }
        let input = directory + "/peer.sql"
        try script.write(toFile: input, atomically: true, encoding: .utf8)
        shell.arguments = [directory + "/peer.db"]
        shell.standardInput = FileHandle(forReadingAtPath: input)
        shell.standardOutput = FileHandle.nullDevice
        let begin = ContinuousClock.now
        try shell.run()
        shell.waitUntilExit()
        report("peer: sqlite3 shell, one commit each", count, begin.duration(to: .now), 0, "")
    }

    // MARK: Reporting

    private func measure(
        _ name: String, _ count: Int, _ target: String, _ body: () async throws -> Void
    ) async throws {
        let cpu = Self.processorSeconds()
        let time = try await ContinuousClock().measure(body)
        report(name, count, time, Self.processorSeconds() - cpu, target)
    }

    private func report(_ name: String, _ count: Int, _ time: Duration, _ cpu: Double, _ target: String) {
        let rate = Int(Double(count) / (time / .seconds(1)))
        let each = String(format: "%.1f", cpu / Double(count) * 1e6)
        print(
            "\(name): \(rate)/s" + (cpu > 0 ? ", \(each) µs of CPU each" : "") + (target.isEmpty ? "" : "; \(target)"))
    }

    /// CPU seconds of the process so far.
    private static func processorSeconds() -> Double {
        Double(clock()) / Double(CLOCKS_PER_SEC)
    }
}
