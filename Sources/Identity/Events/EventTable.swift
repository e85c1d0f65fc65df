import APIMachinery
import APIServer
import Foundation
import JSON

enum EventTable {
    static let columns = TableColumns<Event>(
        columns: [
            .init("Last Seen", description: Event.schema.documentation(of: "lastTimestamp")),
            .init("Type", description: Event.schema.documentation(of: "type")),
            .init("Reason", description: Event.schema.documentation(of: "reason")),
            .init("Object", description: Event.schema.documentation(of: "involvedObject")),
            .init("Subobject", description: Event.schema.documentation(of: "involvedObject"), priority: 1),
            .init("Source", description: Event.schema.documentation(of: "source"), priority: 1),
            .init("Message", description: Event.schema.documentation(of: "message")),
            .init("First Seen", description: Event.schema.documentation(of: "firstTimestamp"), priority: 1),
            .init("Count", description: Event.schema.documentation(of: "count"), priority: 1),
            .init("Name", format: "name", description: TableColumns<Event>.nameDescription, priority: 1),
        ],
        cells: { event, now in
            let kind = event.involvedObject.kind.lowercased()
            let name = event.involvedObject.name
            let source = [
                firstText(event.source.component, event.reportingComponent),
                firstText(event.source.host, event.reportingInstance),
            ]
            return [
                .string(HumanDuration.short(since: event.lastSeen, now: now)), .string(event.type),
                .string(event.reason),
                .string(name.isEmpty ? kind : "\(kind)/\(name)"), .string(event.involvedObject.fieldPath),
                .string(source[1].isEmpty ? source[0] : source.joined(separator: ", ")),
                .string(event.message.trimmingCharacters(in: .whitespacesAndNewlines)),
                .string(HumanDuration.short(since: event.firstSeen, now: now)),
                .integer(Int64(event.series?.count ?? (event.count == 0 ? 1 : event.count))),
                .string(event.metadata.name),
            ]
        })

    private static func firstText(_ first: String, _ second: String) -> String { first.isEmpty ? second : first }
}

extension Event {
    /// When it was seen first; zero where nobody says.
    var firstSeen: Timestamp { firstTimestamp.isZero ? eventTime.inSeconds : firstTimestamp }

    var lastSeen: Timestamp {
        if let series { return series.lastObservedTime.inSeconds }
        return lastTimestamp.isZero ? firstSeen : lastTimestamp
    }
}

extension MicroTime {
    /// The second it falls into.
    var inSeconds: Timestamp {
        guard !isZero else { return Timestamp() }
        let (quotient, remainder) = microsecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000)
        return Timestamp(secondsSince1970: remainder < 0 ? quotient - 1 : quotient)
    }
}
