/// One change of one key.
public struct Event: Sendable, Equatable {
    public enum Kind: Sendable, Equatable { case put, delete }

    public var kind: Kind
    public var key: String
    /// The new bytes; empty for a deletion.
    public var value: [UInt8]
    /// The revision at which the key (the deleted one, for a deletion) was created.
    public var createRevision: Int64
    /// The revision of this change.
    public var modRevision: Int64
    /// What the key held before; `nil` when it did not exist.
    public var previous: KeyValue?

    public init(
        kind: Kind, key: String, value: [UInt8], createRevision: Int64, modRevision: Int64, previous: KeyValue?
    ) {
        self.kind = kind
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.previous = previous
    }

    /// The new state of the key; `nil` for a deletion.
    public var current: KeyValue? {
        guard kind == .put else { return nil }
        return KeyValue(key: key, value: value, createRevision: createRevision, modRevision: modRevision)
    }
}

/// All changes of one revision, in the order of the transaction's mutations.
public struct EventBatch: Sendable, Equatable {
    public var revision: Int64
    public var events: [Event]

    public init(revision: Int64, events: [Event]) {
        self.revision = revision
        self.events = events
    }
}

/// A stretch of the past: every change of a range with `after < revision <= through`.
public struct History: Sendable, Equatable {
    /// Only revisions that changed the range; ascending; never a part of a revision.
    public var batches: [EventBatch]
    /// Continue reading after this revision; equal to the newest revision when nothing is left.
    public var through: Int64

    public init(batches: [EventBatch], through: Int64) {
        self.batches = batches
        self.through = through
    }
}
