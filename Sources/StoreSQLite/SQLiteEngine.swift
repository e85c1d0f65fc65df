import Dispatch
import GRDB
import Store
import Synchronization

/// A ``StoreEngine`` in one directory, for one process.
///
/// Durability: `commit` returns after the write-ahead log with the change was synced (`synchronous=FULL`), so an
/// acknowledged write survives `kill -9` and power loss. Writers that wait at the same time share one sync.
/// Blocking work runs on the queues of the database's connections: one writer, a few readers.
public final class SQLiteEngine: StoreEngine {
    public struct Configuration: Sendable {
        /// Connections for reads at a revision and history.
        public var readers = 4
        /// After a crash the file is checked page by page when it is not larger than this (bytes).
        public var checkedFileSize = 32 << 20
        /// The file may not grow beyond so many pages; `nil` = as long as there is disk.
        public var maximumPages: Int?
        /// Transactions that may share one sync, and their bytes.
        var groupTransactions = 512
        var groupBytes = 16 << 20
        var pageSize = 8_192
        /// Pages the write-ahead log collects before they are copied into the file.
        var checkpointPages = 4_000
        /// Rows that one step of compaction visits; a step delays writers by its duration.
        var sweepRows: Int64 = 128

        public init() {}
    }

    /// What is committed and published. Changed on the writer's queue only.
    struct Committed: Sendable {
        var revision: Int64
        var compacted: Int64
        var index: KeyIndex
    }

    typealias Observer = @Sendable ([EventBatch]) -> Void

    /// Transactions that wait for the writer.
    struct Waiting {
        var transactions: [PendingTransaction] = []
        var bytes = 0
        /// Whether a turn of the writer is queued or running.
        var draining = false
        var closed = false
        /// Whether the connections are closed, too.
        var finished = false
        var closers: [CheckedContinuation<Void, Never>] = []
        var observer: Observer?
    }

    let pool: DatabasePool
    let path: String
    let configuration: Configuration
    let committed: Mutex<Committed>
    let waiting = Mutex(Waiting())
    /// Held until the last access is finished.
    let lock: Mutex<DirectoryLock?>

    init(
        pool: DatabasePool, path: String, configuration: Configuration, committed: Committed, lock: DirectoryLock
    ) {
        self.pool = pool
        self.path = path
        self.configuration = configuration
        self.committed = Mutex(committed)
        self.lock = Mutex(lock)
    }

    public var currentRevision: Int64 { committed.withLock { $0.revision } }

    public var compactedRevision: Int64 { committed.withLock { $0.compacted } }

    public func start(observer: @escaping @Sendable ([EventBatch]) -> Void) async throws(StoreError) -> Int64 {
        // On the writer's queue nothing is between commit and delivery.
        try await write { [self] _ in
            try waiting.withLock { waiting in
                guard waiting.observer == nil else { throw StoreError.invalid("the engine was started twice") }
                waiting.observer = observer
            }
            return committed.withLock { $0.revision }
        }
    }

    /// Runs a piece of work on the writer's connection, between two groups of transactions.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(StoreError) -> Result {
        guard !waiting.withLock({ $0.closed }) else { throw .closed }
        let result = await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { [path] db in
                continuation.resume(returning: Self.result(path) { try body(db) })
            }
        }
        return try result.get()
    }

    /// Runs a read on one of the readers' connections. Each of its statements sees a snapshot of its own: rows never change,
    /// and one transaction more would cost a read of one row a third of its time.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(StoreError) -> Result {
        guard !waiting.withLock({ $0.closed }) else { throw .closed }
        let result = await withCheckedContinuation { continuation in
            pool.asyncUnsafeRead { [path] access in
                continuation.resume(returning: Self.result(path) { try body(access.get()) })
            }
        }
        if case .failure = result, waiting.withLock({ $0.closed }) { throw .closed }
        return try result.get()
    }

    private static func result<Value>(_ path: String, _ body: () throws -> Value) -> Result<Value, StoreError> {
        do {
            return .success(try body())
        } catch {
            return .failure(SQLiteFailure.storeError(error, path: path))
        }
    }
}
