import APIMachinery
import APIServer
import ImageAPI
import JSON

/// One row an event.
enum TagHistoryTable {
    static let columns = TableColumns<TagHistory>(
        columns: [
            .init("Age", description: "How long ago it happened."),
            .init("Event", description: documentation("event")),
            .init("Image", description: documentation("to")),
            .init("Actor", description: documentation("actor")),
            .init("Cause", description: documentation("cause")),
            .init("Before", description: documentation("from"), priority: 1),
            .init("Pull Spec", description: "The pull spec of the image.", priority: 1),
            .init("Client", description: documentation("client"), priority: 1),
        ],
        rows: { history, now in
            history.entries.map { entry in
                [
                    .string(HumanDuration.short(since: entry.time, now: now)), .string(entry.event), image(entry.to),
                    .string(entry.actor), .string(entry.cause), image(entry.from),
                    .string(entry.to?.dockerImageReference ?? ""), .string(entry.client),
                ]
            }
        })

    private static func documentation(_ field: String) -> String { TagHistoryEntry.schema.documentation(of: field) }

    /// The digest where there is one; a reference has a pull spec alone.
    private static func image(_ event: TagEvent?) -> JSONValue {
        guard let event else { return "" }
        return .string(event.image.nonEmpty ?? event.dockerImageReference)
    }
}
