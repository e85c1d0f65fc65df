import APIMachinery
import ImageAPI
import ImageStreams
import OCI

/// The Image object of a pushed manifest (spec/registry.md 3.5.2). Pure.
///
/// Manifest and config go along so that the image API reads what it shows; it does not keep them.
enum PushedImage {
    /// - Parameters:
    ///   - name: the digest it was pushed by.
    ///   - reference: the pull spec.
    ///   - config: the config blob of a container image; nil where there is none, or it is too large to be read.
    ///   - now: what lists get as their time of creation.
    static func image(
        of manifest: PushedManifest, name: Digest, reference: String, config: [UInt8]?, now: Timestamp
    ) -> Image {
        var image = Image()
        image.metadata.name = name.description
        image.metadata.annotations = [
            KnownAnnotation.managed: "true", KnownAnnotation.manifestBlobStored: "true",
        ]
        if name != manifest.canonical {
            image.metadata.annotations[KnownAnnotation.canonicalDigest] = manifest.canonical.description
        }
        image.dockerImageReference = reference
        image.dockerImageManifestMediaType = manifest.mediaType
        switch manifest.kind {
        case .index:
            image.dockerImageManifests = manifest.children.map(child)
            var document = DockerImage()
            document.id = name.description
            document.created = now
            image.setDockerImage(document)
        case .image, .opaque:
            image.dockerImageLayers = manifest.layers.map {
                ImageLayer(name: $0.digest.description, size: $0.size, mediaType: $0.mediaType)
            }
            image.metadata.annotations[KnownAnnotation.layersOrder] = "ascending"
            if let config, isContainer(manifest) {
                image.dockerImageManifest = String(decoding: manifest.bytes, as: UTF8.self)
                image.dockerImageConfig = String(decoding: config, as: UTF8.self)
            } else {
                image.setDockerImage(summary(of: manifest))
                if !isContainer(manifest), !manifest.artifactType.isEmpty {
                    image.metadata.annotations[KnownAnnotation.artifactType] = manifest.artifactType
                }
            }
        }
        return image
    }

    /// What is no image for some platform, such as a nested index or an attestation, is for an unknown one: Images must
    /// name one.
    private static func child(_ descriptor: Descriptor) -> ImageAPI.ImageManifest {
        let platform = descriptor.platform
        return ImageAPI.ImageManifest(
            digest: descriptor.digest.description,
            mediaType: MediaType.isValid(descriptor.mediaType) ? descriptor.mediaType : "application/octet-stream",
            manifestSize: descriptor.size, architecture: platform.map(\.architecture).flatMap(nonEmpty) ?? "unknown",
            os: platform.map(\.os).flatMap(nonEmpty) ?? "unknown", variant: platform?.variant ?? "")
    }

    private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

    /// Whether the config says how a container is run. That of an artifact may be anything.
    static func isContainer(_ manifest: PushedManifest) -> Bool {
        manifest.kind == .image
            && [MediaType.dockerConfig, MediaType.ociConfig].contains(manifest.config?.mediaType ?? "")
    }

    /// What is known of an image without a look into its config.
    private static func summary(of manifest: PushedManifest) -> DockerImage {
        var document = DockerImage()
        document.id = manifest.config?.digest.description ?? ""
        var seen = Set<Digest>()
        document.size = ((manifest.config.map { [$0] } ?? []) + manifest.layers).reduce(0) {
            seen.insert($1.digest).inserted ? $0 &+ $1.size : $0
        }
        return document
    }
}
