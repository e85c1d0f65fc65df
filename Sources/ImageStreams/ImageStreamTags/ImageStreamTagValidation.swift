import APIMachinery
import ImageAPI

/// The rules of ImageStreamTags (spec/image-resources.md 12.9).
enum ImageStreamTagValidation {
    static func validateCreate(_ object: ImageStreamTag, allowList: RegistryAllowList) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(object.metadata, isNamespaced: true)
        guard let tag = object.tag else { return errors }
        errors += reference(tag, of: object, allowList: allowList)
        if !tag.annotations.isEmpty, tag.annotations != object.metadata.annotations {
            errors.append(
                .invalid(
                    "tag.annotations", "<map>",
                    "tag annotations must not be provided or must be equal to the object meta annotations"))
        }
        return errors
    }

    static func validateUpdate(
        _ object: ImageStreamTag, old: ImageStreamTag, allowList: RegistryAllowList
    ) -> [FieldError] {
        var errors = ObjectMetaValidation.validateUpdate(object.metadata, old: old.metadata)
        if let tag = object.tag {
            errors += reference(tag, of: object, allowList: allowList.exempting(sources(of: old.tag)))
        }
        var rest = object.metadata
        rest.annotations = old.metadata.annotations
        if rest != old.metadata || object.image != old.image || object.conditions != old.conditions {
            errors.append(.invalid("metadata", "", "may not update fields other than metadata.annotations"))
        }
        return errors
    }

    /// The pull spec a tag was imported from: it stays allowed.
    static func sources(of tag: TagReference?) -> [String] {
        guard let from = tag?.from, from.kind == TagSource.Kind.dockerImage.rawValue else { return [] }
        return [from.name]
    }

    private static func reference(
        _ tag: TagReference, of object: ImageStreamTag, allowList: RegistryAllowList
    ) -> [FieldError] {
        let isInsecure =
            object.metadata.annotations[KnownAnnotation.insecureRepository] == "true" || tag.importPolicy.insecure
        return TagReferenceValidation.validate(
            tag, field: "tag", allowList: allowList, transport: isInsecure ? .any : .secure)
    }
}
