import APIMachinery
import ImageAPI
import OCI

/// What of a stream the import controller has to import (spec/import-and-controllers.md B.1–B.3, B.6). Pure.
public enum ImportDecision {
    /// Tags whose source is a registry, and that are more than a name.
    static func isImportable(_ tag: TagReference) -> Bool {
        tag.from?.kind == TagSource.Kind.dockerImage.rawValue && !tag.reference
    }

    /// Whether the tag asks for more than was done.
    static func isDue(_ tag: TagReference, in stream: ImageStream) -> Bool {
        guard isImportable(tag), let generation = tag.generation else { return false }
        return generation > TagGenerations.observed(stream.status.tag(tag.name))
    }

    private static func isChecked(_ stream: ImageStream) -> Bool {
        stream.metadata.annotations[KnownAnnotation.repositoryCheck]?.isEmpty == false
    }

    /// The import to run, bound to the stream's revision; nil where there is nothing to do.
    public static func request(for stream: ImageStream) -> ImageStreamImport? {
        let isChecked = isChecked(stream)
        let isFull = !isChecked && !stream.spec.dockerImageRepository.isEmpty
        let isPartial =
            isFull || !isChecked && stream.spec.tags.contains(where: isImportable)
            || stream.spec.tags.contains { isDue($0, in: stream) }
        guard isPartial else { return nil }

        let isInsecure = stream.metadata.annotations[KnownAnnotation.insecureRepository] == "true"
        var request = ImageStreamImport()
        request.metadata.name = stream.metadata.name
        request.metadata.namespace = stream.metadata.namespace
        request.metadata.resourceVersion = stream.metadata.resourceVersion
        request.metadata.uid = stream.metadata.uid
        request.spec.import = true
        for tag in stream.spec.tags where isImportable(tag) {
            guard isFull || tag.generation == nil || isDue(tag, in: stream), let from = tag.from else { continue }
            request.spec.images.append(
                ImageImportSpec(
                    from: ObjectReference(kind: from.kind, name: from.name), to: LocalObjectReference(name: tag.name),
                    importPolicy: tag.importPolicy, referencePolicy: tag.referencePolicy))
        }
        if isFull {
            request.spec.repository = RepositoryImportSpec(
                from: ObjectReference(
                    kind: TagSource.Kind.dockerImage.rawValue, name: stream.spec.dockerImageRepository),
                importPolicy: TagImportPolicy(insecure: isInsecure))
        }
        return request.spec.images.isEmpty && request.spec.repository == nil ? nil : request
    }

    // MARK: Scheduled imports

    /// Whether a tag is imported again and again. One pinned to a digest is done after its first success.
    static func isScheduled(_ tag: TagReference, in stream: ImageStream) -> Bool {
        guard isImportable(tag), tag.importPolicy.scheduled, let from = tag.from,
            let reference = try? ImageReference(parsing: from.name)
        else { return false }
        if reference.id.isEmpty { return true }
        guard let head = stream.status.head(of: tag.name), let generation = tag.generation else { return true }
        return head.generation != generation
    }

    /// Whether the stream belongs into the schedule.
    public static func isScheduled(_ stream: ImageStream) -> Bool {
        stream.spec.tags.contains { isScheduled($0, in: stream) }
    }

    /// The import of a stream whose turn it is in the schedule: its scheduled tags count as due.
    public static func scheduledRequest(for stream: ImageStream) -> ImageStreamImport? {
        guard isScheduled(stream) else { return nil }
        var copy = stream
        for index in copy.spec.tags.indices where isScheduled(copy.spec.tags[index], in: stream) {
            copy.spec.tags[index].generation = stream.metadata.generation + 1
        }
        return request(for: copy)
    }
}
