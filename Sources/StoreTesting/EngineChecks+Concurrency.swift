import Store

extension EngineChecks {
    /// Many tasks raise counters by compare-and-put. Every pair of counters is always changed in one transaction, so
    /// every snapshot must show their sums equal; no update may be lost.
    public static func writesAreLinearizable(_ engine: any StoreEngine, tasks: Int = 16, rounds: Int = 40) async throws
    {
        let log = DeliveryLog()
        let base = try await engine.start(observer: log.receive)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for _ in 0..<rounds { try await raise("/pair/\(task % 3)", engine, log) }
                }
            }
            group.addTask {
                for _ in 0..<rounds { try await snapshotIsWhole(engine) }
            }
            try await group.waitForAll()
        }
        try log.requireGapless(after: base)
        let sum = try await engine.range(.prefix("/pair/")).kvs.reduce(0) { $0 + (number($1.value) ?? 0) }
        try requireEqual(sum, 2 * tasks * rounds, "updates were lost")
        try requireEqual(engine.currentRevision, base + Int64(tasks * rounds))
    }

    private static func raise(_ name: String, _ engine: any StoreEngine, _ log: DeliveryLog) async throws {
        while true {
            let left = try await engine.get(name + "/left")
            let right = try await engine.get(name + "/right", at: nil)
            let transaction = Transaction(
                conditions: [
                    .modRevision(of: name + "/left", equals: left?.modRevision ?? 0),
                    .modRevision(of: name + "/right", equals: right?.modRevision ?? 0),
                ],
                mutations: [
                    .put(key: name + "/left", value: text((number(left?.value ?? []) ?? 0) + 1)),
                    .put(key: name + "/right", value: text((number(right?.value ?? []) ?? 0) + 1)),
                ])
            do {
                let revision = try await engine.commit(transaction)
                // Read-your-writes: delivered before the commit returned.
                try require(log.batches.contains { $0.revision == revision }, "\(revision) was not delivered yet")
                return
            } catch StoreError.conflict {}
        }
    }

    private static func snapshotIsWhole(_ engine: any StoreEngine) async throws {
        let newest = try await engine.range(.prefix("/pair/"))
        let again = try await engine.range(.prefix("/pair/"), at: newest.revision)
        try requireEqual(newest.kvs, again.kvs, "two reads at one revision differ")
        for index in stride(from: 0, to: newest.kvs.count - 1, by: 2) {
            try requireEqual(newest.kvs[index].value, newest.kvs[index + 1].value, "a transaction was seen in half")
            try requireEqual(newest.kvs[index].modRevision, newest.kvs[index + 1].modRevision)
        }
    }

    private static func number(_ bytes: [UInt8]) -> Int? { Int(String(decoding: bytes, as: UTF8.self)) }

    private static func text(_ number: Int) -> [UInt8] { Array(String(number).utf8) }
}
