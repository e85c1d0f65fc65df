import APIMachinery
import APIServer
import ImageAPI
import JSON

/// GET `imagestreamimages/{stream}@{id}`: an image of a stream's history (spec/image-resources.md 15).
struct ImageStreamImageResource: GettableResource {
    typealias Object = ImageStreamImage

    let streams: ObjectStore<ImageStream>
    let images: ObjectStore<Image>
    let layers: ImageStreamLayersResource

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreamimages",
            kind: ImageStreamsGroup.kind("ImageStreamImage"), isNamespaced: true, shortNames: ["isimage"])
    }
    var table: TableColumns<ImageStreamImage>? { ImageStreamImageTable.columns }

    func get(
        _ name: String, options: GetOptions, _ context: RequestContext
    ) async throws -> Output<ImageStreamImage> {
        let parts = name.parts(at: "@")
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw APIError.badRequest("ImageStreamImages must be retrieved with <name>@<id>")
        }
        let stream = try await streams.require(parts[0], context)
        let known = try await layers.layers(of: stream).images.keys
        guard let digest = Self.choose(parts[1], from: known) else {
            throw APIError.notFound(ImageStreamsGroup.resource("imagestreamimage"), name)
        }
        guard let image = try await images.object(digest, namespace: "") else {
            throw APIError.notFound(context.resource, digest)
        }
        var shown = ImageStreamImage()
        shown.metadata.name = name
        shown.metadata.namespace = context.namespace
        shown.metadata.creationTimestamp = image.metadata.creationTimestamp
        shown.metadata.annotations = stream.metadata.annotations
        shown.image = try EmbeddedImage.complete(image, now: context.now)
        return Output(shown)
    }

    /// The image an id stands for: itself if there is one of that name, else the first that matches.
    static func choose(_ id: String, from images: some Collection<String>) -> String? {
        if images.contains(id) { return id }
        return images.filter { ImageIdentifier.matches(id, image: $0) }.min(by: Exactly.precedes)
    }
}
