import Synchronization

/// How a ``Store`` behaves.
public struct StoreConfiguration: Sendable {
    /// History kept at least, for watches and reads at a revision.
    public var history: Duration = .seconds(300)
    /// Time between two looks at what may be compacted.
    public var compactionInterval: Duration = .seconds(60)
    /// Changes taken from the history into the rings of all caches at the start.
    public var preloadedEvents: Int64 = 1_024
    /// Objects read at once at the start.
    public var loadPage = 10_000

    public init() {}
}

/// An engine with caches that follow it.
///
/// ```swift
/// let store = Store(engine: try await SQLiteEngine.open(directory: directory))
/// let streams = store.cache(prefix: "/openshift.io/imagestreams/") { decode($0.value) }
/// try await store.start()
/// let revision = try await store.commit(transaction)   // `streams` has it now
/// ```
public final class Store: Sendable {
    struct State {
        var phase = Phase.new
        var caches: [any StoreCache] = []
        var compaction: Task<Void, Never>?
    }

    enum Phase {
        case new
        /// Caches are being loaded; what is committed meanwhile waits here.
        case loading(pending: [EventBatch])
        case live
        case closed
    }

    public let engine: any StoreEngine
    let configuration: StoreConfiguration
    let timer = DeadlineTimer()
    let state = Mutex(State())

    public init(engine: any StoreEngine, configuration: StoreConfiguration = .init()) {
        self.engine = engine
        self.configuration = configuration
    }

    public var currentRevision: Int64 { engine.currentRevision }

    public var compactedRevision: Int64 { engine.compactedRevision }

    /// Adds a cache of all keys with a prefix. Call before ``start()``.
    /// - Parameters:
    ///   - contents: how much of the range is kept in memory.
    ///   - ringCapacity: recent events kept for watchers. What came before is read from the engine's history.
    ///   - ringBytes: bytes of their values.
    ///   - derive: what the cache keeps of an object. Called once a change, on the thread that commits:
    ///     it must not wait.
    public func cache<Value: Sendable>(
        prefix: String, contents: CacheContents = .all, ringCapacity: Int = 8_192, ringBytes: Int = 4 << 20,
        derive: @escaping @Sendable (KeyValue) -> Value
    ) -> RangeCache<Value> {
        let cache = RangeCache(
            prefix: prefix, contents: contents, ringCapacity: ringCapacity, ringBytes: ringBytes, engine: engine,
            timer: timer, derive: derive)
        state.withLock { state in
            guard case .new = state.phase else {
                preconditionFailure("the cache of \(prefix) was added after the store's start")
            }
            state.caches.append(cache)
        }
        timer.add { [weak cache] now in cache?.expire(now) }
        return cache
    }

    /// Applies a transaction; when it returns, the change is durable and every cache has it.
    /// - Throws: as ``StoreEngine/commit(_:)``.
    public func commit(_ transaction: Transaction) async throws(StoreError) -> Int64 {
        try checkLive()
        return try await engine.commit(transaction)
    }

    /// One key from the engine, at a revision (`nil` = newest).
    public func get(_ key: String, at revision: Int64? = nil) async throws(StoreError) -> KeyValue? {
        try checkLive()
        return try await engine.get(key, at: revision)
    }

    /// A range from the engine, at a revision (`nil` = newest); `limit` 0 or less = all. See ``StoreEngine``.
    public func range(
        _ range: KeyRange, at revision: Int64? = nil, order: RangeOrder = .ascending, limit: Int = 0,
        keysOnly: Bool = false
    ) async throws(StoreError) -> RangeResult {
        try checkLive()
        return try await engine.range(range, at: revision, order: order, limit: limit, keysOnly: keysOnly)
    }

    private func checkLive() throws(StoreError) {
        let isLive = state.withLock { state in
            if case .live = state.phase { return true }
            return false
        }
        guard isLive else { throw .closed }
    }
}
