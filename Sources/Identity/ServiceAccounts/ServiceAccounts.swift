import APIMachinery
import APIServer
import Store

/// The service accounts of stand-alone mode, as objects.
public struct ServiceAccounts: Sendable {
    public let objects: ObjectStore<ServiceAccount>
    private let quota: any ObjectQuota

    /// Registers the cache: before the store starts.
    public init(
        store: Store, namespaces: any NamespaceLookup, quota: any ObjectQuota = NoObjectQuota()
    ) {
        objects = ObjectStore(kind: ServiceAccountRules.kind, store: store, namespaces: namespaces)
        self.quota = quota
    }

    public var resources: [any Resource] {
        [
            StoredResource(
                objects, strategy: ServiceAccountStrategy(), table: ServiceAccountTable.columns,
                aroundCreate: quota.charging(ServiceAccountRules.quotaNames))
        ]
    }

    /// What quotas count.
    public var counted: CountedObjects { CountedObjects(objects, quotaNames: ServiceAccountRules.quotaNames) }

    /// Creates those of the accounts every namespace has that are missing.
    ///
    /// Does nothing where the namespace is gone or going.
    /// - Throws: `APIError` where the store fails.
    func createPermanent(in namespace: String, _ context: RequestContext) async throws {
        var own = context
        own.namespace = namespace
        own.resource = ServiceAccountRules.kind.descriptor.groupResource
        for name in ServiceAccountRules.permanent {
            guard try await objects.revision(of: name, namespace: namespace) == nil else { continue }
            do {
                _ = try await objects.create(
                    ServiceAccount(metadata: ObjectMeta(name: name)), strategy: ServiceAccountStrategy(),
                    options: WriteOptions(), own)
            } catch let error as APIError where ["AlreadyExists", "NotFound", "Forbidden"].contains(error.reason) {
                // Somebody else made it, or the namespace goes away.
            }
        }
    }
}
