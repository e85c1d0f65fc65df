import Store

/// The promises of ``StoreEngine``, each as a check that any engine must pass. A check gets an engine on an empty
/// place, starts it and leaves it open.
public enum EngineChecks {
    static func put(_ key: String, _ text: String = "x") -> Transaction {
        Transaction(mutations: [.put(key: key, value: Array(text.utf8))])
    }

    public static func conditionsDecide(_ engine: any StoreEngine) async throws {
        let base = try await engine.start { _ in }
        let create = Transaction(
            conditions: [.modRevision(of: "/k", equals: 0)], mutations: [.put(key: "/k", value: [1])])
        let first = try await engine.commit(create)
        try requireEqual(first, base + 1)
        try await requireFailure(.conflict(key: "/k", current: first)) { try await engine.commit(create) }
        let update = Transaction(
            conditions: [.modRevision(of: "/k", equals: first)],
            mutations: [.put(key: "/k", value: [2]), .put(key: "/other", value: [])])
        let second = try await engine.commit(update)
        try requireEqual(second, first + 1)
        try await requireFailure(.conflict(key: "/k", current: second)) { try await engine.commit(update) }
        try requireEqual(
            try await engine.get("/k"),
            KeyValue(key: "/k", value: [2], createRevision: first, modRevision: second))
        try requireEqual(
            try await engine.get("/other"),
            KeyValue(key: "/other", value: [], createRevision: second, modRevision: second))
        // One failed condition refuses all changes.
        try await requireFailure(.conflict(key: "/missing", current: 0)) {
            try await engine.commit(
                Transaction(
                    conditions: [.modRevision(of: "/k", equals: second), .modRevision(of: "/missing", equals: 7)],
                    mutations: [.put(key: "/new", value: [3]), .delete(key: "/k")]))
        }
        try requireEqual(try await engine.get("/new"), nil)
        try requireEqual(engine.currentRevision, second)
    }

    public static func deletions(_ engine: any StoreEngine) async throws {
        let log = DeliveryLog()
        let base = try await engine.start(observer: log.receive)
        let first = try await engine.commit(put("/k"))
        try requireEqual(try await engine.commit(Transaction(mutations: [.delete(key: "/absent")])), first)
        let second = try await engine.commit(Transaction(mutations: [.delete(key: "/k"), .delete(key: "/absent")]))
        try requireEqual(second, first + 1)
        try requireEqual(try await engine.get("/k"), nil)
        try requireEqual(try await engine.get("/k", at: first)?.value, Array("x".utf8))
        let third = try await engine.commit(
            Transaction(conditions: [.modRevision(of: "/k", equals: 0)], mutations: [.put(key: "/k", value: [9])]))
        try requireEqual(try await engine.get("/k")?.createRevision, third)
        let last = log.batches.last?.events.first
        try requireEqual(last?.previous, nil, "a key that was deleted has no previous value")
        try log.requireGapless(after: base)
        try requireEqual(log.batches.map(\.events.count), [1, 1, 1])
    }

    public static func nonsenseIsRefused(_ engine: any StoreEngine) async throws {
        let base = try await engine.start { _ in }
        try await requireFailure(.invalid("a transaction without a change")) {
            try await engine.commit(Transaction(conditions: [.modRevision(of: "/k", equals: 0)], mutations: []))
        }
        try await requireFailure(.invalid("the key /k is changed twice")) {
            try await engine.commit(Transaction(mutations: [.put(key: "/k", value: []), .delete(key: "/k")]))
        }
        try await requireFailure(.invalid("an empty key")) { try await engine.commit(put("")) }
        try await requireFailure(.tooLarge(limit: "4096 bytes of key")) {
            try await engine.commit(put(String(repeating: "k", count: 4_097)))
        }
        try await requireFailure(.tooLarge(limit: "65535 changes")) {
            try await engine.commit(Transaction(mutations: (0...65_535).map { .put(key: "/\($0)", value: []) }))
        }
        let full = Transaction(mutations: (0..<65_535).map { .put(key: "/\($0)", value: [1]) })
        try requireEqual(try await engine.commit(full), base + 1)
        try requireEqual(try await engine.events(in: .all, after: base, limit: 1).batches.first?.events.count, 65_535)
    }

    public static func keysAreBytes(_ engine: any StoreEngine) async throws {
        _ = try await engine.start { _ in }
        let keys = ["/e\u{301}", "/\u{e9}", "/\u{ffff}", "/\u{10000}", "/a\u{0}b", "/a", "/ab"]
        for key in keys { _ = try await engine.commit(put(key, key)) }
        let found = try await engine.range(.all).kvs
        try requireEqual(
            found.map { Array($0.key.utf8) },
            keys.map { Array($0.utf8) }.sorted(by: { $0.lexicographicallyPrecedes($1) }))
        for kv in found { try requireEqual(kv.value, Array(kv.key.utf8)) }
        try requireEqual(try await engine.get("/\u{e9}")?.value, Array("/\u{e9}".utf8))
    }

    public static func futureAndClosed(_ engine: any StoreEngine) async throws {
        let base = try await engine.start { _ in }
        try await requireFailure(.futureRevision(current: base)) { try await engine.get("/k", at: base + 1) }
        try await requireFailure(.futureRevision(current: base)) { try await engine.range(.all, at: base + 5) }
        try await requireFailure(.futureRevision(current: base)) { try await engine.compact(to: base + 1) }
        try requireEqual(try await engine.events(in: .all, after: base + 5, limit: 0).batches, [])
        await engine.close()
        await engine.close()
        try await requireFailure(.closed) { try await engine.commit(put("/k")) }
        try await requireFailure(.closed) { try await engine.get("/k") }
        try await requireFailure(.closed) { try await engine.compact(to: base) }
    }
}
