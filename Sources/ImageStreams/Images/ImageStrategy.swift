import APIMachinery
import APIServer
import ImageAPI
import OCI

/// How Images are created and updated (spec/image-resources.md 7.1, 7.3).
struct ImageStrategy: Strategy {
    var isNamespaced: Bool { false }

    /// An image without a metadata document has an empty one, also where managed fields are compared. What cannot be
    /// read is refused by the preparation.
    func applyDefaults(_ image: inout Image) { try? image.normalizeDocument() }

    func prepareForCreate(_ image: inout Image, _ context: RequestContext) async throws {
        try image.normalizeDocument()
        fill(&image, context)
        readChildren(&image, context)
        strip(&image)
    }

    func validateForCreate(_ image: inout Image, _ context: RequestContext) async throws -> [FieldError] {
        ImageValidation.validate(image)
    }

    func prepareForUpdate(_ image: inout Image, old: Image, _ context: RequestContext) async throws {
        try image.normalizeDocument()
        image.restoreEmptiedSignatures(from: old)
        image.dockerImageMetadata = old.dockerImageMetadata
        image.dockerImageMetadataVersion = old.dockerImageMetadataVersion
        image.dockerImageLayers = old.dockerImageLayers
        if !old.dockerImageSignatures.isEmpty { image.dockerImageSignatures = old.dockerImageSignatures }
        // What does not belong to the image is put back without a word.
        if image.dockerImageManifest != old.dockerImageManifest, !image.dockerImageManifest.isEmpty,
            !ImageContent.isManifest(image.dockerImageManifest, of: old)
        {
            image.dockerImageManifest = old.dockerImageManifest
        }
        if image.dockerImageConfig != old.dockerImageConfig, !image.dockerImageConfig.isEmpty,
            !ImageContent.isConfig(image.dockerImageConfig, of: image)
        {
            image.dockerImageConfig = old.dockerImageConfig
        }
        fill(&image, context)
        strip(&image)
    }

    func validateForUpdate(
        _ image: inout Image, old: Image, _ context: RequestContext
    ) async throws -> [FieldError] {
        ObjectMetaValidation.validateUpdate(image.metadata, old: old.metadata) + ImageValidation.validate(image)
    }

    private func fill(_ image: inout Image, _ context: RequestContext) {
        do throws(ImageMetadata.Failure) {
            try ImageMetadata.fill(&image, now: context.now)
        } catch {
            context.logger.info(
                "the metadata of an image could not be filled",
                metadata: ["image": "\(image.metadata.name)", "error": "\(error.text)"])
        }
    }

    /// The children of a manifest list, whatever the client said of them.
    private func readChildren(_ image: inout Image, _ context: RequestContext) {
        guard !image.dockerImageManifest.isEmpty,
            let children = ImageContent.children(
                of: image.dockerImageManifest, mediaType: image.dockerImageManifestMediaType)
        else { return }
        image.dockerImageManifests = children
    }

    private func strip(_ image: inout Image) {
        if image.metadata.annotations[KnownAnnotation.manifestBlobStored] == "true" {
            image.dockerImageManifest = ""
            image.dockerImageConfig = ""
        }
        for index in image.signatures.indices {
            image.signatures[index].metadata.annotations[KnownAnnotation.managedSignature] = nil
        }
    }
}

extension Image {
    /// Brings the metadata document into its normal form (spec/image-resources.md 4.3).
    /// - Throws: 400 for a document that cannot be read, 500 for an unknown version without one.
    mutating func normalizeDocument() throws(APIError) {
        let isAbsent = dockerImageMetadata.isEmpty
        if !isAbsent { try checkDocumentKind() }
        do throws(ImageMetadataError) {
            try normalizeMetadata()
        } catch {
            throw isAbsent ? .plain(error.text) : .badRequest(error.text)
        }
    }

    /// What the document says of itself, if it does, must fit its version.
    private func checkDocumentKind() throws(APIError) {
        guard let document = try? dockerImageMetadata.value() else { return }
        let version = dockerImageMetadataVersion.nonEmpty ?? Self.metadataVersion
        let versions = [version, "\(ImageStreamsGroup.name)/\(version)"]
        let kind = document["kind"]?.stringValue?.nonEmpty
        let apiVersion = document["apiVersion"]?.stringValue?.nonEmpty
        guard kind ?? "DockerImage" == "DockerImage", versions.contains(apiVersion ?? version) else {
            throw .badRequest(
                "no kind \(goQuoted(kind ?? "")) is registered for version \(goQuoted(apiVersion ?? ""))")
        }
    }

    /// The empty document where there is none: every Image on the wire has one.
    mutating func completeDocument() {
        if dockerImageMetadata.isEmpty { setDockerImage(DockerImage()) }
    }
}

extension Image {
    /// A verifier puts an empty entry in the place of a signature that did not hold (spec/clients.md 5.5). The signature
    /// stays and is unverified from then on (spec/import-and-controllers.md C.3); an empty entry in no place goes.
    fileprivate mutating func restoreEmptiedSignatures(from old: Image) {
        guard signatures.contains(ImageSignature()) else { return }
        let areInPlace = signatures.count == old.signatures.count
        signatures = signatures.enumerated().compactMap { index, signature in
            guard signature == ImageSignature() else { return signature }
            return areInPlace ? old.signatures[index].unverified : nil
        }
    }
}

extension ImageSignature {
    /// Without what a verifier said.
    fileprivate var unverified: ImageSignature {
        var signature = self
        signature.conditions = []
        signature.imageIdentity = ""
        signature.signedClaims = [:]
        signature.issuedBy = nil
        signature.issuedTo = nil
        return signature
    }
}
