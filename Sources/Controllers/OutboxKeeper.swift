import ImageStreams
import Logging
import Store

/// Drops events from the outbox that nobody waits for any more: each change of a tag adds one, and they would grow
/// without end, on disk and in the index of the store.
///
/// Nothing takes events out of the outbox yet; they are kept for a while, so that whoever does so finds a past.
public struct OutboxKeeper: Sendable {
    /// Events dropped in one transaction.
    static let batch = 1_000

    private let store: Store
    private let age: Duration
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - age: how long events are kept.
    ///   - interval: the time between two looks.
    public init(
        store: Store, age: Duration = .seconds(3_600), interval: Duration = .seconds(60), logger: Logger
    ) {
        self.store = store
        self.age = age
        self.interval = interval
        self.logger = logger
    }

    /// Works until the task is cancelled or the store is closed.
    public func run() async {
        while !Task.isCancelled {
            do {
                _ = try await drop(before: OrderedIDs.first(ago: age))
                try await Task.sleep(for: interval)
            } catch StoreError.closed {
                return
            } catch is CancellationError {
                return
            } catch {
                logger.warning("dropping old events failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Drops the events with identifiers before one.
    /// - Returns: how many.
    func drop(before id: String) async throws -> Int {
        let old = KeyRange(start: LedgerKeys.outbox, end: LedgerKeys.outboxEntry(id))
        var count = 0
        while !Task.isCancelled {
            let page = try await store.range(old, limit: Self.batch, keysOnly: true)
            if page.kvs.isEmpty { break }
            _ = try await store.commit(Transaction(mutations: page.kvs.map { .delete(key: $0.key) }))
            count += page.kvs.count
        }
        return count
    }
}
