import APIMachinery
import APIServer
import ImageAPI

/// The columns of ImageStreamImages (spec/image-resources.md 18.5).
enum ImageStreamImageTable {
    static var columns: TableColumns<ImageStreamImage> {
        TableColumns(
            columns: [
                .init("Name", format: "name", description: TableColumns<ImageStreamImage>.nameDescription),
                .init("Updated", description: "Last update time."),
                .init(
                    "Image Reference", description: Image.schema.documentation(of: "dockerImageReference"), priority: 1),
                .init("Image Name", description: ImageStreamImage.schema.documentation(of: "image"), priority: 1),
            ],
            cells: { object, now in
                [
                    .string(object.metadata.name),
                    .string(HumanDuration.ago(object.metadata.creationTimestamp, now: now)),
                    .string(object.image.dockerImageReference), .string(object.image.metadata.name),
                ]
            })
    }
}
