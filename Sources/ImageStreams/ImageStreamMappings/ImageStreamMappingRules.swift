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
        try await tags.checkSize(of: mapping.image, for: descriptor.groupResource, mapping.metadata.name, context)
        let errors = ImageStreamMappingValidation.validate(mapping)
        if !errors.isEmpty { throw APIError.invalid(descriptor.groupKind, mapping.metadata.name, errors) }
        try await push(mapping, options: options, context)
        return .status(Status(status: "Success", code: 201))
    }

    /// Stores the Image if it is new, then the event. Another push that moved the tag meanwhile has won.
    private func push(_ mapping: ImageStreamMapping, options: WriteOptions, _ context: RequestContext) async throws {
        let context = context.with(cause: "push")
        let stream = try await tags.requireStream(mapping.metadata.name, context)
        let reference = try await store(mapping.image, in: stream, options: options, context)
        let push = TagPush(
            image: mapping.image.metadata.name, reference: reference, tags: [mapping.tag], race: .firstWins)
        try await tags.push(push, to: mapping.metadata.name, options: options, context)
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
}
