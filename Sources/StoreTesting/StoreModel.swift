import Store

/// The obvious implementation: every batch there ever was. Slow, and easy to believe.
public struct StoreModel: Sendable {
    public private(set) var batches: [EventBatch] = []
    public private(set) var revision: Int64 = 0
    private var current: [StoreKey: KeyValue] = [:]

    public init() {}

    public mutating func commit(_ transaction: Transaction) throws -> Int64 {
        for case .modRevision(let key, let expected) in transaction.conditions {
            let found = current[StoreKey(key)]?.modRevision ?? 0
            if found != expected { throw StoreError.conflict(key: key, current: found) }
        }
        var events: [Event] = []
        for mutation in transaction.mutations {
            let old = current[StoreKey(mutation.key)]
            switch mutation {
            case .put(let key, let value):
                let kv = KeyValue(
                    key: key, value: value, createRevision: old?.createRevision ?? revision + 1,
                    modRevision: revision + 1)
                current[StoreKey(key)] = kv
                events.append(
                    Event(
                        kind: .put, key: key, value: value, createRevision: kv.createRevision,
                        modRevision: revision + 1, previous: old))
            case .delete(let key):
                guard let old else { continue }
                current[StoreKey(key)] = nil
                events.append(
                    Event(
                        kind: .delete, key: key, value: [], createRevision: old.createRevision,
                        modRevision: revision + 1, previous: old))
            }
        }
        guard !events.isEmpty else { return revision }
        revision += 1
        batches.append(EventBatch(revision: revision, events: events))
        return revision
    }

    public func state(at revision: Int64) -> [KeyValue] {
        var state: [StoreKey: KeyValue] = [:]
        for batch in batches.prefix(while: { $0.revision <= revision }) {
            for event in batch.events { state[StoreKey(event.key)] = event.current }
        }
        return state.sorted { $0.key < $1.key }.map(\.value)
    }

    public func range(
        _ range: KeyRange, at revision: Int64, order: RangeOrder = .ascending, limit: Int
    ) -> RangeResult {
        let found = state(at: revision).filter { range.contains($0.key) }
        let all = order == .ascending ? found : found.reversed()
        let page = limit > 0 ? Array(all.prefix(limit)) : all
        return RangeResult(kvs: page, revision: revision, more: page.count < all.count, count: all.count)
    }

    public func events(in range: KeyRange, after revision: Int64) -> [Event] {
        batches.filter { $0.revision > revision }.flatMap(\.events).filter { range.contains($0.key) }
    }
}

/// Random transactions over few keys, so that they meet.
public struct RandomWorkload {
    public var generator: SeededGenerator
    private let keys: [String]

    public init(seed: UInt64, keys: [String] = RandomWorkload.keys) {
        generator = SeededGenerator(seed: seed)
        self.keys = keys
    }

    /// With characters whose Swift order and byte order differ, and a key that is another one's prefix.
    public static let keys =
        ["/a/n1/", "/a/n2/", "/b/n1/"].flatMap { prefix in
            ["a", "ab", "b", "e\u{301}", "\u{e9}", "z", "\u{ffff}", "\u{10000}"].map { prefix + $0 }
        } + ["/a", "/c", "zz"]

    public mutating func key() -> String { keys.randomElement(using: &generator) ?? "/c" }

    public mutating func range() -> KeyRange {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: .all
        case 1: .prefix("/a/")
        case 2: .prefix("/a/n1/")
        case 3: .key(key())
        case 4: .prefix("/a/n1/a")
        default: KeyRange(start: key(), end: key())
        }
    }

    public mutating func transaction(after revision: Int64) -> Transaction {
        var mutations: [Mutation] = []
        var used = Set<StoreKey>()
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let key = key()
            guard used.insert(StoreKey(key)).inserted else { continue }
            if Int.random(in: 0..<3, using: &generator) == 0 {
                mutations.append(.delete(key: key))
            } else {
                let size = [0, 1, 40, 5_000].randomElement(using: &generator) ?? 1
                mutations.append(
                    .put(key: key, value: (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ Int(revision)) }))
            }
        }
        var conditions: [Condition] = []
        if Int.random(in: 0..<4, using: &generator) == 0 {
            conditions.append(
                .modRevision(of: key(), equals: Int64.random(in: 0...max(0, revision), using: &generator)))
        }
        return Transaction(conditions: conditions, mutations: mutations)
    }
}
