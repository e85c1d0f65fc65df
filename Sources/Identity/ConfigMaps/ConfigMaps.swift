import APIMachinery
import APIServer
import Store

/// The config maps of stand-alone mode.
public struct ConfigMaps: Sendable {
    public let objects: ObjectStore<ConfigMap>
    private let quota: any ObjectQuota

    /// Registers the cache: before the store starts.
    public init(
        store: Store, namespaces: any NamespaceLookup, quota: any ObjectQuota = NoObjectQuota()
    ) {
        objects = ObjectStore(kind: ConfigMapRules.kind, store: store, namespaces: namespaces)
        self.quota = quota
    }

    public var resources: [any Resource] {
        [
            StoredResource(
                objects, strategy: ConfigMapStrategy(), table: ConfigMapTable.columns,
                aroundCreate: quota.charging(ConfigMapRules.quotaNames))
        ]
    }

    /// What quotas count.
    public var counted: CountedObjects { CountedObjects(objects, quotaNames: ConfigMapRules.quotaNames) }
}
