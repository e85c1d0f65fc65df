/// One key with its value, as it was at some revision.
public struct KeyValue: Sendable, Equatable {
    public var key: String
    /// The stored bytes; empty when the read asked for keys only.
    public var value: [UInt8]
    /// The revision at which the key came into being (after its last deletion, if any).
    public var createRevision: Int64
    /// The revision of the last put: the object's `resourceVersion`.
    public var modRevision: Int64

    public init(key: String, value: [UInt8], createRevision: Int64, modRevision: Int64) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
    }
}

/// The answer to a range read: the keys of one snapshot, in bytewise order.
public struct RangeResult: Sendable, Equatable {
    public var kvs: [KeyValue]
    /// The revision of the snapshot: the one asked for, else the newest when the read was made.
    public var revision: Int64
    /// Whether keys of the range follow the last one returned.
    public var more: Bool
    /// How many keys the whole range has in this snapshot, regardless of the limit.
    public var count: Int

    public init(kvs: [KeyValue], revision: Int64, more: Bool, count: Int) {
        self.kvs = kvs
        self.revision = revision
        self.more = more
        self.count = count
    }
}
