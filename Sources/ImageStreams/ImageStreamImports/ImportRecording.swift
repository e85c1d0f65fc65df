import APIMachinery
import ImageAPI
import OCI

/// Writes the results of an import into a stream (spec/image-resources.md 17.5, spec/import-and-controllers.md A.23).
///
/// Pure: values in, values out. The stream is then stored by the server's strategy, which turns generations of 0 into
/// the new one.
struct ImportRecording {
    /// One result with the tag it is for.
    struct Entry {
        enum Result {
            /// Pull spec by digest, and name of the Image.
            case image(reference: String, name: String)
            case failure(Status)
        }

        var tag: String
        /// What the spec tag is to say it follows.
        var from: String
        var importPolicy: TagImportPolicy
        var referencePolicy: TagReferencePolicy
        /// Whether a failed import makes a spec tag: entries of `spec.images` do, those of a repository do not.
        var createsTagOnFailure: Bool
        var result: Result
    }

    var now: Timestamp

    /// Enters the results in order: the last one of a tag wins.
    func apply(_ entries: [Entry], to stream: inout ImageStream) {
        let generation = stream.metadata.generation + 1
        for entry in entries {
            switch entry.result {
            case .failure(let status):
                fail(entry, with: status, generation: generation, in: &stream)
            case .image(let reference, let name):
                var event = TagEvent()
                event.created = now
                event.dockerImageReference = reference
                event.image = name
                event.generation = generation
                succeed(entry, with: event, in: &stream)
            }
        }
    }

    private func fail(
        _ entry: Entry, with status: Status, generation: Int64, in stream: inout ImageStream
    ) {
        let condition = Self.condition(status, generation: generation, now: now)
        if Self.set(condition, on: entry.tag, in: &stream), stream.spec.tag(entry.tag) != nil {
            stream.spec.withTag(entry.tag) { $0.generation = 0 }
        }
        if entry.createsTagOnFailure, stream.spec.tag(entry.tag) == nil { wish(entry, in: &stream) }
    }

    static func condition(_ status: Status, generation: Int64, now: Timestamp) -> TagEventCondition {
        TagEventCondition(
            type: ImportCondition.type, status: "False", lastTransitionTime: now,
            reason: ImportCondition.reason(of: status),
            message: status.message.nonEmpty ?? "unknown error prevented import", generation: generation)
    }

    /// Puts a condition on a tag unless it says the same already.
    /// - Returns: whether anything changed.
    @discardableResult
    static func set(_ condition: TagEventCondition, on tag: String, in stream: inout ImageStream) -> Bool {
        let isKnown =
            stream.status.tag(tag)?.conditions.contains {
                $0.type == condition.type && $0.status == condition.status && $0.reason == condition.reason
                    && $0.message == condition.message
            } ?? false
        if isKnown { return false }
        stream.status.withTag(tag) { $0.conditions = [condition] }
        return true
    }

    private func succeed(_ entry: Entry, with event: TagEvent, in stream: inout ImageStream) {
        if Self.isChanged(
            spec: stream.spec.tag(entry.tag), head: stream.status.head(of: entry.tag), event: event)
        {
            wish(entry, in: &stream)
            stream.status.addEvent(event, to: entry.tag)
        }
        stream.spec.withTag(entry.tag) { $0.importPolicy = entry.importPolicy }
        stream.status.withTag(entry.tag) { $0.conditions = [] }
    }

    /// Whether a successful import is news for the tag (A.23.4, I.3). A different import mode alone is not.
    static func isChanged(spec: TagReference?, head: TagEvent?, event: TagEvent) -> Bool {
        guard let head, let wanted = spec?.generation else { return true }
        return head.dockerImageReference != event.dockerImageReference || head.image != event.image
            || wanted > head.generation
    }

    /// Lets the spec tag say what was imported. Annotations and `reference` stay, and so does a reference policy.
    private func wish(_ entry: Entry, in stream: inout ImageStream) {
        stream.spec.withTag(entry.tag) { tag in
            tag.from = ObjectReference(kind: TagSource.Kind.dockerImage.rawValue, name: entry.from)
            tag.generation = 0
            tag.importPolicy = entry.importPolicy
            if tag.referencePolicy.type.isEmpty { tag.referencePolicy = entry.referencePolicy }
        }
    }
}

extension ImportRecording {
    /// The pull spec of an event: that of the image, by digest and without tag.
    static func reference(of image: Image) -> String {
        guard var reference = try? ImageReference(parsing: image.dockerImageReference) else {
            return image.dockerImageReference
        }
        reference.id = image.metadata.name
        return reference.mostSpecific().exact
    }
}
