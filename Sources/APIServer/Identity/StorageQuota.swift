import APIMachinery

/// The quotas of namespaces on the bytes that their repositories hold (spec/registry.md 5.7). One of the seams between
/// stand-alone and aggregated mode.
public protocol StorageQuota: Sendable {
    /// The bounds of a namespace, in the order of the names of their quotas; none where nobody counts.
    /// - Throws: `APIError` where the quotas cannot be read.
    func storageBounds(in namespace: String) async throws -> [StorageBound]

    /// Says that the namespace holds more or less than before: what quotas say of it is brought up to date, soon.
    func storageChanged(in namespace: String)
}

/// What one quota lets a namespace hold.
public struct StorageBound: Hashable, Sendable {
    /// Under which quotas bound bytes.
    public static let quotaName = "registry.openshift.io/storage"

    /// The quota's.
    public var name: String
    /// Bytes.
    public var hard: Quantity

    public init(name: String, hard: Quantity) {
        self.name = name
        self.hard = hard
    }
}
