import Store
import Synchronization

/// An observer that keeps what it is given.
public final class DeliveryLog: Sendable {
    private let state = Mutex<[EventBatch]>([])

    public init() {}

    public var batches: [EventBatch] { state.withLock { $0 } }

    public func receive(_ batches: [EventBatch]) {
        state.withLock { $0 += batches }
    }

    /// Checks that the revisions follow each other without a gap.
    public func requireGapless(after revision: Int64) throws {
        var last = revision
        for batch in batches {
            try requireEqual(batch.revision, last + 1, "the delivery has a gap or a duplicate")
            try require(!batch.events.isEmpty, "an empty batch was delivered")
            last = batch.revision
        }
    }
}
