import APIMachinery
import ImageAPI
import OCI

/// Turns spec tags into events where no registry has to be asked (spec/image-resources.md 9.6).
struct TagResolution {
    /// `host[:port]` of the integrated registry; empty without one.
    var internalRegistry: String
    var now: Timestamp
    /// Loads another stream with the server's own rights; nil where there is none.
    var stream: (_ namespace: String, _ name: String) async throws -> ImageStream?

    /// Resolves every spec tag that is new or changed. One failure does not stop the others.
    ///
    /// Generations must have been prepared before: the events carry the stream's new one.
    func resolve(_ target: inout ImageStream, old: ImageStream?) async -> [FieldError] {
        if let old, target.spec.tags == old.spec.tags { return [] }
        var errors: [FieldError] = []
        for tag in target.spec.tags {
            guard let from = tag.from else { continue }
            if let known = old?.spec.tag(tag.name),
                !TagGenerations.isChanged(tag, from: known, namespace: target.metadata.namespace)
            {
                continue
            }
            do throws(FieldError) {
                try await resolve(tag, from: from, in: &target)
            } catch {
                errors.append(error)
            }
        }
        return errors
    }

    private func resolve(
        _ tag: TagReference, from: ObjectReference, in target: inout ImageStream
    ) async throws(FieldError) {
        let generation = target.metadata.generation
        if from.kind == TagSource.Kind.dockerImage.rawValue, !from.name.isEmpty {
            // Without `reference` the import controller takes over.
            guard tag.reference else { return }
            var event = TagEvent()
            event.created = now
            event.dockerImageReference = from.name
            event.generation = generation
            target.status.addEvent(event, to: tag.name)
            return
        }
        let field = "spec.tags[\(tag.name)].from.name"
        guard let source = TagSource(from, of: target) else {
            throw .invalid(field, .string(from.name), TagSource.formText)
        }
        let isOwn = source.isOwn(target)
        let origin = isOwn ? target : try await load(source, field: field, name: from.name)
        guard var event = try event(for: source, kind: from.kind, in: origin, field: field, name: from.name) else {
            return
        }
        event.generation = generation
        if isOwn, from.kind == TagSource.Kind.imageStreamTag.rawValue {
            // The reference shares the event between both tags, so the source's newest event gets the generation too.
            stamp(source.item.nonEmpty ?? Self.defaultTag, with: generation, in: &target)
        } else if !isOwn, !tag.reference {
            event.dockerImageReference = rewritten(event.dockerImageReference, from: source, to: target)
        }
        target.status.addEvent(event, to: tag.name)
    }

    static let defaultTag = "latest"

    private func load(_ source: TagSource, field: String, name: String) async throws(FieldError) -> ImageStream {
        do {
            if let found = try await stream(source.namespace, source.stream) { return found }
        } catch {
            let text = (error as? APIError)?.message ?? "\(error)"
            throw .invalid(field, .string(name), "unable to retrieve image stream: \(text)")
        }
        throw .notFound(field, .string(name))
    }

    /// The event a source stands for; nil where the tag has none yet.
    private func event(
        for source: TagSource, kind: String, in origin: ImageStream, field: String, name: String
    ) throws(FieldError) -> TagEvent? {
        if kind == TagSource.Kind.imageStreamTag.rawValue {
            return origin.status.head(of: source.item.nonEmpty ?? Self.defaultTag)
        }
        let images = ImageIdentifier.images(matching: source.item, in: origin)
        let resource = "imagestreamimage.image.openshift.io"
        switch images.count {
        case 0:
            throw .invalid(
                field, .string(name), "error generating tag event: \(resource) \"\(source.item)\" not found")
        case 1:
            let events = origin.status.tags.lazy.flatMap(\.items)
            guard let match = events.first(where: { $0.image == images[0] }) else { return nil }
            var event = TagEvent()
            event.created = now
            event.dockerImageReference = match.dockerImageReference
            event.image = match.image
            return event
        default:
            let list = images.joined(separator: ", ")
            throw .invalid(
                field, .string(name),
                "error generating tag event: Operation cannot be fulfilled on \(resource) \"\(source.item)\": "
                    + "multiple images match the prefix \"\(source.item)\": \(list)")
        }
    }

    private func stamp(_ tag: String, with generation: Int64, in target: inout ImageStream) {
        guard let index = target.status.tags.ordered(tag, by: \.tag).found,
            !target.status.tags[index].items.isEmpty
        else { return }
        target.status.tags[index].items[0].generation = generation
    }

    /// A pull spec of the source stream in the integrated registry becomes one of this stream, so that pulls ask for
    /// permission on this stream (step 5).
    private func rewritten(_ text: String, from source: TagSource, to target: ImageStream) -> String {
        guard !internalRegistry.isEmpty, var reference = try? ImageReference(parsing: text),
            reference.registry == internalRegistry, reference.namespace == source.namespace,
            reference.name == source.stream
        else { return text }
        reference.namespace = target.metadata.namespace
        reference.name = target.metadata.name
        return reference.exact
    }
}
