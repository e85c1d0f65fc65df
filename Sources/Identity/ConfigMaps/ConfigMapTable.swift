import APIMachinery
import APIServer
import JSON

enum ConfigMapTable {
    static let columns = TableColumns<ConfigMap>(
        columns: [
            .init("Name", format: "name", description: TableColumns<ConfigMap>.nameDescription),
            .init("Data", description: ConfigMap.schema.documentation(of: "data")),
            .init("Age", description: TableColumns<ConfigMap>.createdDescription),
        ],
        cells: { map, now in
            [
                .string(map.metadata.name), .integer(Int64(map.data.count + map.binaryData.count)),
                .string(HumanDuration.short(since: map.metadata.creationTimestamp, now: now)),
            ]
        })
}
