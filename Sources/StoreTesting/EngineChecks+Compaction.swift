import Store

extension EngineChecks {
    /// Revisions are not reused after a restart, even when compaction dropped the rows of the newest one.
    public static func revisionsAreNeverReused(_ factory: EngineFactory, place: String) async throws {
        var last: Int64 = 0
        for round in 0..<4 {
            let engine = try await factory.open(place)
            let base = try await engine.start { _ in }
            try requireEqual(base, last, "after restart \(round)")
            _ = try await engine.commit(put("/k"))
            last = try await engine.commit(Transaction(mutations: [.delete(key: "/k")]))
            try requireEqual(last, base + 2)
            if round % 2 == 0 { try await engine.compact(to: last) }
            try requireEqual(try await engine.range(.all).count, 0)
            await engine.close()
        }
    }

    /// Compaction while others write and read: what is current stays, readers get an answer or `.compacted`.
    public static func compactionDoesNotDisturb(_ engine: any StoreEngine) async throws {
        _ = try await engine.start { _ in }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for round in 0..<150 { _ = try await engine.commit(put("/w/\(task)/\(round % 5)", "\(round)")) }
                }
            }
            group.addTask {
                for _ in 0..<20 { try await engine.compact(to: engine.currentRevision) }
            }
            group.addTask {
                for _ in 0..<150 {
                    let revision = engine.currentRevision
                    do {
                        let old = try await engine.range(.all, at: revision)
                        try requireEqual(old.revision, revision)
                        try require(
                            old.kvs.allSatisfy { !$0.value.isEmpty && $0.modRevision <= revision },
                            "a read during compaction is incomplete")
                        // Unlimited reads at the newest revision never fail.
                        _ = try await engine.range(.all)
                    } catch StoreError.compacted {}
                }
            }
            try await group.waitForAll()
        }
        try await engine.compact(to: engine.currentRevision)
        let left = try await engine.range(.all)
        try requireEqual(left.kvs.count, 20)
        for kv in left.kvs {
            try require((Int(String(decoding: kv.value, as: UTF8.self)) ?? 0) >= 145, "\(kv.key) lost its last value")
        }
        try await requireFailure(.compacted(oldest: engine.compactedRevision)) {
            try await engine.events(in: .all, after: engine.compactedRevision - 1, limit: 0)
        }
    }
}
