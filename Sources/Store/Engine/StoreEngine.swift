/// A revisioned key–value store with etcd's guarantees.
///
/// 1. There is one revision counter. It starts at 0 (empty) and a transaction that changes anything raises it
///    by exactly one (an engine shared with others may skip); it never goes back, also not by a restart.
/// 2. Transactions are serial: each one sees all earlier ones, its conditions and changes are one step.
/// 3. `commit` returns when the change is durable *and* delivered to the observer (read-your-writes).
/// 4. A read at a revision sees exactly the changes up to it, until that revision is compacted.
///
/// All methods may be called from any task. None of them blocks a thread of the cooperative pool.
public protocol StoreEngine: Sendable {
    /// Starts delivery: every batch after the returned revision is handed to `observer`, in order, without gaps,
    /// one call at a time, on a thread of the engine. The observer must not wait for the store. Call once, first.
    func start(observer: @escaping @Sendable ([EventBatch]) -> Void) async throws(StoreError) -> Int64

    /// The newest revision whose changes are visible.
    var currentRevision: Int64 { get }

    /// Reads below this revision are refused; so is history that starts below it.
    var compactedRevision: Int64 { get }

    /// Applies a transaction.
    /// - Returns: its revision; the revision it was decided at when it changed nothing (deletes of absent keys).
    /// - Throws: `.conflict`, `.full`, `.tooLarge`, `.invalid`, `.closed`, `.io`.
    func commit(_ transaction: Transaction) async throws(StoreError) -> Int64

    /// One key, at a revision (`nil` = newest). `nil` when it did not exist.
    /// - Throws: `.compacted`, `.futureRevision`, `.closed`, `.io`, `.corrupt`.
    func get(_ key: String, at revision: Int64?) async throws(StoreError) -> KeyValue?

    /// The keys of a range in order, at a revision (`nil` = newest).
    /// - Parameters:
    ///   - order: which end of the range comes first, and is what a limit leaves.
    ///   - limit: at most so many keys; 0 or less = all.
    ///   - keysOnly: leave the values empty; much cheaper.
    /// - Throws: as ``get(_:at:)``.
    func range(
        _ range: KeyRange, at revision: Int64?, order: RangeOrder, limit: Int, keysOnly: Bool
    ) async throws(StoreError) -> RangeResult

    /// What happened in a range after a revision.
    /// - Parameter limit: stop after about so many events, at the end of a revision.
    /// - Throws: `.compacted` when changes after `revision` are gone, `.closed`, `.io`, `.corrupt`.
    ///   A revision in the future gives an empty history.
    func events(in range: KeyRange, after revision: Int64, limit: Int) async throws(StoreError) -> History

    /// Drops what is only needed to read below `revision`. Older or equal revisions than the last one are ignored.
    /// Writers are not blocked for longer than a few milliseconds.
    /// - Throws: `.futureRevision`, `.closed`, `.io`, `.full`.
    func compact(to revision: Int64) async throws(StoreError)

    /// Finishes what was accepted, then refuses everything with `.closed`. May be called again.
    func close() async
}

extension StoreEngine {
    public func get(_ key: String) async throws(StoreError) -> KeyValue? { try await get(key, at: nil) }

    public func range(
        _ range: KeyRange, at revision: Int64? = nil, limit: Int = 0
    ) async throws(StoreError) -> RangeResult {
        try await self.range(range, at: revision, order: .ascending, limit: limit, keysOnly: false)
    }
}

/// The order of the keys of a range.
public enum RangeOrder: Sendable, Hashable, CaseIterable {
    case ascending
    case descending
}
