import APIMachinery
import APIServer
import ImageAPI
import JSON

/// The columns of ImageTags (spec/image-resources.md 18.4).
enum ImageTagTable {
    static var columns: TableColumns<ImageTag> {
        TableColumns(
            columns: [
                .init("Name", format: "name", description: TableColumns<ImageTag>.nameDescription),
                .init("Spec", description: ImageTag.schema.documentation(of: "spec")),
                .init("Status", description: ImageTag.schema.documentation(of: "status")),
                .init("History", type: "number", description: "Number of history entries"),
                .init("Updated", description: "Last updated at"),
            ],
            cells: { tag, now in
                let state = State(tag)
                return [
                    .string(tag.metadata.name), .string(state.spec), .string(state.status),
                    state.history == 0 ? .null : .integer(Int64(state.history)),
                    .string(state.updated.map { HumanDuration.ago($0, now: now) } ?? ""),
                ]
            })
    }

    /// What the cells of one tag say.
    struct State: Hashable {
        var spec = ""
        var status = ""
        var history = 0
        var updated: Timestamp?

        init(_ tag: ImageTag) {
            var source = ""
            var wanted: Int64 = 0
            if let reference = tag.spec {
                wanted = reference.generation ?? 0
                read(reference, source: &source)
            }
            if let entry = tag.status, let head = entry.items.first {
                history = entry.items.count
                if wanted > 0, head.generation > 0, head.generation < wanted {
                    status = "Importing"
                } else if !head.image.isEmpty {
                    source = "image/\(head.image)"
                } else if !head.dockerImageReference.isEmpty {
                    source = head.dockerImageReference
                }
                let isPushed = source.isEmpty ? false : spec.isEmpty
                if isPushed || spec != "Track" && wanted > 0 && head.generation > wanted { spec = "Push" }
            }
            for condition in tag.status?.conditions ?? []
            where condition.type == ImportCondition.type && condition.status == "False" {
                status = "ImportFailed (\(condition.reason))"
            }
            if status.isEmpty { status = source }
            let times =
                (tag.status?.items.first.map { [$0.created] } ?? [])
                + (tag.status?.conditions.map(\.lastTransitionTime) ?? [])
            updated = times.filter { !$0.isZero }.max()
        }

        private mutating func read(_ reference: TagReference, source: inout String) {
            guard let from = reference.from else { return }
            spec = reference.importPolicy.scheduled ? "Scheduled" : reference.reference ? "Ref" : "Tag"
            switch TagSource.Kind(rawValue: from.kind) {
            case .dockerImage:
                source = from.name
            case .imageStreamImage:
                if let at = from.name.firstIndex(of: "@") {
                    source = "image/\(from.name[from.name.index(after: at)...])"
                } else {
                    status = "InvalidRefName"
                }
            case .imageStreamTag:
                source = from.namespace.isEmpty ? "istag/\(from.name)" : "istag \(from.namespace)/\(from.name)"
                if !from.name.contains(":") { spec = "Track" }
            case nil:
                status = "InvalidRefKind"
            }
        }
    }
}
