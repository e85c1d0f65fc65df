import APIMachinery
import APIServer
import ImageAPI

/// `imagestreamtags`: a virtual resource over streams and Images (spec/image-resources.md 12).
struct ImageStreamTagResource: GettableResource, ListableResource, CreatableResource, UpdatableResource,
    DeletableResource
{
    typealias Object = ImageStreamTag

    let tags: TagStore

    static let noun = "ImageStreamTags"

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreamtags",
            kind: ImageStreamsGroup.kind("ImageStreamTag"), isNamespaced: true, shortNames: ["istag"])
    }
    var table: TableColumns<ImageStreamTag>? { ImageStreamTagTable.columns }

    // MARK: Reads

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<ImageStreamTag> {
        let name = try TagName(existing: name, noun: Self.noun)
        let stream = try await tags.requireStream(name.stream, context)
        guard let digest = stream.status.head(of: name.tag)?.image.nonEmpty else {
            throw APIError.notFound(context.resource, name.description)
        }
        guard let image = try await tags.image(digest) else { throw APIError.notFound(context.resource, digest) }
        let complete = try EmbeddedImage.complete(image, now: context.now)
        guard let shown = ImageStreamTag(stream: stream, tag: name.tag, image: complete) else {
            throw APIError.notFound(context.resource, name.description)
        }
        return Output(shown)
    }

    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<ImageStreamTag> {
        try await tags.list(options, context) { stream in
            stream.status.tags.compactMap { ImageStreamTag(stream: stream, tag: $0.tag) }
        }
    }

    /// The answer to a write: the tag with its Image, if there is one.
    private func shown(_ stream: ImageStream, tag: String, _ context: RequestContext) async throws -> ImageStreamTag {
        let stream = tags.presented(stream)
        let complete = try await tags.embeddedImage(of: stream.status.head(of: tag), context)
        return ImageStreamTag(stream: stream, tag: tag, image: complete, allowsEmpty: true) ?? ImageStreamTag()
    }

    // MARK: Create

    func create(
        _ object: ImageStreamTag, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageStreamTag> {
        try await tags.charging(tag: object.metadata.name, options: options, context) {
            try await createCharged(object, options: options, context)
        }
    }

    private func createCharged(
        _ object: ImageStreamTag, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageStreamTag> {
        var object = object
        try prepareCreate(&object, context)
        try check(
            ImageStreamTagValidation.validateCreate(object, allowList: tags.rules.allowList), object.metadata.name)
        let name = try TagName(created: object.metadata.name)
        for _ in 0..<TagStore.attempts {
            let existing = try await tags.streams.object(name.stream, namespace: context.namespace)
            var stream = existing ?? tags.synthetic(name.stream, context)
            guard stream.spec.tag(name.tag) == nil else {
                throw APIError.alreadyExists(
                    ImageStreamsGroup.resource("imagestreamtag"), object.metadata.name)
            }
            if let tag = object.tag { stream.spec.set(tag, name: name.tag) }
            do {
                let stored = try await tags.write(stream, isNew: existing == nil, options: options, context)
                return .object(Output(try await shown(stored, tag: name.tag, context)))
            } catch let error as APIError where ["Conflict", "AlreadyExists"].contains(error.reason) {
                continue
            }
        }
        throw APIError.serverTimeout(context.resource, operation: "create")
    }

    private func prepareCreate(_ object: inout ImageStreamTag, _ context: RequestContext) throws(APIError) {
        try VirtualObjects.fill(&object.metadata, context)
        if var tag = object.tag {
            tags.rules.defaults.apply(to: &tag)
            if tag.name.isEmpty { tag.name = TagName.tagPart(of: object.metadata.name) }
            object.tag = tag
        }
        object.conditions = []
        object.image = Image()
    }

    private func check(_ errors: [FieldError], _ name: String) throws(APIError) {
        if !errors.isEmpty { throw .invalid(descriptor.groupKind, name, errors) }
    }

    // MARK: Update

    func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<ImageStreamTag>
    ) async throws -> (Output<ImageStreamTag>, created: Bool) {
        let name = try TagName(existing: name, noun: Self.noun)
        return try await tags.charging(stream: name.stream, subject: name.description, options: options, context) {
            try await updateCharged(name, options: options, context, change: change)
        }
    }

    private func updateCharged(
        _ name: TagName, options: WriteOptions, _ context: RequestContext, change: ObjectChange<ImageStreamTag>
    ) async throws -> (Output<ImageStreamTag>, created: Bool) {
        for number in 1...TagStore.attempts {
            let attempt = try await prepareUpdate(name, context, change)
            do {
                let stored = try await tags.write(
                    attempt.stream, isNew: attempt.isNewStream, options: options, context)
                return (Output(try await shown(stored, tag: name.tag, context)), attempt.createsTag)
            } catch let error as APIError where error.reason == "Conflict" && attempt.mayRepeat {
                if number == TagStore.attempts { throw error }
            }
        }
        throw APIError.conflict(context.resource, name.description, APIError.modifiedText)
    }

    private struct Attempt {
        var stream: ImageStream
        var isNewStream: Bool
        var createsTag: Bool
        /// Whether a lost race may be run again.
        var mayRepeat: Bool
    }

    private func prepareUpdate(
        _ name: TagName, _ context: RequestContext, _ change: ObjectChange<ImageStreamTag>
    ) async throws -> Attempt {
        let existing = try await tags.stream(name.stream, context)
        var stream = existing ?? tags.synthetic(name.stream, context)
        let isNew = existing == nil
        let old = ImageStreamTag(stream: stream, tag: name.tag, allowsEmpty: true) ?? ImageStreamTag()
        var object = try await change.apply(Output(old))
        try VirtualObjects.checkNamespace(object.metadata, context)
        object.metadata.namespace = context.namespace
        if object.metadata.name.isEmpty { object.metadata.name = name.description }

        let isUnconditional = object.metadata.resourceVersion.isEmpty
        if isUnconditional {
            object.metadata.resourceVersion = stream.metadata.resourceVersion
        } else if isNew {
            throw APIError.notFound(context.resource, name.description)
        } else if object.metadata.resourceVersion != stream.metadata.resourceVersion {
            throw APIError.conflict(
                context.resource, name.description,
                "another caller has updated the resource version to \(stream.metadata.resourceVersion)")
        }
        if object.metadata.labels.isEmpty { object.metadata.labels = stream.metadata.labels }

        if isNew {
            try prepareCreate(&object, context)
            try check(
                ImageStreamTagValidation.validateCreate(object, allowList: tags.rules.allowList), object.metadata.name)
            try await tags.requireCreate(name.description, context)
        } else {
            prepareUpdate(&object, old: old)
            try check(
                ImageStreamTagValidation.validateUpdate(object, old: old, allowList: tags.rules.allowList),
                object.metadata.name)
        }
        let before = stream.spec.tag(name.tag)
        guard var tag = object.tag ?? before else {
            throw APIError.badRequest(
                "imagestreamtag \(name.tag) is not a spec tag in imagestream \(context.namespace)/\(name.stream), cannot be updated"
            )
        }
        tag.annotations = object.metadata.annotations
        stream.spec.set(tag, name: name.tag)
        return Attempt(
            stream: stream, isNewStream: isNew, createsTag: before == nil,
            mayRepeat: !isNew && (isUnconditional || change.isPatch))
    }

    private func prepareUpdate(_ object: inout ImageStreamTag, old: ImageStreamTag) {
        VirtualObjects.restore(&object.metadata, old: old.metadata)
        if var tag = object.tag {
            tags.rules.defaults.apply(to: &tag)
            tag.annotations = object.metadata.annotations
            object.tag = tag
        }
        object.conditions = old.conditions
        object.image = old.image
    }

    // MARK: Delete

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<ImageStreamTag> {
        let name = try TagName(existing: name, noun: Self.noun)
        return .status(try await tags.deleteTag(name, options: options, context))
    }
}

extension ImageStreamSpec {
    /// Puts a tag under a name, whatever name it carries.
    mutating func set(_ tag: TagReference, name: String) {
        withTag(name) { entry in
            entry = tag
            entry.name = name
        }
    }
}
