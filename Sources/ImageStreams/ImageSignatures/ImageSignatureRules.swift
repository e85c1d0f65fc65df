import APIMachinery
import APIServer
import ImageAPI

/// `imagesignatures`: entries of `signatures` of Images (spec/image-resources.md 8).
///
/// Images are written with the server's own rights: callers need permission on `imagesignatures` only.
struct ImageSignatureResource: CreatableResource, DeletableResource {
    typealias Object = ImageSignature

    let images: ObjectStore<Image>

    /// What messages call the resource; the capital letter is the reference's.
    private static let shownAs = ImageStreamsGroup.resource("imageSignatures")
    private static let imageResource = ImageStreamsGroup.resource("images")

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: ImageStreamsGroup.version, name: "imagesignatures",
            kind: ImageStreamsGroup.kind("ImageSignature"), isNamespaced: false)
    }
    var table: TableColumns<ImageSignature>? { nil }

    func create(
        _ object: ImageSignature, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<ImageSignature> {
        var signature = object
        SystemMetadata.fill(&signature.metadata, namespace: "", context)
        if signature.metadata.name.isEmpty, !signature.metadata.generateName.isEmpty {
            throw APIError.internalError("metadata.name was not generated")
        }
        // What only a verifier may say.
        signature.conditions = []
        signature.imageIdentity = ""
        signature.signedClaims = [:]
        signature.created = nil
        signature.issuedBy = nil
        signature.issuedTo = nil
        let errors = ImageSignatureValidation.validate(signature)
        if !errors.isEmpty { throw APIError.invalid(descriptor.groupKind, signature.metadata.name, errors) }
        let added = signature
        guard let name = ImageSignatureName(added.metadata.name) else {
            throw APIError.badRequest("ImageSignatures must be accessed with <imageName>@<signatureName>")
        }
        let stored = try await change(name.image, isDryRun: options.isDryRun, context) { image in
            let isKnown = image.signatures.contains {
                $0.metadata.name == added.metadata.name || $0.type == added.type && $0.content == added.content
            }
            if isKnown { throw APIError.alreadyExists(Self.shownAs, added.metadata.name) }
            image.signatures.append(added)
        }
        guard let shown = stored.signatures.first(where: { $0.metadata.name == added.metadata.name }) else {
            throw APIError.internalError("failed to store given signature")
        }
        return .object(Output(shown))
    }

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<ImageSignature> {
        guard let parts = ImageSignatureName(name) else {
            throw APIError.badRequest("ImageSignatures must be accessed with <imageName>@<signatureName>")
        }
        _ = try await change(parts.image, isDryRun: !options.dryRun.isEmpty, context) { image in
            let before = image.signatures.count
            image.signatures.removeAll { $0.metadata.name == name }
            if image.signatures.count == before { throw APIError.notFound(Self.shownAs, name) }
        }
        return .status(Status(status: "Success"))
    }

    /// Changes the signatures of an Image once: a lost race is the caller's to repeat.
    private func change(
        _ image: String, isDryRun: Bool, _ context: RequestContext, _ edit: @Sendable (inout Image) throws -> Void
    ) async throws -> Image {
        var context = context
        context.resource = Self.imageResource
        context.namespace = ""
        guard var edited = try await images.object(image, namespace: "") else {
            throw APIError.notFound(Self.imageResource, image)
        }
        try edit(&edited)
        let changed = edited
        return try await images.update(
            image, strategy: ImageStrategy(), options: WriteOptions(isDryRun: isDryRun), context,
            change: ObjectChange(isPatch: false) { _ in changed })
    }
}
