import APIMachinery
import ImageAPI

extension ImageStreamTag {
    /// A tag of a stream as an ImageStreamTag (spec/image-resources.md 12.2).
    ///
    /// - Parameters:
    ///   - image: the Image of the newest event, completed; nil gives a stub.
    ///   - allowsEmpty: whether a tag without an image is shown too.
    /// - Returns: nil for a tag that is not shown.
    init?(stream: ImageStream, tag: String, image: Image? = nil, allowsEmpty: Bool = false) {
        self.init()
        let spec = stream.spec.tag(tag)
        let entry = stream.status.tag(tag)
        var event = TagEvent()
        if let head = entry?.items.first, !head.image.isEmpty {
            event = head
        } else if allowsEmpty {
            event.created = stream.metadata.creationTimestamp
        } else {
            return nil
        }
        metadata.name = TagName.joined(stream.metadata.name, tag)
        metadata.namespace = stream.metadata.namespace
        metadata.uid = stream.metadata.uid
        metadata.resourceVersion = stream.metadata.resourceVersion
        metadata.labels = stream.metadata.labels
        metadata.creationTimestamp = event.created
        metadata.annotations = spec?.annotations ?? [:]
        self.tag = spec
        generation = event.generation
        conditions = entry?.conditions ?? []
        lookupPolicy = stream.spec.lookupPolicy
        if let image {
            self.image = image
            self.image.metadata.annotations.merge(spec?.annotations ?? [:]) { $1 }
        } else {
            self.image = Image()
            self.image.metadata.name = event.image
            self.image.completeDocument()
        }
        self.image.dockerImageReference = TagPullSpec.shown(of: event, tag: spec, in: stream)
    }
}
