import Store

/// A store engine that keeps the values of some keys encrypted.
///
/// It stands between the engine and the caches: what is in memory, in answers and in watches is plain, what is in files,
/// logs and backups is not. Keys, revisions and the size of values are visible. All promises of the engine below hold.
public struct EncryptedEngine: StoreEngine {
    private let engine: any StoreEngine
    private let keys: EncryptionKeys
    private let prefixes: [String]

    /// - Parameter prefixes: of the keys whose values are encrypted when they are written.
    public init(_ engine: any StoreEngine, keys: EncryptionKeys, prefixes: [String]) {
        self.engine = engine
        self.keys = keys
        self.prefixes = prefixes
    }

    public var currentRevision: Int64 { engine.currentRevision }
    public var compactedRevision: Int64 { engine.compactedRevision }

    public func start(observer: @escaping @Sendable ([EventBatch]) -> Void) async throws(StoreError) -> Int64 {
        try await engine.start { batches in
            // These were written a moment ago, by this process or one with the same keys. One that all the same does
            // not decrypt is handed on as it is: a client sees the damage, and nothing is lost by hiding it.
            observer(batches.map { batch in (try? opened(batch)) ?? batch })
        }
    }

    public func commit(_ transaction: Transaction) async throws(StoreError) -> Int64 {
        try transaction.validate()
        var sealed = transaction
        for (index, mutation) in transaction.mutations.enumerated() {
            guard case .put(let key, let value) = mutation, isCovered(key) else { continue }
            sealed.mutations[index] = .put(key: key, value: try keys.seal(value, for: key))
        }
        return try await engine.commit(sealed)
    }

    public func get(_ key: String, at revision: Int64?) async throws(StoreError) -> KeyValue? {
        guard let keyValue = try await engine.get(key, at: revision) else { return nil }
        return try opened(keyValue)
    }

    public func range(
        _ range: KeyRange, at revision: Int64?, order: RangeOrder, limit: Int, keysOnly: Bool
    ) async throws(StoreError) -> RangeResult {
        var result = try await engine.range(range, at: revision, order: order, limit: limit, keysOnly: keysOnly)
        guard !keysOnly else { return result }
        for index in result.kvs.indices where isCovered(result.kvs[index].key) {
            result.kvs[index] = try opened(result.kvs[index])
        }
        return result
    }

    public func events(in range: KeyRange, after revision: Int64, limit: Int) async throws(StoreError) -> History {
        var history = try await engine.events(in: range, after: revision, limit: limit)
        for index in history.batches.indices { history.batches[index] = try opened(history.batches[index]) }
        return history
    }

    public func compact(to revision: Int64) async throws(StoreError) { try await engine.compact(to: revision) }

    public func close() async { await engine.close() }

    // MARK: Values

    private func isCovered(_ key: String) -> Bool { prefixes.contains { KeyOrder.hasPrefix(key, $0) } }

    private func opened(_ keyValue: KeyValue) throws(StoreError) -> KeyValue {
        guard isCovered(keyValue.key) else { return keyValue }
        var plain = keyValue
        plain.value = try keys.open(keyValue.value, of: keyValue.key)
        return plain
    }

    private func opened(_ batch: EventBatch) throws(StoreError) -> EventBatch {
        guard batch.events.contains(where: { isCovered($0.key) }) else { return batch }
        var plain = batch
        for index in plain.events.indices where isCovered(plain.events[index].key) {
            if plain.events[index].kind == .put {
                plain.events[index].value = try keys.open(plain.events[index].value, of: plain.events[index].key)
            }
            if let previous = plain.events[index].previous { plain.events[index].previous = try opened(previous) }
        }
        return plain
    }
}
