import ImageStreams
import Logging
import Store

/// Drops old events from the outbox: each change of a tag adds one, and they would grow without end, on disk and in the
/// index of the store.
///
/// Event sinks read them and leave them there; one that does not answer loses what is dropped before it comes back.
public struct OutboxKeeper: Sendable {
    /// Events dropped in one transaction.
    static let batch = 1_000

    private let store: Store
    private let age: Duration
    private let maximum: Int
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - age: how long events are kept.
    ///   - maximum: how many are kept, about.
    ///   - interval: the time between two looks.
    public init(
        store: Store, age: Duration = .seconds(3_600), maximum: Int = 500_000, interval: Duration = .seconds(60),
        logger: Logger
    ) {
        self.maximum = maximum
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
                try await dropExcess()
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

    /// Drops the oldest events where there are too many.
    func dropExcess() async throws {
        while !Task.isCancelled {
            let page = try await store.range(.prefix(LedgerKeys.outbox), limit: Self.batch, keysOnly: true)
            guard page.count > maximum else { return }
            let excess = page.kvs.prefix(page.count - maximum)
            _ = try await store.commit(Transaction(mutations: excess.map { .delete(key: $0.key) }))
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
