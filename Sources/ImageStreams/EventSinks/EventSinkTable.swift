import APIMachinery
import APIServer
import ImageAPI
import JSON

/// The columns of EventSinks: where they are, and how the delivery goes.
enum EventSinkTable {
    static let columns = TableColumns<EventSink>(
        columns: [
            .init("Name", format: "name", description: TableColumns<EventSink>.nameDescription),
            .init("URL", description: EventSinkSpec.schema.documentation(of: "url")),
            .init("Format", description: EventSinkSpec.schema.documentation(of: "format")),
            .init("State", description: EventSinkStatus.schema.documentation(of: "state")),
            .init("Delivered", type: "integer", description: EventSinkStatus.schema.documentation(of: "delivered")),
            .init("Last Delivery", description: EventSinkStatus.schema.documentation(of: "lastDeliveryTime")),
            .init("Age", description: TableColumns<EventSink>.createdDescription),
            .init("Lost", type: "integer", description: EventSinkStatus.schema.documentation(of: "lost"), priority: 1),
            .init("Message", description: EventSinkStatus.schema.documentation(of: "message"), priority: 1),
        ],
        cells: { sink, now in
            let status = sink.status
            return [
                .string(sink.metadata.name), .string(sink.spec.url), .string(sink.spec.format),
                .string(status.state), .integer(status.delivered),
                .string(status.lastDeliveryTime.map { HumanDuration.short(since: $0, now: now) } ?? "<none>"),
                .string(HumanDuration.short(since: sink.metadata.creationTimestamp, now: now)),
                .integer(status.lost), .string(status.message),
            ]
        })
}
