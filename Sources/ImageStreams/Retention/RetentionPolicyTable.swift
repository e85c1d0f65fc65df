import APIMachinery
import APIServer
import ImageAPI
import JSON

/// The columns of RetentionPolicies: what they are for, and what they have done.
enum RetentionPolicyTable {
    static let columns = TableColumns<RetentionPolicy>(
        columns: [
            .init("Name", format: "name", description: TableColumns<RetentionPolicy>.nameDescription),
            .init("Mode", description: documentation("mode")),
            .init("Streams", description: documentation("streams")),
            .init("Tags", description: documentation("tags")),
            .init("Keep", description: "What stays of the history of each tag."),
            .init("Expire", description: documentation("expireTagsAfter")),
            .init("Removed", type: "integer", description: "Images that tags have lost by the policy so far."),
            .init("Last Run", description: RetentionPolicyStatus.schema.documentation(of: "lastRunTime")),
            .init("Age", description: TableColumns<RetentionPolicy>.createdDescription),
            .init("Protected", description: documentation("protectedTags"), priority: 1),
            .init("Interval", description: documentation("interval"), priority: 1),
            .init("Message", description: RetentionPolicyStatus.schema.documentation(of: "message"), priority: 1),
        ],
        cells: { policy, now in
            let (spec, status) = (policy.spec, policy.status)
            return [
                .string(policy.metadata.name), .string(spec.mode), patterns(spec.streams), patterns(spec.tags),
                .string(keep(spec.keep)), .string(spec.expireTagsAfter.nonEmpty ?? "<none>"),
                .integer(status.total?.revisions ?? 0),
                .string(status.lastRunTime.map { HumanDuration.short(since: $0, now: now) } ?? "<none>"),
                .string(HumanDuration.short(since: policy.metadata.creationTimestamp, now: now)),
                .string(spec.protectedTags.joined(separator: ",").nonEmpty ?? "<none>"),
                .string(spec.interval.nonEmpty ?? "1h"), .string(status.message),
            ]
        })

    private static func documentation(_ field: String) -> String {
        RetentionPolicySpec.schema.documentation(of: field)
    }

    private static func patterns(_ patterns: [String]) -> JSONValue {
        .string(patterns.joined(separator: ",").nonEmpty ?? "*")
    }

    private static func keep(_ keep: RetentionKeep?) -> String {
        guard let keep else { return "<all>" }
        var parts = keep.revisions.map { ["\($0)"] } ?? []
        if !keep.duration.isEmpty { parts.append(keep.duration) }
        if !keep.pulledWithin.isEmpty { parts.append("pulled \(keep.pulledWithin)") }
        return parts.joined(separator: ",")
    }
}

/// One row an image that would go.
enum RetentionPreviewTable {
    static let columns = TableColumns<RetentionPreview>(
        columns: [
            .init("Stream", description: documentation("stream")), .init("Tag", description: documentation("tag")),
            .init("Image", description: documentation("image")),
            .init("Age", description: "How long ago it became the tag's newest image."),
            .init("Reason", description: documentation("reason")), .init("Bytes", description: documentation("bytes")),
            .init("Message", description: documentation("message"), priority: 1),
        ],
        rows: { preview, now in
            preview.status.removals.map { removal in
                [
                    .string(removal.stream), .string(removal.tag),
                    .string(removal.image.nonEmpty ?? removal.dockerImageReference),
                    .string(HumanDuration.short(since: removal.created, now: now)), .string(removal.reason),
                    .integer(removal.bytes), .string(removal.message),
                ]
            }
        })

    private static func documentation(_ field: String) -> String { RetentionRemoval.schema.documentation(of: field) }
}
