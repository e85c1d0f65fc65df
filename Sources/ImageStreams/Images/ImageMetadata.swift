import APIMachinery
import ImageAPI
import JSON
import OCI

/// Fills an Image from its manifest and config (spec/image-resources.md 7.2). Pure.
enum ImageMetadata {
    /// Why an Image could not be filled. What had been filled by then stays.
    struct Failure: Error, Hashable, Sendable {
        var text: String
    }

    /// Completes layers, metadata document, media type and size.
    ///
    /// - Parameter now: what manifest lists get as their time of creation.
    /// - Throws: for a manifest or config that cannot be used; whether that matters is the caller's decision.
    static func fill(_ image: inout Image, now: Timestamp) throws(Failure) {
        guard !image.dockerImageManifest.isEmpty else { return }
        repairLayerOrder(&image)
        var metadata = try document(of: image)
        if !image.dockerImageLayers.isEmpty, metadata.size > 0, !image.dockerImageManifestMediaType.isEmpty { return }

        let manifest: ManifestDocument
        do {
            manifest = try ManifestDocument(parsing: Array(image.dockerImageManifest.utf8), limits: .stored)
        } catch {
            throw Failure(text: error.text)
        }
        if MediaType.manifestKind(manifest.mediaType)?.isIndex == true {
            metadata.id = image.metadata.name
            metadata.created = now
            image.setDockerImage(metadata)
            return
        }
        if image.dockerImageLayers.isEmpty { try fillLayers(&image, manifest) }
        switch manifest.schemaVersion {
        case 1: try fillFromHistory(&image, manifest)
        case 2: try fillFromConfig(&image, manifest)
        default: throw unrecognized(image, manifest)
        }
    }

    /// The metadata document of an Image as a value.
    static func document(of image: Image) throws(Failure) -> DockerImage {
        do { return try image.dockerImage() } catch { throw Failure(text: error.text) }
    }

    // MARK: Layers

    /// Layers that came without a recorded order are taken as the media type's writers used to list them, and turned to
    /// base first.
    private static func repairLayerOrder(_ image: inout Image) {
        guard !image.dockerImageLayers.isEmpty else { return }
        let order: String
        if let recorded = image.metadata.annotations[KnownAnnotation.layersOrder] {
            order = recorded
        } else {
            switch image.dockerImageManifestMediaType {
            case MediaType.schema1, MediaType.schema1Signed: order = "ascending"
            case MediaType.dockerManifest, MediaType.ociManifest: order = "descending"
            default: return
            }
        }
        if order == "descending" { image.dockerImageLayers.reverse() }
        image.metadata.annotations[KnownAnnotation.layersOrder] = "ascending"
    }

    private static func fillLayers(_ image: inout Image, _ manifest: ManifestDocument) throws(Failure) {
        switch manifest.schemaVersion {
        case 1:
            guard manifest.history.count == manifest.fsLayers.count else {
                throw Failure(
                    text:
                        "the image \(image.metadata.name) (\(image.dockerImageReference)) has mismatched history and fslayer cardinality (\(manifest.history.count) != \(manifest.fsLayers.count))"
                )
            }
            image.dockerImageLayers = zip(manifest.fsLayers, manifest.history).reversed().map { layer, text in
                ImageLayer(
                    name: layer, size: SchemaOneHistory(v1Compatibility: text).size, mediaType: MediaType.schema1Layer)
            }
        case 2:
            image.dockerImageLayers = manifest.layers.map {
                ImageLayer(name: $0.digest, size: $0.size, mediaType: $0.mediaType)
            }
        default:
            throw unrecognized(image, manifest)
        }
        image.metadata.annotations[KnownAnnotation.layersOrder] = "ascending"
    }

    private static func unrecognized(_ image: Image, _ manifest: ManifestDocument) -> Failure {
        Failure(
            text:
                "unrecognized container image manifest schema \(manifest.schemaVersion) for \"\(image.metadata.name)\" (\(image.dockerImageReference))"
        )
    }

    // MARK: Metadata and size

    private static func fillFromHistory(_ image: inout Image, _ manifest: ManifestDocument) throws(Failure) {
        image.dockerImageManifestMediaType = MediaType.schema1
        guard let newest = manifest.history.first else {
            throw Failure(
                text:
                    "the image \(image.metadata.name) (\(image.dockerImageReference)) has a schema 1 manifest, but it doesn't have history"
            )
        }
        var metadata = try config(newest)
        metadata.size = distinctSize(of: image.dockerImageLayers, besides: nil)
        image.setDockerImage(metadata)
    }

    private static func fillFromConfig(_ image: inout Image, _ manifest: ManifestDocument) throws(Failure) {
        if !manifest.mediaType.isEmpty {
            image.dockerImageManifestMediaType = manifest.mediaType
        } else if image.dockerImageManifestMediaType.isEmpty {
            image.dockerImageManifestMediaType = MediaType.dockerManifest
        }
        guard !image.dockerImageConfig.isEmpty else {
            throw Failure(
                text:
                    "dockerImageConfig must not be empty for manifest type \"\(image.dockerImageManifestMediaType)\"")
        }
        var metadata = try config(image.dockerImageConfig)
        if metadata.bound() { image.metadata.annotations[KnownAnnotation.metadataTruncated] = "true" }
        let digest = manifest.config?.digest ?? ""
        metadata.id = digest
        metadata.size =
            Int64(image.dockerImageConfig.utf8.count) &+ distinctSize(of: image.dockerImageLayers, besides: digest)
        image.setDockerImage(metadata)
    }

    /// Image configs and v1Compatibility texts have the members of the oldest metadata document.
    private static func config(_ text: String) throws(Failure) -> DockerImage {
        do {
            let old = try DockerImagePre012.decode(Array(text.utf8))
            return DockerImage(
                id: old.id, parent: old.parent, comment: old.comment, created: old.created, container: old.container,
                containerConfig: old.containerConfig, dockerVersion: old.dockerVersion, author: old.author,
                config: old.config, architecture: old.architecture, size: old.size)
        } catch {
            throw Failure(text: error.message)
        }
    }

    /// The bytes of all layers, each counted once; `config` is a blob that has been counted already.
    static func distinctSize(of layers: [ImageLayer], besides config: String?) -> Int64 {
        var seen: Set<String> = config.map { [$0] } ?? []
        return layers.reduce(0) { seen.insert($1.name).inserted ? $0 &+ $1.size : $0 }
    }
}

extension ImageMetadataError {
    /// The reason as people read it.
    var text: String {
        switch self {
        case .unknownVersion(let version): "unknown image metadata version \(goQuoted(version))"
        case .undecodable(let error): error.message
        }
    }
}
