/// One key of a cache with the value derived from its bytes.
public struct CacheEntry<Value: Sendable>: Sendable {
    public let key: String
    public let value: Value
    public let createRevision: Int64
    public let modRevision: Int64

    public init(key: String, value: Value, createRevision: Int64, modRevision: Int64) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
    }
}

/// One change of one key of a cache.
public struct CacheEvent<Value: Sendable>: Sendable {
    public let kind: Event.Kind
    public let key: String
    /// The new value; `nil` for a deletion.
    public let value: Value?
    /// What the key held before; `nil` when it did not exist.
    public let previous: Value?
    /// The revision of this change.
    public let revision: Int64
    /// The mod revision of ``previous``; 0 = none.
    public let previousRevision: Int64
    /// The revision at which the key (the deleted one, for a deletion) was created.
    public let createRevision: Int64

    public init(
        kind: Event.Kind, key: String, value: Value?, previous: Value?, revision: Int64, previousRevision: Int64,
        createRevision: Int64
    ) {
        self.kind = kind
        self.key = key
        self.value = value
        self.previous = previous
        self.revision = revision
        self.previousRevision = previousRevision
        self.createRevision = createRevision
    }
}

/// The state of a range at one moment.
public struct CacheSnapshot<Value: Sendable>: Sendable {
    /// In bytewise order of the keys.
    public let entries: [CacheEntry<Value>]
    /// The store revision of this state.
    public let revision: Int64
    /// Keys of the range that follow the last entry.
    public let remaining: Int

    public init(entries: [CacheEntry<Value>], revision: Int64, remaining: Int) {
        self.entries = entries
        self.revision = revision
        self.remaining = remaining
    }
}
