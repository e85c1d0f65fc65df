import APIMachinery
import APIServer
import Store

/// The secrets of stand-alone mode.
public struct Secrets: Sendable {
    public let objects: ObjectStore<Secret>
    private let quota: any ObjectQuota

    /// Registers the cache: before the store starts.
    public init(
        store: Store, namespaces: any NamespaceLookup, quota: any ObjectQuota = NoObjectQuota()
    ) {
        objects = ObjectStore(kind: SecretRules.kind, store: store, namespaces: namespaces)
        self.quota = quota
    }

    public var resources: [any Resource] {
        [
            StoredResource(
                objects, strategy: SecretStrategy(), table: SecretTable.columns,
                aroundCreate: quota.charging(SecretRules.quotaNames))
        ]
    }

    /// What quotas count.
    public var counted: CountedObjects { CountedObjects(objects, quotaNames: SecretRules.quotaNames) }
}

extension ObjectQuota {
    /// Lets the objects of a type take their places in the quotas.
    func charging<Object: APIObject>(
        _ quotaNames: [String]
    )
        -> @Sendable (
            Object, WriteOptions, RequestContext, @Sendable () async throws -> Object
        ) async throws -> Object
    {
        { object, options, context, create in
            let metadata = object.metadata
            let claim = QuotaClaim(
                quotaNames: quotaNames, object: metadata.name,
                subject: metadata.name.isEmpty ? metadata.generateName : metadata.name, isDryRun: options.isDryRun)
            return try await charging(claim, context, create)
        }
    }
}
