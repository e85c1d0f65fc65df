import APIMachinery
import ImageAPI
import OCI

import struct ImageAPI.ImageManifest

extension FetchedImage {
    /// The Image to store (spec/import-and-controllers.md A.20), with manifest and config.
    /// - Throws: for contents no Image can be made of.
    func image(now: Timestamp) throws(ImageMetadata.Failure) -> Image {
        var image = Image()
        image.metadata.name = digest.description
        image.dockerImageReference = dockerImageReference
        image.dockerImageManifestMediaType = mediaType
        if let list = ImageContent.children(of: String(decoding: manifest, as: UTF8.self), mediaType: mediaType) {
            image.dockerImageManifests = list.map(Self.withPlatform)
            image.setDockerImage(DockerImage(id: digest.description, created: now))
            return image
        }
        image.dockerImageManifest = String(decoding: manifest, as: UTF8.self)
        image.dockerImageConfig = config.map { String(decoding: $0, as: UTF8.self) } ?? ""
        try ImageMetadata.fill(&image, now: now)
        if image.dockerImageManifestMediaType == MediaType.schema1 {
            // Old manifests do not tell sizes; the importer has asked for them.
            image.dockerImageLayers = layers.map { ImageLayer(name: $0.name, size: $0.size, mediaType: $0.mediaType) }
            var metadata = try ImageMetadata.document(of: image)
            metadata.size = size
            image.setDockerImage(metadata)
        }
        return image
    }

    /// Entries without a platform are told apart from those that validation refuses (A.17).
    private static func withPlatform(_ manifest: ImageAPI.ImageManifest) -> ImageAPI.ImageManifest {
        var named = manifest
        if named.architecture.isEmpty { named.architecture = "unknown" }
        if named.os.isEmpty { named.os = "unknown" }
        return named
    }
}
