import Foundation
import Store
import StoreSQLite
import StoreTesting
import Synchronization
import Testing

@Suite("A process killed while it writes")
struct CrashTests {
    struct Acknowledged {
        var key: String
        var revision: Int64
        /// 0 = deleted.
        var counter: UInt64
    }

    @Test("loses nothing it acknowledged, in 60 kills", .timeLimit(.minutes(3)))
    func kills() async throws {
        let place = try Place()
        var random = SeededGenerator(seed: UInt64.random(in: 0...UInt64.max))
        var newest: [String: Acknowledged] = [:]
        var unread: [Acknowledged] = []
        var last: Int64 = 0
        var total = 0
        for kill in 1...60 {
            let lines = try await Child.run(
                directory: place.path, seed: UInt64(kill), killAfter: Int.random(in: 1...250, using: &random))
            let (base, writes) = try parse(lines)
            #expect(base >= last, "the revision went back at kill \(kill)")
            #expect(writes.allSatisfy { $0.revision > last }, "a revision was given out twice at kill \(kill)")
            #expect(Set(writes.map(\.revision)).count == writes.count)
            last = max(last, writes.map(\.revision).max() ?? 0)
            for write in writes where (newest[write.key]?.revision ?? 0) < write.revision { newest[write.key] = write }
            unread += writes
            total += writes.count
            // Every other time the next writer meets what the killed one left.
            if kill % 2 == 0 {
                last = try await verify(place.path, newest, unread, last)
                unread = []
            }
        }
        #expect(total > 60)
    }

    private func parse(_ lines: [Substring]) throws -> (base: Int64, writes: [Acknowledged]) {
        var base: Int64 = -1
        var writes: [Acknowledged] = []
        for line in lines {
            let words = line.split(separator: " ")
            try #require(words.count == 3, "the child said: \(line)")
            let revision = try #require(Int64(words[1]))
            if words[0] == "ready" {
                base = revision
            } else {
                writes.append(
                    Acknowledged(key: String(words[0]), revision: revision, counter: try #require(UInt64(words[2]))))
            }
        }
        return (base, writes)
    }

    /// - Returns: the newest revision found.
    private func verify(
        _ directory: String, _ newest: [String: Acknowledged], _ acknowledged: [Acknowledged], _ last: Int64
    ) async throws -> Int64 {
        let engine = try await SQLiteEngine.open(directory: directory)
        let current = try await engine.start { _ in }
        #expect(current >= last)
        let all = try await engine.range(.all).kvs
        var found: [String: KeyValue] = [:]
        for kv in all {
            let value = CrashValue(kv.value)
            #expect(value != nil, "the value of \(kv.key) is not whole")
            #expect(value.map { kv.key.hasPrefix($0.key) } ?? false)
            found[kv.key] = kv
        }
        for write in newest.values {
            let kv = found[write.key]
            let twin = found[write.key + "/twin"]
            #expect(kv?.modRevision == twin?.modRevision, "half a transaction is missing")
            guard let kv else {
                // Deleted by this write, or by one that was not acknowledged any more.
                let gone = try #require(found[write.key + "/gone"], "\(write.key) is lost")
                #expect(gone.modRevision >= write.revision)
                continue
            }
            #expect(kv.modRevision >= write.revision, "\(write) was acknowledged, \(kv.modRevision) is there")
            if kv.modRevision == write.revision { #expect(CrashValue(kv.value)?.counter == write.counter) }
        }
        // The history holds each acknowledged revision that is not compacted.
        let oldest = engine.compactedRevision
        let history = try await engine.events(in: .all, after: oldest, limit: 0)
        let byRevision = Dictionary(uniqueKeysWithValues: history.batches.map { ($0.revision, $0.events) })
        for write in acknowledged where write.revision > oldest {
            let events = try #require(byRevision[write.revision], "revision \(write.revision) left no history")
            if write.counter != 0 { #expect(events.contains { $0.key == write.key && $0.kind == .put }) }
        }
        #expect(
            history.batches.map(\.revision) == Array((oldest + 1)...max(current, oldest + 1)).filter { $0 <= current })
        await engine.close()
        return current
    }
}

/// The helper process, which runs until it is killed.
enum Child {
    /// - Returns: the whole lines it wrote, up to its end.
    static func run(directory: String, seed: UInt64, killAfter lines: Int) async throws -> [Substring] {
        let process = Process()
        process.executableURL = try URL(
            fileURLWithPath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        ).deletingLastPathComponent().appendingPathComponent("weir-store-crasher")
        process.arguments = [directory, "\(seed)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let pid = process.processIdentifier
        let reader = pipe.fileHandleForReading
        let bytes: [UInt8] = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes: [UInt8] = []
                var seen = 0
                var isKilled = false
                while case let data = reader.availableData, !data.isEmpty {
                    bytes += data
                    seen += data.count { $0 == 10 }
                    if seen >= lines, !isKilled {
                        kill(pid, SIGKILL)
                        isKilled = true
                    }
                }
                continuation.resume(returning: bytes)
            }
        }
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        let whole = text.last == "\n" ? text[...] : text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
        return whole.split(separator: "\n")
    }
}
