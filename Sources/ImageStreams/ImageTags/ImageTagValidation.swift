import APIMachinery
import ImageAPI

/// The rules of ImageTags (spec/image-resources.md 13.6).
enum ImageTagValidation {
    static func validateCreate(_ object: ImageTag, allowList: RegistryAllowList) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(object.metadata, isNamespaced: true)
        guard let spec = object.spec else {
            errors.append(.required("spec", "spec is a required field during creation"))
            return errors
        }
        errors += reference(spec, of: object, allowList: allowList)
        return errors
    }

    /// Managed fields may differ: the server itself changes them in the course of an update.
    static func validateUpdate(_ object: ImageTag, old: ImageTag, allowList: RegistryAllowList) -> [FieldError] {
        var errors = ObjectMetaValidation.validateUpdate(object.metadata, old: old.metadata)
        if let spec = object.spec {
            errors += reference(
                spec, of: object, allowList: allowList.exempting(ImageStreamTagValidation.sources(of: old.spec)))
        }
        var metadata = object.metadata
        metadata.managedFields = old.metadata.managedFields
        let text = "may not update fields other than spec"
        if metadata != old.metadata { errors.append(.invalid("metadata", "", text)) }
        if object.status != old.status { errors.append(.invalid("status", "", text)) }
        return errors
    }

    private static func reference(
        _ spec: TagReference, of object: ImageTag, allowList: RegistryAllowList
    ) -> [FieldError] {
        var errors: [FieldError] = []
        // A name without a colon has no tag part at all, so nothing equals it.
        let hasTag = object.metadata.name.contains(":")
        if !hasTag || spec.name != TagName.tagPart(of: object.metadata.name) {
            errors.append(.invalid("spec.name", .string(spec.name), "must match image tag name"))
        }
        let isInsecure =
            object.metadata.annotations[KnownAnnotation.insecureRepository] == "true" || spec.importPolicy.insecure
        return errors
            + TagReferenceValidation.validate(
                spec, field: "spec", allowList: allowList, transport: isInsecure ? .any : .secure)
    }
}
