import APIMachinery
import APIServer
import ImageAPI
import JSON

/// `imagetags`: spec, status and Image of a tag in one object (spec/image-resources.md 13).
struct ImageTagResource: GettableResource, ListableResource, CreatableResource, UpdatableResource,
    DeletableResource
{
    typealias Object = ImageTag

    let tags: TagStore

    static let noun = "ImageTags"

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagetags", kind: ImageStreamsGroup.kind("ImageTag"),
            isNamespaced: true, shortNames: ["itag"])
    }
    var table: TableColumns<ImageTag>? { ImageTagTable.columns }

    // MARK: Reads

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<ImageTag> {
        let name = try TagName(existing: name, noun: Self.noun)
        let stream = try await tags.requireStream(name.stream, context)
        guard stream.spec.tag(name.tag) != nil || stream.status.tag(name.tag) != nil else {
            throw APIError.notFound(context.resource, name.description)
        }
        return Output(try await shown(stream, tag: name.tag, context))
    }

    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<ImageTag> {
        try await tags.list(options, context) { stream in
            // Managed fields tell of all tags: in every tag of a list they would grow with the square of their number.
            var stream = stream
            stream.metadata.managedFields = []
            let names = Set((stream.spec.tags.map(\.name) + stream.status.tags.map(\.tag)).map(ExactString.init))
            return names.map(\.text).sorted(by: Exactly.precedes).compactMap { ImageTag(stream: stream, tag: $0) }
        }
    }

    private func shown(_ stream: ImageStream, tag: String, _ context: RequestContext) async throws -> ImageTag {
        let stream = tags.presented(stream)
        let complete = try await tags.embeddedImage(of: stream.status.head(of: tag), context)
        return ImageTag(stream: stream, tag: tag, image: complete, allowsEmpty: true) ?? ImageTag()
    }

    // MARK: Create

    func create(
        _ object: ImageTag, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageTag> {
        try await tags.charging(tag: object.metadata.name, options: options, context) {
            try await createCharged(object, options: options, context)
        }
    }

    private func createCharged(
        _ object: ImageTag, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageTag> {
        var object = object
        try prepareCreate(&object, context)
        try check(ImageTagValidation.validateCreate(object, allowList: tags.rules.allowList), object.metadata.name)
        let name = try TagName(created: object.metadata.name)
        for _ in 0..<TagStore.attempts {
            let existing = try await tags.streams.object(name.stream, namespace: context.namespace)
            var stream = existing ?? tags.synthetic(name.stream, context)
            guard stream.spec.tag(name.tag) == nil else {
                throw APIError.alreadyExists(context.resource, object.metadata.name)
            }
            if let spec = object.spec { stream.spec.set(spec, name: name.tag) }
            do {
                let stored = try await tags.write(stream, isNew: existing == nil, options: options, context)
                return .object(Output(try await shown(stored, tag: name.tag, context)))
            } catch let error as APIError where ["Conflict", "AlreadyExists"].contains(error.reason) {
                continue
            }
        }
        throw APIError.serverTimeout(context.resource, operation: "create")
    }

    private func prepareCreate(_ object: inout ImageTag, _ context: RequestContext) throws(APIError) {
        try VirtualObjects.fill(&object.metadata, context)
        if var spec = object.spec {
            tags.rules.defaults.apply(to: &spec)
            if spec.name.isEmpty { spec.name = TagName.tagPart(of: object.metadata.name) }
            object.spec = spec
        }
        object.status = nil
        object.image = nil
    }

    private func check(_ errors: [FieldError], _ name: String) throws(APIError) {
        if !errors.isEmpty { throw .invalid(descriptor.groupKind, name, errors) }
    }

    // MARK: Update

    func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<ImageTag>
    ) async throws -> (Output<ImageTag>, created: Bool) {
        let name = try TagName(existing: name, noun: Self.noun)
        return try await tags.charging(stream: name.stream, subject: name.description, options: options, context) {
            try await updateCharged(name, options: options, context, change: change)
        }
    }

    private func updateCharged(
        _ name: TagName, options: WriteOptions, _ context: RequestContext, change: ObjectChange<ImageTag>
    ) async throws -> (Output<ImageTag>, created: Bool) {
        // A patch is computed again after a lost race, a PUT is not: it names the status it saw.
        for attempt in 1...(change.isPatch ? TagStore.attempts : 1) {
            do {
                return try await self.attempt(name, options, context, change)
            } catch let error as LostRace {
                if attempt == TagStore.attempts || !change.isPatch { throw error.error }
            }
        }
        throw APIError.conflict(context.resource, name.description, APIError.modifiedText)
    }

    private struct LostRace: Error {
        var error: APIError
    }

    private func attempt(
        _ name: TagName, _ options: WriteOptions, _ context: RequestContext, _ change: ObjectChange<ImageTag>
    ) async throws -> (Output<ImageTag>, created: Bool) {
        let existing = try await tags.stream(name.stream, context)
        var stream = existing ?? tags.synthetic(name.stream, context)
        let isNew = existing == nil
        let old = ImageTag(stream: stream, tag: name.tag, allowsEmpty: true) ?? ImageTag()
        var object = try await change.apply(Output(old))
        try VirtualObjects.checkNamespace(object.metadata, context)
        object.metadata.namespace = context.namespace
        if object.metadata.name.isEmpty { object.metadata.name = name.description }

        if object.metadata.resourceVersion.isEmpty {
            object.metadata.resourceVersion = stream.metadata.resourceVersion
        } else if isNew {
            throw APIError.notFound(context.resource, name.description)
        } else if object.metadata.resourceVersion != stream.metadata.resourceVersion {
            throw APIError.conflict(
                context.resource, name.description,
                "another caller has updated the resource version to \(stream.metadata.resourceVersion)")
        }
        if isNew {
            // The name of the spec has to be sent on this way, too.
            try prepareCreate(&object, context)
            try check(
                ImageTagValidation.validateCreate(object, allowList: tags.rules.allowList), object.metadata.name)
            try await tags.requireCreate(name.description, context)
        } else {
            prepareUpdate(&object, old: old)
            try check(
                ImageTagValidation.validateUpdate(object, old: old, allowList: tags.rules.allowList),
                object.metadata.name)
        }
        let created = stream.spec.tag(name.tag) == nil
        if let spec = object.spec {
            stream.spec.set(spec, name: name.tag)
        } else {
            stream.spec.tags.removeAll { Exactly.equal($0.name, name.tag) }
        }
        do {
            let stored = try await tags.write(stream, isNew: isNew, options: options, context)
            return (Output(try await shown(stored, tag: name.tag, context)), created)
        } catch let error as APIError where error.reason == "Conflict" {
            throw LostRace(error: error)
        }
    }

    private func prepareUpdate(_ object: inout ImageTag, old: ImageTag) {
        VirtualObjects.restore(&object.metadata, old: old.metadata)
        if var spec = object.spec {
            tags.rules.defaults.apply(to: &spec)
            object.spec = spec
        }
        object.image = old.image
    }

    // MARK: Delete

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<ImageTag> {
        let name = try TagName(existing: name, noun: Self.noun)
        return .status(try await tags.deleteTag(name, options: options, context))
    }
}
