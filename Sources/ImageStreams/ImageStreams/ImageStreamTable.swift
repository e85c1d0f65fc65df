import APIMachinery
import APIServer
import ImageAPI
import JSON

/// The columns of image streams (spec/image-resources.md 18.2).
enum ImageStreamTable {
    static var columns: TableColumns<ImageStream> {
        TableColumns(
            columns: [
                .init("Name", format: "name", description: TableColumns<ImageStream>.nameDescription),
                .init(
                    "Image Repository",
                    description: ImageStreamStatus.schema.documentation(of: "dockerImageRepository")),
                .init("Tags", description: "Human readable list of tags."),
                .init("Updated", description: "Last update time."),
            ],
            cells: { stream, now in
                [
                    .string(stream.metadata.name), .string(repository(of: stream)), .string(tags(of: stream)),
                    .string(updated(stream, now: now)),
                ]
            })
    }

    static func repository(of stream: ImageStream) -> String {
        stream.status.publicDockerImageRepository.nonEmpty ?? stream.spec.dockerImageRepository.nonEmpty
            ?? stream.status.dockerImageRepository
    }

    static func updated(_ stream: ImageStream, now: Timestamp) -> String {
        let newest = stream.status.tags.compactMap { $0.items.first?.created }.max()
        return newest.map { HumanDuration.ago($0, now: now) } ?? ""
    }

    /// The tags, newest first, as many as fit into about 40 characters.
    static func tags(of stream: ImageStream) -> String {
        let sorted = stream.status.tags.sorted { left, right in
            switch (left.items.first?.created, right.items.first?.created) {
            case (let a?, let b?) where a != b: a > b
            case (.some, nil): true
            case (nil, .some): false
            default: Exactly.precedes(left.tag, right.tag)
            }
        }
        return abbreviated(sorted.map(\.tag))
    }

    static func abbreviated(_ tags: [String], budget: Int = 40) -> String {
        var rest = budget
        var kept: [String] = []
        for (index, tag) in tags.enumerated() {
            let length = tag.utf8.count
            rest -= length + 1
            if rest >= 0 {
                kept.append(tag)
            } else if index == 0 {
                kept.append(tag)
                break
            } else if rest + length > 10, -rest <= 10 {
                kept.append(tag)
            } else {
                break
            }
        }
        let hidden = tags.count - kept.count
        return kept.joined(separator: ",") + (hidden > 0 ? " + \(hidden) more..." : "")
    }
}
