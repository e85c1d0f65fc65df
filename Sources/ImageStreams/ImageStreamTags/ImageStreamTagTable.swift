import APIMachinery
import APIServer
import ImageAPI

/// The columns of ImageStreamTags (spec/image-resources.md 18.3).
enum ImageStreamTagTable {
    static var columns: TableColumns<ImageStreamTag> {
        TableColumns(
            columns: [
                .init("Name", format: "name", description: TableColumns<ImageStreamTag>.nameDescription),
                .init("Image Reference", description: Image.schema.documentation(of: "dockerImageReference")),
                .init("Updated", description: "Last update time."),
                .init("Image Name", description: ImageStreamTag.schema.documentation(of: "image"), priority: 1),
            ],
            cells: { tag, now in
                [
                    .string(tag.metadata.name), .string(tag.image.dockerImageReference),
                    .string(HumanDuration.ago(tag.metadata.creationTimestamp, now: now)),
                    .string(tag.image.metadata.name),
                ]
            })
    }
}
