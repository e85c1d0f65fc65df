import Store

extension EngineChecks {
    /// Random transactions, reads and histories at random revisions, restarts and compactions, against the model.
    public static func agreesWithTheModel(_ factory: EngineFactory, place: String, seed: UInt64, steps: Int)
        async throws
    {
        var work = RandomWorkload(seed: seed)
        var model = StoreModel()
        var log = DeliveryLog()
        var engine = try await factory.open(place)
        var base = try await engine.start(observer: log.receive)
        var compacted: Int64 = 0
        for step in 0..<steps {
            switch Int.random(in: 0..<100, using: &work.generator) {
            case 0..<2:
                try log.requireGapless(after: base)
                try requireEqual(log.batches, model.batches.filter { $0.revision > base }, "seed \(seed) step \(step)")
                await engine.close()
                log = DeliveryLog()
                engine = try await factory.open(place)
                base = try await engine.start(observer: log.receive)
                try requireEqual(base, model.revision, "the revision after a restart, seed \(seed) step \(step)")
                try requireEqual(engine.compactedRevision, compacted)
            case 2..<4:
                compacted = max(compacted, Int64.random(in: 0...model.revision, using: &work.generator))
                try await engine.compact(to: compacted)
                try requireEqual(engine.compactedRevision, compacted)
            case 4..<20:
                try await compareRead(engine, model, compacted, &work, "seed \(seed) step \(step)")
            case 20..<30:
                try await compareHistory(engine, model, compacted, &work, "seed \(seed) step \(step)")
            default:
                try await compareCommit(engine, &model, &work, "seed \(seed) step \(step)")
            }
        }
        await engine.close()
    }

    private static func compareCommit(
        _ engine: any StoreEngine, _ model: inout StoreModel, _ work: inout RandomWorkload, _ place: String
    ) async throws {
        let transaction = work.transaction(after: model.revision)
        let expected: Int64
        do {
            expected = try model.commit(transaction)
        } catch let refusal as StoreError {
            try await requireFailure(refusal) { try await engine.commit(transaction) }
            return
        }
        try requireEqual(try await engine.commit(transaction), expected, place)
    }

    private static func compareRead(
        _ engine: any StoreEngine, _ model: StoreModel, _ compacted: Int64, _ work: inout RandomWorkload,
        _ place: String
    ) async throws {
        let range = work.range()
        let revision = Int64.random(in: 0...model.revision, using: &work.generator)
        guard revision >= compacted else {
            try await requireFailure(.compacted(oldest: compacted)) { try await engine.range(range, at: revision) }
            try await requireFailure(.compacted(oldest: compacted)) { try await engine.get("/c", at: revision) }
            return
        }
        let limit = Int.random(in: 0...5, using: &work.generator)
        let order = RangeOrder.allCases.randomElement(using: &work.generator) ?? .ascending
        let expected = model.range(range, at: revision, order: order, limit: limit)
        try requireEqual(
            try await engine.range(range, at: revision, order: order, limit: limit, keysOnly: false), expected, place)
        var bare = expected
        for index in bare.kvs.indices { bare.kvs[index].value = [] }
        try requireEqual(
            try await engine.range(range, at: revision, order: order, limit: limit, keysOnly: true), bare, place)
        let key = work.key()
        try requireEqual(
            try await engine.get(key, at: revision), model.range(.key(key), at: revision, limit: 0).kvs.first, place)
    }

    private static func compareHistory(
        _ engine: any StoreEngine, _ model: StoreModel, _ compacted: Int64, _ work: inout RandomWorkload,
        _ place: String
    ) async throws {
        let range = work.range()
        var after = Int64.random(in: 0...model.revision, using: &work.generator)
        guard after >= compacted else {
            try await requireFailure(.compacted(oldest: compacted)) {
                try await engine.events(in: range, after: after, limit: 0)
            }
            return
        }
        let expected = model.events(in: range, after: after)
        let limit = Int.random(in: 0...7, using: &work.generator)
        var found: [Event] = []
        while after < model.revision {
            let history = try await engine.events(in: range, after: after, limit: limit)
            try require(history.through > after, "history does not move on, \(place)")
            found += history.batches.flatMap(\.events)
            after = history.through
        }
        try requireEqual(found, expected, place)
    }
}
