import APIMachinery
import APIServer
import JSON

enum NamespaceTable {
    static let columns = TableColumns<Namespace>(
        columns: [
            .init("Name", format: "name", description: TableColumns<Namespace>.nameDescription),
            .init("Status", description: "The status of the namespace"),
            .init("Age", description: TableColumns<Namespace>.createdDescription),
        ],
        cells: { namespace, now in
            [
                .string(namespace.metadata.name), .string(namespace.status.phase),
                .string(HumanDuration.short(since: namespace.metadata.creationTimestamp, now: now)),
            ]
        })
}
