import Store

/// Rows that are written together with an object, in the same transaction.
public struct Companions: Sendable {
    /// What must hold beside the object's own revision. Where it does not, the write is a lost race.
    public var conditions: [Condition]
    public var mutations: [Mutation]

    public init(conditions: [Condition] = [], mutations: [Mutation] = []) {
        self.conditions = conditions
        self.mutations = mutations
    }

    public static let none = Companions()
}
