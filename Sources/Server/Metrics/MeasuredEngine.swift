import APIServer
import Store

/// A store engine whose calls are timed, under the names that the reference has for its calls to etcd.
struct MeasuredEngine: StoreEngine {
    private let engine: any StoreEngine
    private let seconds: [Operation: Histogram]

    private enum Operation: String, CaseIterable {
        case commit = "txn"
        case get
        case range = "list"
        case events
        case compact
    }

    init(_ engine: any StoreEngine, metrics: MetricsRegistry) {
        self.engine = engine
        let seconds = Dictionary(
            uniqueKeysWithValues: Operation.allCases.map { ($0, Histogram(HistogramBounds.storeSeconds)) })
        self.seconds = seconds
        metrics.register { text in
            text.begin(
                "etcd_request_duration_seconds", .histogram, help: "Seconds of calls to the store, by operation.")
            for operation in Operation.allCases {
                guard let values = seconds[operation]?.values, values.count > 0 else { continue }
                text.histogram([("operation", operation.rawValue), ("type", "store")], values)
            }
        }
        metrics.register { [engine] text in
            text.begin("weir_store_revision", .gauge, help: "The newest revision of the store.")
            text.sample([], Int(engine.currentRevision))
            text.begin("weir_store_compacted_revision", .gauge, help: "History before this revision is gone.")
            text.sample([], Int(engine.compactedRevision))
        }
    }

    var currentRevision: Int64 { engine.currentRevision }
    var compactedRevision: Int64 { engine.compactedRevision }

    func start(observer: @escaping @Sendable ([EventBatch]) -> Void) async throws(StoreError) -> Int64 {
        try await engine.start(observer: observer)
    }

    func commit(_ transaction: Transaction) async throws(StoreError) -> Int64 {
        let began = ContinuousClock.now
        defer { note(.commit, began) }
        return try await engine.commit(transaction)
    }

    func get(_ key: String, at revision: Int64?) async throws(StoreError) -> KeyValue? {
        let began = ContinuousClock.now
        defer { note(.get, began) }
        return try await engine.get(key, at: revision)
    }

    func range(
        _ range: KeyRange, at revision: Int64?, order: RangeOrder, limit: Int, keysOnly: Bool
    ) async throws(StoreError) -> RangeResult {
        let began = ContinuousClock.now
        defer { note(.range, began) }
        return try await engine.range(range, at: revision, order: order, limit: limit, keysOnly: keysOnly)
    }

    func events(in range: KeyRange, after revision: Int64, limit: Int) async throws(StoreError) -> History {
        let began = ContinuousClock.now
        defer { note(.events, began) }
        return try await engine.events(in: range, after: revision, limit: limit)
    }

    func compact(to revision: Int64) async throws(StoreError) {
        let began = ContinuousClock.now
        defer { note(.compact, began) }
        try await engine.compact(to: revision)
    }

    func close() async { await engine.close() }

    private func note(_ operation: Operation, _ began: ContinuousClock.Instant) {
        seconds[operation]?.observe(began.duration(to: .now).inSeconds)
    }
}
