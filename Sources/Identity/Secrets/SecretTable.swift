import APIMachinery
import APIServer
import JSON

enum SecretTable {
    static let columns = TableColumns<Secret>(
        columns: [
            .init("Name", format: "name", description: TableColumns<Secret>.nameDescription),
            .init("Type", description: Secret.schema.documentation(of: "type")),
            .init("Data", description: Secret.schema.documentation(of: "data")),
            .init("Age", description: TableColumns<Secret>.createdDescription),
        ],
        cells: { secret, now in
            [
                .string(secret.metadata.name), .string(secret.type), .integer(Int64(secret.data.count)),
                .string(HumanDuration.short(since: secret.metadata.creationTimestamp, now: now)),
            ]
        })
}
