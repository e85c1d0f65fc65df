import Foundation
import Store
import StoreSQLite
import StoreTesting

enum Crasher {
    static func run(_ arguments: [String]) async {
        guard arguments.count == 3, let seed = UInt64(arguments[2]) else { exit(64) }
        do {
            let engine = try await SQLiteEngine.open(directory: arguments[1])
            let base = try await engine.start { _ in }
            report("ready \(base) 0")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 { group.addTask { try await write(engine, task, seed) } }
                group.addTask {
                    // Leaves 400 revisions of history, which the parent reads back.
                    while true {
                        try await engine.compact(to: max(engine.compactedRevision, engine.currentRevision - 400))
                        try await Task.sleep(for: .milliseconds(3))
                    }
                }
                try await group.waitForAll()
            }
        } catch {
            report("failed 0 0 \(error)")
            exit(1)
        }
    }

    private static func write(_ engine: SQLiteEngine, _ task: Int, _ seed: UInt64) async throws {
        var counter = seed &* 1_000_000
        while true {
            counter += 1
            let key = "/crash/\(task)/\(counter % 13)"
            let delete = counter % 17 == 0
            // Two keys a transaction: they must come back together.
            let value = CrashValue(key: key, counter: counter).encoded
            let twin = CrashValue(key: key + "/twin", counter: counter).encoded
            let transaction = Transaction(
                mutations: delete
                    ? [.delete(key: key), .delete(key: key + "/twin"), .put(key: key + "/gone", value: value)]
                    : [.put(key: key, value: value), .put(key: key + "/twin", value: twin)])
            let revision = try await engine.commit(transaction)
            report("\(key) \(revision) \(delete ? 0 : counter)")
        }
    }

    /// Short writes to a pipe are whole.
    private static func report(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Foundation.write(1, $0.baseAddress, $0.count) }
    }
}
