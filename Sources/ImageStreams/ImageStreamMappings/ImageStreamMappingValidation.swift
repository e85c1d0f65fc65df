import APIMachinery
import ImageAPI

/// The rules of mappings (spec/image-resources.md 16.1).
enum ImageStreamMappingValidation {
    static func validate(_ mapping: ImageStreamMapping) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(mapping.metadata, isNamespaced: true)
        if mapping.metadata.name.isEmpty {
            // A selector by repository once stood beside the name; its field is still reported.
            errors += [.required("name"), .required("dockerImageRepository")]
        }
        if mapping.tag.isEmpty { errors.append(.required("tag")) }
        return errors + ImageValidation.validate(mapping.image, prefix: "image.")
    }
}
