import ImageAPI
import ImageStreams
import Logging
import OCI

/// Tags that stay what they were pushed as: an annotation of the stream says which (spec/registry.md N-13).
struct ImmutableTags {
    private let pattern: TagPattern?

    /// Nil for a stream without the annotation. One whose pattern cannot be read lets no tag change: the safe side.
    init?(_ stream: ImageStream, logger: Logger) {
        guard let text = stream.metadata.annotations[KnownAnnotation.immutableTags], !text.isEmpty else { return nil }
        pattern = TagPattern(text)
        if pattern == nil {
            logger.warning(
                "the annotation \(KnownAnnotation.immutableTags) is no usable pattern",
                metadata: ["stream": "\(stream.metadata.namespace)/\(stream.metadata.name)"])
        }
    }

    /// - Throws: 403 for a tag that would change.
    func check(_ tags: [String], _ digest: Digest, in stream: ImageStream) throws(RegistryError) {
        for tag in tags {
            guard let current = stream.status.newestEvent(of: tag)?.image, current != digest.description else {
                continue
            }
            if let pattern, pattern.matches(tag) != true { continue }
            throw .denied("tag \(tag) is immutable")
        }
    }
}
