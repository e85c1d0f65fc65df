import ImageAPI
import OCI

import struct ImageAPI.ImageManifest

/// Whether texts belong to an Image (spec/image-resources.md 7.1, 7.3).
enum ImageContent {
    /// The children of a manifest list or OCI index; nil for any other manifest.
    ///
    /// A Docker list has to name its type inside, an OCI index need not. The entries are taken as they stand:
    /// validation says what is wrong with them.
    static func children(of manifest: String, mediaType: String) -> [ImageManifest]? {
        guard let kind = MediaType.manifestKind(MediaType.essence(mediaType)), kind.isIndex,
            let document = try? ManifestDocument(parsing: Array(manifest.utf8), limits: .stored)
        else { return nil }
        switch kind {
        case .dockerManifestList:
            guard document.mediaType == kind.mediaType else { return nil }
        default:
            guard ["", kind.mediaType].contains(document.mediaType), !document.hasConfig, !document.hasLayers else {
                return nil
            }
        }
        return document.manifests.map { entry in
            ImageManifest(
                digest: entry.digest, mediaType: entry.mediaType, manifestSize: entry.size,
                architecture: entry.platform?.architecture ?? "", os: entry.platform?.os ?? "",
                variant: entry.platform?.variant ?? "")
        }
    }

    /// Whether a manifest hashes to the name of the stored Image.
    static func isManifest(_ text: String, of stored: Image) -> Bool {
        guard let digest = Digest(stored.metadata.name) else { return false }
        let bytes = Array(text.utf8)
        switch MediaType.essence(stored.dockerImageManifestMediaType) {
        case MediaType.dockerManifest, MediaType.ociManifest:
            return digest.matches(bytes)
        case MediaType.schema1, MediaType.schema1Signed, "":
            guard let payload = try? SignedManifest.payload(of: bytes) else { return false }
            return digest.matches(payload)
        default:
            return false
        }
    }

    /// Whether a config is the one the Image's manifest names.
    static func isConfig(_ text: String, of image: Image) -> Bool {
        guard
            let manifest = try? Manifest(
                parsing: Array(image.dockerImageManifest.utf8), contentType: image.dockerImageManifestMediaType),
            case .image(let content) = manifest.content
        else { return false }
        return content.config.digest.matches(Array(text.utf8))
    }
}
