import APIMachinery
import ImageAPI
import OCI

/// The rules of image streams (spec/image-resources.md 9.10, 9.13).
enum ImageStreamValidation {
    /// Main update. Tags that nobody touched have been checked when they were written.
    static func validateUpdate(
        _ stream: ImageStream, old: ImageStream, allowList: () -> RegistryAllowList
    ) -> [FieldError] {
        let annotation = KnownAnnotation.insecureRepository
        let isSame =
            stream.spec == old.spec && stream.status == old.status
            && stream.metadata.annotations[annotation] == old.metadata.annotations[annotation]
        return isSame ? validateMetadata(stream) : validate(stream, allowList: allowList())
    }

    /// Create and main update: everything but what the ledger checks.
    static func validate(_ stream: ImageStream, allowList: RegistryAllowList) -> [FieldError] {
        validateMetadata(stream) + validateTags(stream, allowList: allowList)
    }

    private static func validateMetadata(_ stream: ImageStream) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(
            stream.metadata, isNamespaced: true, nameRule: ImageStreamNames.messages, prefixMayEndInDash: false)
        let metadata = stream.metadata
        if metadata.namespace.utf8.count + 1 + metadata.name.utf8.count > ImageStreamNames.maximumLength {
            errors.append(
                .invalid(
                    "metadata.name", .string(metadata.name),
                    "'namespace/name' cannot be longer than \(ImageStreamNames.maximumLength) characters"))
        }
        return errors
    }

    private static func validateTags(_ stream: ImageStream, allowList: RegistryAllowList) -> [FieldError] {
        let isInsecure = stream.metadata.annotations[KnownAnnotation.insecureRepository] == "true"
        var errors = repository(
            stream.spec.dockerImageRepository, allowList: allowList, transport: isInsecure ? .any : .secure)
        for tag in stream.spec.tags {
            errors += TagReferenceValidation.validate(
                tag, field: "spec.tags[\(tag.name)]", allowList: allowList,
                transport: isInsecure || tag.importPolicy.insecure ? .any : .secure)
        }
        let insecure = insecureTags(of: stream)
        for entry in stream.status.tags {
            let isAny = isInsecure || insecure.contains(entry.tag)
            for (index, event) in entry.items.enumerated() {
                let field = reference(of: entry.tag, index)
                if event.dockerImageReference.isEmpty {
                    errors.append(.required(field))
                } else {
                    errors += TagReferenceValidation.pullSpec(
                        event.dockerImageReference, field: field, allowList: allowList,
                        transport: isAny ? .any : .secure)
                }
            }
        }
        return errors
    }

    /// A write of `/status`: the pull specs that are new in it.
    static func validateStatusUpdate(
        _ stream: ImageStream, old: ImageStream, allowList: RegistryAllowList
    ) -> [FieldError] {
        let known = Set(old.status.tags.flatMap { $0.items.map(\.dockerImageReference) })
        let isInsecure = stream.metadata.annotations[KnownAnnotation.insecureRepository] == "true"
        // One pull spec is checked once, by the laxest of the tags it occurs in.
        var insecure = Set<String>()
        let insecureTags = insecureTags(of: stream)
        for entry in stream.status.tags where insecureTags.contains(entry.tag) {
            insecure.formUnion(entry.items.map(\.dockerImageReference))
        }
        var errors: [FieldError] = []
        for entry in stream.status.tags {
            for (index, event) in entry.items.enumerated() where !known.contains(event.dockerImageReference) {
                let isAny = isInsecure || insecure.contains(event.dockerImageReference)
                errors += TagReferenceValidation.pullSpec(
                    event.dockerImageReference, field: reference(of: entry.tag, index), allowList: allowList,
                    transport: isAny ? .any : .secure)
            }
        }
        return errors
    }

    /// The repositories a stream refers to already: they stay allowed (9.11).
    static func pullSpecs(of stream: ImageStream) -> [String] {
        var specs = [stream.spec.dockerImageRepository]
        specs += stream.spec.tags.compactMap { tag in
            tag.from.flatMap { $0.kind == TagSource.Kind.dockerImage.rawValue ? $0.name : nil }
        }
        specs += stream.status.tags.flatMap { $0.items.map(\.dockerImageReference) }
        return specs
    }

    private static func insecureTags(of stream: ImageStream) -> Set<String> {
        Set(stream.spec.tags.filter(\.importPolicy.insecure).map(\.name))
    }

    private static func reference(of tag: String, _ index: Int) -> String {
        "status.tags[\(tag)].items[\(index)].dockerImageReference"
    }

    private static func repository(
        _ text: String, allowList: RegistryAllowList, transport: RegistryAllowList.Transport
    ) -> [FieldError] {
        if text.isEmpty { return [] }
        let field = "spec.dockerImageRepository"
        do throws(ImageReferenceError) {
            let reference = try ImageReference(parsing: text)
            if !reference.tag.isEmpty {
                return [.invalid(field, .string(text), "the repository name may not contain a tag")]
            }
            if !reference.id.isEmpty {
                return [.invalid(field, .string(text), "the repository name may not contain an ID")]
            }
            return allowList.refusal(of: reference, transport: transport).map { [.forbidden(field, $0)] } ?? []
        } catch {
            return [.invalid(field, .string(text), error.text)]
        }
    }
}
