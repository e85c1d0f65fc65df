import APIMachinery
import ImageAPI

extension ImageTag {
    /// A tag of a stream as an ImageTag: the metadata of the stream, both sides of the tag
    /// (spec/image-resources.md 13.1).
    ///
    /// - Parameter image: the Image of the newest event, completed.
    /// - Returns: nil for a tag that is in neither spec nor status, unless `allowsEmpty`.
    init?(stream: ImageStream, tag: String, image: Image? = nil, allowsEmpty: Bool = false) {
        self.init()
        spec = stream.spec.tag(tag)
        status = stream.status.tag(tag)
        if spec == nil, status == nil, !allowsEmpty { return nil }
        metadata = stream.metadata
        metadata.name = TagName.joined(stream.metadata.name, tag)
        if var shown = image, let event = status?.items.first {
            shown.dockerImageReference = TagPullSpec.shown(of: event, tag: spec, in: stream)
            self.image = shown
        }
    }
}
