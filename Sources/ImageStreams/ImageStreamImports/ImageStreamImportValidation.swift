import APIMachinery
import ImageAPI
import OCI

/// The rules of imports (spec/image-resources.md 17.1).
enum ImageStreamImportValidation {
    /// A name very old clients send for all tags: let through, and failing when it comes to importing.
    static let everything = "*"

    static func validate(_ request: ImageStreamImport) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, item) in request.spec.images.enumerated() {
            errors += validate(item, field: "spec.images[\(index)]")
        }
        if let repository = request.spec.repository {
            errors += validate(repository, field: "spec.repository")
        } else if request.spec.images.isEmpty {
            errors.append(
                .invalid("spec.images", .json(.null), "you must specify at least one image or a repository import"))
        }
        return errors
            + ObjectMetaValidation.validate(
                request.metadata, isNamespaced: true, nameRule: ImageStreamNames.messages)
    }

    private static func validate(_ item: ImageImportSpec, field: String) -> [FieldError] {
        guard item.from.kind == TagSource.Kind.dockerImage.rawValue else {
            return [kindError(item.from.kind, field)]
                + TagReferenceValidation.importMode(
                    item.importPolicy.importMode, field: "\(field).importPolicy.importMode")
        }
        var errors: [FieldError] = []
        if let to = item.to, to.name.isEmpty {
            errors.append(.invalid("\(field).to.name", "", "the name of the target tag must be specified"))
        }
        let name = "\(field).from.name"
        if item.from.name.isEmpty {
            errors.append(.required(name))
        } else {
            do throws(ImageReferenceError) {
                _ = try ImageReference(parsing: item.from.name)
            } catch {
                if item.from.name == everything { return errors }
                errors.append(.invalid(name, .string(item.from.name), error.text))
            }
        }
        return errors
            + TagReferenceValidation.importMode(item.importPolicy.importMode, field: "\(field).importPolicy.importMode")
    }

    private static func validate(_ repository: RepositoryImportSpec, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        if repository.from.kind == TagSource.Kind.dockerImage.rawValue {
            errors += repositoryName(repository.from.name, field: "\(field).from.name")
        } else {
            errors.append(kindError(repository.from.kind, field))
        }
        return errors
            + TagReferenceValidation.importMode(
                repository.importPolicy.importMode, field: "\(field).importPolicy.importMode")
    }

    private static func repositoryName(_ text: String, field: String) -> [FieldError] {
        if text.isEmpty { return [.required(field, "container image references require a name")] }
        do throws(ImageReferenceError) {
            let reference = try ImageReference(parsing: text)
            if reference.tag.isEmpty, reference.id.isEmpty { return [] }
            return [.invalid(field, .string(text), "you must specify an image repository, not a tag or ID")]
        } catch {
            return [.invalid(field, .string(text), error.text)]
        }
    }

    private static func kindError(_ kind: String, _ field: String) -> FieldError {
        .invalid("\(field).from.kind", .string(kind), "only DockerImage is supported")
    }

    /// The sources that the allow-list refuses (17.2).
    static func refusals(_ request: ImageStreamImport, allowList: RegistryAllowList) -> [FieldError] {
        func refusal(_ from: ObjectReference, _ policy: TagImportPolicy, _ field: String) -> FieldError? {
            let reference = (try? ImageReference(parsing: from.name)) ?? ImageReference()
            return allowList.importRefusal(of: reference, insecure: policy.insecure).map {
                .forbidden("\(field).from.name", $0)
            }
        }
        var errors: [FieldError] = []
        if let repository = request.spec.repository {
            errors += [refusal(repository.from, repository.importPolicy, "spec.repository")].compactMap { $0 }
        }
        for (index, item) in request.spec.images.enumerated() {
            errors += [refusal(item.from, item.importPolicy, "spec.images[\(index)]")].compactMap { $0 }
        }
        return errors
    }
}
