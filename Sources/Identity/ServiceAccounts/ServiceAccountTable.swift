import APIMachinery
import APIServer
import JSON

enum ServiceAccountTable {
    static let columns = TableColumns<ServiceAccount>(
        columns: [
            .init("Name", format: "name", description: TableColumns<ServiceAccount>.nameDescription),
            .init("Secrets", description: ServiceAccount.schema.documentation(of: "secrets")),
            .init("Age", description: TableColumns<ServiceAccount>.createdDescription),
        ],
        cells: { account, now in
            [
                .string(account.metadata.name), .integer(Int64(account.secrets.count)),
                .string(HumanDuration.short(since: account.metadata.creationTimestamp, now: now)),
            ]
        })
}
