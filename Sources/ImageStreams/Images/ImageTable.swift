import APIMachinery
import APIServer
import ImageAPI

/// The columns of Images (spec/image-resources.md 18.1).
enum ImageTable {
    static var columns: TableColumns<Image> {
        TableColumns(
            columns: [
                .init("Name", format: "name", description: TableColumns<Image>.nameDescription),
                .init("Image Reference", description: Image.schema.documentation(of: "dockerImageReference")),
            ],
            cells: { image, _ in [.string(image.metadata.name), .string(image.dockerImageReference)] })
    }
}
