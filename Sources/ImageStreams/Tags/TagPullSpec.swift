import ImageAPI
import OCI

/// The pull spec that users of a tag are given (spec/image-resources.md 12.3).
enum TagPullSpec {
    static func shown(of event: TagEvent, tag: TagReference?, in stream: ImageStream) -> String {
        guard let tag, tag.referencePolicy.type == "Local", !event.image.isEmpty,
            !stream.status.dockerImageRepository.isEmpty,
            var repository = try? ImageReference(parsing: stream.status.dockerImageRepository)
        else { return event.dockerImageReference }
        repository.tag = ""
        repository.id = event.image
        return repository.exact
    }
}
