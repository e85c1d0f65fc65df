import APIMachinery
import ImageAPI
import OCI

/// The rules of a spec tag, wherever it stands: in a stream, an ImageStreamTag or an ImageTag
/// (spec/image-resources.md 9.10).
enum TagReferenceValidation {
    static func validate(
        _ tag: TagReference, field: String, allowList: RegistryAllowList, transport: RegistryAllowList.Transport
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if let from = tag.from {
            if from.name.isEmpty { errors.append(.required("\(field).from.name")) }
            switch TagSource.Kind(rawValue: from.kind) {
            case .dockerImage:
                errors += pullSpec(
                    from.name, field: "\(field).from.name", allowList: allowList, transport: transport,
                    allowsEmpty: true)
            case .imageStreamTag, .imageStreamImage:
                if tag.importPolicy.scheduled {
                    errors.append(
                        .invalid(
                            "\(field).importPolicy.scheduled", .bool(true),
                            "only tags pointing to Docker repositories may be scheduled for background import"))
                }
            case nil:
                errors.append(
                    .required(
                        "\(field).from.kind",
                        "valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'"))
            }
        }
        if !["Source", "Local"].contains(tag.referencePolicy.type) {
            errors.append(
                .invalid(
                    "\(field).referencePolicy.type", .string(tag.referencePolicy.type),
                    "valid values are \"Source\", \"Local\""))
        }
        return errors + importMode(tag.importPolicy.importMode, field: "\(field).importPolicy.importMode")
    }

    static func importMode(_ mode: String, field: String) -> [FieldError] {
        if ["", "Legacy", "PreserveOriginal"].contains(mode) { return [] }
        return [
            .invalid(field, .string(mode), "invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'")
        ]
    }

    /// A pull spec must parse, and come from a registry that is allowed.
    static func pullSpec(
        _ text: String, field: String, allowList: RegistryAllowList, transport: RegistryAllowList.Transport,
        allowsEmpty: Bool = false
    ) -> [FieldError] {
        if allowsEmpty && text.isEmpty { return [] }
        do throws(ImageReferenceError) {
            let reference = try ImageReference(parsing: text)
            return allowList.refusal(of: reference, transport: transport).map { [.forbidden(field, $0)] } ?? []
        } catch {
            return [.invalid(field, .string(text), error.text)]
        }
    }
}
