import ImageStreams
import Store

/// Reads the outbox in the order in which things were committed.
///
/// The keys are only roughly in that order: two writes at a time may be committed the other way round.
struct OutboxReader: Sendable {
    let store: Store

    /// A stretch of the outbox.
    struct Page: Sendable {
        /// By revision.
        var events: [(revision: Int64, event: OutboxEvent)] = []
        /// Everything up to this revision is in it.
        var through: Int64
        /// There may be more.
        var hasMore: Bool
    }

    /// What was committed after a revision; about `limit` of it, never a part of a revision.
    func events(after revision: Int64, limit: Int) async throws(StoreError) -> Page {
        do {
            return try await recent(after: revision, limit: limit)
        } catch {
            guard case .compacted = error else { throw error }
            return try await stored(after: revision, limit: limit)
        }
    }

    /// From the history of the store.
    private func recent(after revision: Int64, limit: Int) async throws(StoreError) -> Page {
        let history = try await store.engine.events(in: .prefix(LedgerKeys.outbox), after: revision, limit: limit)
        var page = Page(through: history.through, hasMore: history.through < store.currentRevision)
        for batch in history.batches {
            for event in batch.events where event.kind == .put {
                guard let parsed = OutboxEvent(key: event.key, value: event.value) else { continue }
                page.events.append((batch.revision, parsed))
            }
        }
        return page
    }

    /// From the rows that are still there, where the history does not reach back.
    private func stored(after revision: Int64, limit: Int) async throws(StoreError) -> Page {
        var keys: [(revision: Int64, key: String)] = []
        var range = KeyRange.prefix(LedgerKeys.outbox)
        let now = store.currentRevision
        while true {
            let page = try await store.range(range, limit: 5_000, keysOnly: true)
            for row in page.kvs where row.modRevision > revision && row.modRevision <= now {
                keys.append((row.modRevision, row.key))
            }
            if keys.count > 4 * limit + 5_000 {
                keys.sort { ($0.revision, $0.key) < ($1.revision, $1.key) }
                keys.removeSubrange((2 * limit)...)
            }
            guard page.more, let last = page.kvs.last else { break }
            range = range.after(last.key)
        }
        keys.sort { ($0.revision, $0.key) < ($1.revision, $1.key) }
        guard keys.count > limit else { return try await read(keys, through: now, hasMore: false) }
        // The last revision of a page goes with it as a whole: its rows are few, or one write made all of them.
        let last = keys[limit - 1].revision
        return try await read(keys.filter { $0.revision <= last }, through: last, hasMore: true)
    }

    private func read(
        _ keys: [(revision: Int64, key: String)], through: Int64, hasMore: Bool
    ) async throws(StoreError) -> Page {
        var page = Page(through: through, hasMore: hasMore)
        for (revision, key) in keys {
            guard let row = try await store.get(key), let event = OutboxEvent(key: key, value: row.value) else {
                continue
            }
            page.events.append((revision, event))
        }
        return page
    }
}
