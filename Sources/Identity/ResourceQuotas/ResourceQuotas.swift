import APIMachinery
import APIServer
import Store

/// The ResourceQuotas of stand-alone mode: their resource, and the room they leave (spec/image-resources.md 19.1).
///
/// As in Kubernetes, what a quota says of itself holds: a request is measured by `status.hard` and `status.used`, and
/// enters itself into `status.used` before it makes anything. `ResourceQuotaController` keeps both true. Until the
/// status of a new quota is there, which is a moment, nothing is refused.
public struct ResourceQuotas: ObjectQuota, StorageQuota {
    public let objects: ObjectStore<ResourceQuota>
    let claims = QuotaClaims()
    private let digest: NamespaceDigest<ResourceQuota, [ResourceQuota]>
    private let context: @Sendable () -> RequestContext

    /// Registers the cache: before the store starts.
    ///
    /// - Parameter context: makes the context of one write of a status; its user is the server itself.
    public init(
        store: Store, namespaces: any NamespaceLookup, context: @escaping @Sendable () -> RequestContext
    ) {
        objects = ObjectStore(kind: ResourceQuotaRules.kind, store: store, namespaces: namespaces)
        digest = NamespaceDigest(of: objects) { $0 }
        self.context = context
    }

    public var resources: [any Resource] {
        [
            StoredResource(objects, strategy: ResourceQuotaStrategy(), table: ResourceQuotaTable.columns),
            StoredSubresource(objects, name: "status", strategy: ResourceQuotaStatusStrategy()),
        ]
    }

    /// The quotas of a namespace, in the order of their names. Decodes what has changed only.
    func quotas(in namespace: String) async throws -> [ResourceQuota] { try await digest.value(in: namespace) }

    /// Replaces a status, unless the quota has changed since it was read.
    /// - Throws: `APIError`: 409 and 404 where it has.
    func write(_ status: ResourceQuotaStatus, to quota: ResourceQuota) async throws {
        var own = context()
        own.namespace = quota.metadata.namespace
        own.resource = ResourceQuotaRules.kind.descriptor.groupResource
        var changed = quota
        changed.status = status
        let new = changed
        _ = try await objects.update(
            quota.metadata.name, strategy: ResourceQuotaStatusStrategy(), options: WriteOptions(), own,
            change: ObjectChange(isPatch: false) { _ in new })
    }

    // MARK: Bytes

    public func storageBounds(in namespace: String) async throws -> [StorageBound] {
        try await quotas(in: namespace).compactMap { QuotaUsage.storageBound(of: $0) }
    }

    public func storageChanged(in namespace: String) { claims.recount(namespace) }

    // MARK: Claims

    public func counts(_ quotaNames: [String], in namespace: String) async throws -> Bool {
        try await quotas(in: namespace).contains { !QuotaUsage.counted(quotaNames, by: $0).isEmpty }
    }

    public func charging<Made: Sendable>(
        _ claim: QuotaClaim, _ context: RequestContext, _ create: @Sendable () async throws -> Made
    ) async throws -> Made {
        let namespace = context.namespace
        guard try await counts(claim.quotaNames, in: namespace) else { return try await create() }
        if claim.isDryRun {
            for quota in try await quotas(in: namespace) { try check(claim, quota, context) }
            return try await create()
        }
        let place: QuotaClaims.Place
        do {
            place = try await claims.alone(in: namespace) {
                try await charge(claim, context)
                return claims.hold(claim, in: namespace)
            }
        } catch {
            // Some quotas may have been charged before another one refused.
            claims.recount(namespace)
            throw error
        }
        defer {
            claims.release(place)
            claims.recount(namespace)
        }
        return try await create()
    }

    private static let attempts = 16

    /// Enters the claim into all quotas that count it, if each has room. A quota somebody else writes meanwhile is
    /// looked at again.
    private func charge(_ claim: QuotaClaim, _ context: RequestContext) async throws {
        var charged: Set<String> = []
        for _ in 0..<Self.attempts {
            let open = try await quotas(in: context.namespace).filter { !charged.contains($0.metadata.uid) }
            for quota in open { try check(claim, quota, context) }
            do {
                for quota in open {
                    if let status = QuotaUsage.charged(claim.quotaNames, to: quota) {
                        try await write(status, to: quota)
                    }
                    charged.insert(quota.metadata.uid)
                }
                return
            } catch let error as APIError where ["Conflict", "NotFound"].contains(error.reason) {
                continue
            }
        }
        throw APIError.serverTimeout(context.resource, operation: "create")
    }

    private func check(_ claim: QuotaClaim, _ quota: ResourceQuota, _ context: RequestContext) throws(APIError) {
        guard let refusal = QuotaUsage.refusal(of: claim.quotaNames, by: quota) else { return }
        throw .forbidden(context.resource, claim.subject, refusal)
    }
}
