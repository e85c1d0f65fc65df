import APIMachinery

/// What tokens must know of an object that they stand for or are bound to.
public struct TokenSubject: Sendable, Hashable {
    public var uid: String
    public var deletionTimestamp: Timestamp?

    public init(uid: String, deletionTimestamp: Timestamp? = nil) {
        self.uid = uid
        self.deletionTimestamp = deletionTimestamp
    }

    public init(_ metadata: ObjectMeta) {
        self.init(uid: metadata.uid, deletionTimestamp: metadata.deletionTimestamp)
    }

    /// Whether the object counts as gone: it has been marked for deletion more than a minute ago (spec/api-machinery.md
    /// 9.3).
    func isGone(now: Timestamp) -> Bool {
        guard let deletion = deletionTimestamp else { return false }
        return deletion.secondsSince1970 + 60 < now.secondsSince1970
    }
}

/// Finds service accounts, and the objects that their tokens may be bound to.
public protocol ServiceAccountLookup: Sendable {
    /// - Returns: nil where there is no such service account.
    func serviceAccount(_ name: String, namespace: String) async throws -> TokenSubject?
    /// - Returns: nil where there is no such secret.
    func secret(_ name: String, namespace: String) async throws -> TokenSubject?
}
