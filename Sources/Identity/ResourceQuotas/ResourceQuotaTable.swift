import APIMachinery
import APIServer
import JSON

enum ResourceQuotaTable {
    static let columns = TableColumns<ResourceQuota>(
        columns: [
            .init("Name", format: "name", description: TableColumns<ResourceQuota>.nameDescription),
            .init(
                "Request",
                description: "Request represents a minimum amount of cpu/memory that a container may consume."),
            .init(
                "Limit",
                description:
                    "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node."
            ),
            .init("Age", description: TableColumns<ResourceQuota>.createdDescription),
        ],
        cells: { quota, now in
            let names = quota.status.hard.keys.sorted(by: Exactly.precedes)
            func text(_ names: [String]) -> String {
                names.map { "\($0): \(quota.status.used[$0] ?? 0)/\(quota.status.hard[$0] ?? 0)" }
                    .joined(separator: ", ")
            }
            return [
                .string(quota.metadata.name), .string(text(names.filter { !$0.hasPrefix("limits.") })),
                .string(text(names.filter { $0.hasPrefix("limits.") })),
                .string(HumanDuration.short(since: quota.metadata.creationTimestamp, now: now)),
            ]
        })
}
