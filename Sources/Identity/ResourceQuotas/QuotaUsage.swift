import APIMachinery
import APIServer
import JSON

/// What quotas say of the number of objects (spec/image-resources.md 19.1). Pure.
enum QuotaUsage {
    /// Those of the names that a quota limits. Scopes select pods and claims by their properties: a quota that has any
    /// counts nothing else.
    static func counted(_ names: [String], by quota: ResourceQuota) -> [String] {
        guard isForEverything(quota) else { return [] }
        return names.filter { quota.status.hard[$0] != nil }
    }

    /// The bytes that a quota lets a namespace hold; nil where it does not bound them. What it wants holds at once.
    static func storageBound(of quota: ResourceQuota) -> StorageBound? {
        guard isForEverything(quota), let hard = quota.spec.hard[StorageBound.quotaName] else { return nil }
        return StorageBound(name: quota.metadata.name, hard: hard)
    }

    private static func isForEverything(_ quota: ResourceQuota) -> Bool {
        quota.spec.scopes.isEmpty && quota.spec.scopeSelector?.matchExpressions.isEmpty != false
    }

    /// Why there is no room for one object more; nil where there is.
    static func refusal(of names: [String], by quota: ResourceQuota) -> String? {
        let counted = counted(names, by: quota).sorted(by: Exactly.precedes)
        let (hard, used) = (quota.status.hard, quota.status.used)
        guard counted.allSatisfy({ used[$0] != nil }) else {
            return
                "status unknown for quota: \(quota.metadata.name), resources: \(counted.joined(separator: ","))"
        }
        let exceeded = counted.filter { name in
            guard let used = used[name], let hard = hard[name] else { return false }
            return (used + 1).exceeds(hard)
        }
        if exceeded.isEmpty { return nil }
        func list(_ amounts: [String: Quantity]) -> String {
            exceeded.map { "\($0)=\(amounts[$0] ?? 0)" }.joined(separator: ",")
        }
        let requested = Dictionary(exceeded.map { ($0, Quantity(1)) }, uniquingKeysWith: { first, _ in first })
        return
            "exceeded quota: \(quota.metadata.name), requested: \(list(requested)), used: \(list(used)), limited: \(list(hard))"
    }

    /// The status with one object more; nil where the quota does not count it.
    static func charged(_ names: [String], to quota: ResourceQuota) -> ResourceQuotaStatus? {
        let counted = counted(names, by: quota)
        if counted.isEmpty { return nil }
        var status = quota.status
        for name in counted { status.used[name] = (status.used[name] ?? 0) + 1 }
        return status
    }

    /// What the status of a quota is to be: `hard` as the spec wants it, `used` as it was counted. What is counted
    /// elsewhere stays as somebody entered it.
    ///
    /// - Parameter counts: how much there is, by the names of what is counted here.
    static func status(of quota: ResourceQuota, counts: [String: Quantity]) -> ResourceQuotaStatus {
        var status = ResourceQuotaStatus(hard: quota.spec.hard)
        for name in quota.spec.hard.keys {
            if let count = counts[name] {
                status.used[name] = isForEverything(quota) ? count : Quantity(0, format: count.format)
            } else {
                status.used[name] = quota.status.used[name]
            }
        }
        return status
    }
}
