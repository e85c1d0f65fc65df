import APIMachinery
import JSON

/// `dockerImageMetadata` that cannot be understood.
public enum ImageMetadataError: Error, Sendable, Hashable {
    /// `dockerImageMetadataVersion` names no known form.
    case unknownVersion(String)
    /// The document does not have the form its version promises.
    case undecodable(JSONError)
}

extension Image {
    /// `1.0`, the default version of `dockerImageMetadata`.
    public static let metadataVersion = DockerImage.groupVersionKind.version

    /// Brings `dockerImageMetadata` into the form every image has on the wire (image-resources 4.3): the document is
    /// decoded by its version and written again, so unknown members are lost; an absent one becomes the empty document.
    public mutating func normalizeMetadata() throws(ImageMetadataError) {
        if dockerImageMetadataVersion.isEmpty { dockerImageMetadataVersion = Self.metadataVersion }
        switch dockerImageMetadataVersion {
        case DockerImage.groupVersionKind.version:
            dockerImageMetadata = RawJSON(compact: try document(DockerImage.self).jsonBytes())
        case DockerImagePre012.groupVersionKind.version:
            dockerImageMetadata = RawJSON(compact: try document(DockerImagePre012.self).jsonBytes())
        default:
            throw .unknownVersion(dockerImageMetadataVersion)
        }
    }

    /// The decoded metadata, whatever its version.
    public func dockerImage() throws(ImageMetadataError) -> DockerImage {
        switch dockerImageMetadataVersion {
        case "", DockerImage.groupVersionKind.version: return try document(DockerImage.self)
        case DockerImagePre012.groupVersionKind.version:
            let old = try document(DockerImagePre012.self)
            return DockerImage(
                id: old.id, parent: old.parent, comment: old.comment, created: old.created, container: old.container,
                containerConfig: old.containerConfig, dockerVersion: old.dockerVersion, author: old.author,
                config: old.config, architecture: old.architecture, size: old.size)
        default: throw .unknownVersion(dockerImageMetadataVersion)
        }
    }

    /// Sets the metadata and its version.
    public mutating func setDockerImage(_ document: DockerImage) {
        dockerImageMetadata = RawJSON(compact: document.jsonBytes())
        dockerImageMetadataVersion = Self.metadataVersion
    }

    private func document<Document: APIKind>(_ type: Document.Type) throws(ImageMetadataError) -> Document {
        if dockerImageMetadata.isEmpty { return Document() }
        do throws(JSONError) {
            return try Document.decode(dockerImageMetadata.bytes)
        } catch {
            throw .undecodable(error)
        }
    }
}
