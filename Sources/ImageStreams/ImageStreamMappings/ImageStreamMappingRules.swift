import APIMachinery
import APIServer
import ImageAPI
import OCI

/// POST `imagestreammappings`: stores a pushed Image and makes it the newest of a tag (spec/image-resources.md 16).
struct ImageStreamMappingResource: CreatableResource {
    typealias Object = ImageStreamMapping

    let tags: TagStore
    let internalRegistry: String

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagestreammappings",
            kind: ImageStreamsGroup.kind("ImageStreamMapping"), isNamespaced: true)
    }
    var table: TableColumns<ImageStreamMapping>? { nil }

    func create(
        _ object: ImageStreamMapping, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageStreamMapping> {
        var mapping = object
        try VirtualObjects.fill(&mapping.metadata, context)
        if mapping.image.dockerImageReference.isEmpty, !internalRegistry.isEmpty {
            mapping.image.dockerImageReference =
                ImageReference(
                    registry: internalRegistry, namespace: context.namespace, name: mapping.metadata.name,
                    id: mapping.image.metadata.name
                ).exact
        }
        mapping.image.signatures = []
        try await checkSize(of: mapping, context)
        let errors = ImageStreamMappingValidation.validate(mapping)
        if !errors.isEmpty { throw APIError.invalid(descriptor.groupKind, mapping.metadata.name, errors) }
        try await push(mapping, options: options, context)
        return .status(Status(status: "Success", code: 201))
    }

    /// Refuses an image that is larger than the namespace allows, and one whose size cannot be told where that matters
    /// (19.2).
    private func checkSize(of mapping: ImageStreamMapping, _ context: RequestContext) async throws {
        let limits = try await tags.rules.ledger.limits.imageSizes(in: context.namespace)
        guard !limits.isEmpty else { return }
        func refusal(_ text: String) -> APIError {
            .forbidden(descriptor.groupResource, mapping.metadata.name, text)
        }
        var image = mapping.image
        let bytes: Int64
        do {
            try image.normalizeDocument()
            try ImageMetadata.fill(&image, now: context.now)
            bytes = try ImageMetadata.document(of: image).size
        } catch let error as ImageMetadata.Failure {
            throw refusal(error.text)
        } catch let error as APIError {
            throw refusal(error.message)
        }
        let size = Quantity(bytes, format: .binarySI)
        for limit in limits where size.exceeds(limit) {
            throw refusal(
                "requested usage of storage exceeds the maximum limit per openshift.io/Image (\(size) > \(limit))")
        }
    }

    /// Stores the Image if it is new, then the event. Also the way of the registry's own pushes.
    func push(_ mapping: ImageStreamMapping, options: WriteOptions, _ context: RequestContext) async throws {
        let context = context.with(cause: "push")
        let stream = try await tags.requireStream(mapping.metadata.name, context)
        let reference = try await store(mapping.image, in: stream, options: options, context)
        var event = TagEvent()
        event.created = context.now
        event.dockerImageReference = reference
        event.image = mapping.image.metadata.name
        try await record(event, tag: mapping.tag, in: stream, options: options, context)
    }

    /// - Returns: the pull spec for the event.
    private func store(
        _ image: Image, in stream: ImageStream, options: WriteOptions, _ context: RequestContext
    ) async throws -> String {
        do {
            _ = try await tags.images.create(
                image, strategy: ImageStrategy(), options: WriteOptions(isDryRun: options.isDryRun), context)
            return image.dockerImageReference
        } catch let error as APIError where error.reason == "AlreadyExists" {
            return Self.reference(of: image, known: true, in: stream)
        }
    }

    /// The pull spec of the event: of an Image that was there before, a managed push names the stream's own repository.
    static func reference(of image: Image, known: Bool, in stream: ImageStream) -> String {
        guard known, image.isManaged else {
            return image.dockerImageReference
        }
        let repository = stream.status.dockerImageRepository.nonEmpty ?? stream.spec.dockerImageRepository
        guard var reference = try? ImageReference(parsing: repository) else { return image.dockerImageReference }
        reference.tag = ""
        reference.id = image.metadata.name
        return reference.exact
    }

    /// Makes the event the newest of the tag. A lost race is run again unless another push has won this very tag.
    private func record(
        _ event: TagEvent, tag: String, in stream: ImageStream, options: WriteOptions, _ context: RequestContext
    ) async throws {
        var stream = stream
        for _ in 0..<TagStore.attempts {
            let before = stream.status.head(of: tag)
            var event = event
            event.generation = stream.metadata.generation
            guard stream.status.addEvent(event, to: tag) else { return }
            TagTracking.propagate(from: tag, in: &stream)
            do {
                let changed = stream
                _ = try await tags.streams.update(
                    changed.metadata.name, strategy: ImageStreamStatusStrategy(rules: tags.rules),
                    options: WriteOptions(isDryRun: options.isDryRun), context,
                    change: ObjectChange(isPatch: false) { _ in changed })
                return
            } catch let error as APIError where error.reason == "Conflict" {
                let fresh = try await tags.requireStream(stream.metadata.name, context)
                guard Self.isSame(before, fresh.status.head(of: tag)) else { throw error }
                stream = fresh
            }
        }
        throw APIError.plain("timed out waiting for the condition")
    }

    /// Whether a tag still points where it did, or did not point anywhere.
    static func isSame(_ before: TagEvent?, _ after: TagEvent?) -> Bool {
        guard let before else { return true }
        return before.image == after?.image && before.dockerImageReference == after?.dockerImageReference
    }
}
