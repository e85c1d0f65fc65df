/// What must hold for a transaction to be applied.
public enum Condition: Sendable, Equatable {
    /// The key's last put was at this revision; `0` = the key does not exist.
    case modRevision(of: String, equals: Int64)
}

/// One change of a transaction.
public enum Mutation: Sendable, Equatable {
    case put(key: String, value: [UInt8])
    /// Deleting a key that does not exist changes nothing and makes no event.
    case delete(key: String)

    public var key: String {
        switch self {
        case .put(let key, _): key
        case .delete(let key): key
        }
    }
}

/// Changes that are applied together or not at all, under one new revision.
///
/// ```swift
/// let create = Transaction(
///     conditions: [.modRevision(of: key, equals: 0)], mutations: [.put(key: key, value: bytes)])
/// let revision = try await engine.commit(create)
/// ```
public struct Transaction: Sendable, Equatable {
    public var conditions: [Condition]
    public var mutations: [Mutation]

    public init(conditions: [Condition] = [], mutations: [Mutation]) {
        self.conditions = conditions
        self.mutations = mutations
    }

    /// Limits every engine keeps; a transaction beyond them is refused before it is queued.
    public enum Limits {
        /// Mutations of one transaction. The position of a mutation inside its revision is 16 bits wide.
        public static let mutations = 65_535
        /// Bytes of all keys and values of one transaction.
        public static let bytes = 64 << 20
        /// UTF-8 bytes of one key.
        public static let keyBytes = 4_096
    }

    /// Refuses what no engine accepts.
    /// - Throws: `.invalid` for no mutation, an empty key or a key changed twice; `.tooLarge` beyond ``Limits``.
    public func validate() throws(StoreError) {
        guard !mutations.isEmpty else { throw .invalid("a transaction without a change") }
        guard mutations.count <= Limits.mutations else { throw .tooLarge(limit: "\(Limits.mutations) changes") }
        var seen = Set<StoreKey>(minimumCapacity: mutations.count > 1 ? mutations.count : 0)
        var bytes = 0
        for mutation in mutations {
            let key = mutation.key
            guard !key.isEmpty else { throw .invalid("an empty key") }
            guard key.utf8.count <= Limits.keyBytes else { throw .tooLarge(limit: "\(Limits.keyBytes) bytes of key") }
            if mutations.count > 1, !seen.insert(StoreKey(key)).inserted {
                throw .invalid("the key \(key) is changed twice")
            }
            bytes += key.utf8.count
            if case .put(_, let value) = mutation { bytes += value.count }
        }
        guard bytes <= Limits.bytes else { throw .tooLarge(limit: "\(Limits.bytes) bytes") }
    }
}
