import JSON

/// The generic rules for object metadata (spec/api-machinery.md 3.10, spec/image-resources.md 3.3).
public enum ObjectMetaValidation {
    /// The most bytes that keys and values of annotations may have together.
    public static let maximumAnnotationBytes = 262_144

    /// - Parameters:
    ///   - nameRule: what is wrong with a name.
    ///   - prefixMayEndInDash: of a prefix of generated names the last dash does not count, since more follows.
    public static func validate(
        _ metadata: ObjectMeta, isNamespaced: Bool, field: String = "metadata",
        nameRule: (String) -> [String] = NameRules.pathSegment, prefixMayEndInDash: Bool = true
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if !metadata.generateName.isEmpty {
            let prefix = metadata.generateName
            let isMasked = prefixMayEndInDash && prefix.utf8.count > 1 && prefix.hasSuffix("-")
            let masked = isMasked ? prefix.dropLast(2) + "a" : prefix
            errors += nameRule(masked).map {
                .invalid("\(field).generateName", .string(metadata.generateName), $0)
            }
        }
        if metadata.name.isEmpty {
            errors.append(.required("\(field).name", "name or generateName is required"))
        } else {
            errors += nameRule(metadata.name).map { .invalid("\(field).name", .string(metadata.name), $0) }
        }
        errors += validateNamespace(metadata.namespace, isNamespaced: isNamespaced, field: field)
        if metadata.generation < 0 {
            errors.append(
                .invalid("\(field).generation", .number(metadata.generation), "must be greater than or equal to 0"))
        }
        errors += labels(metadata.labels, field: "\(field).labels")
        errors += annotations(metadata.annotations, field: "\(field).annotations")
        errors += owners(metadata.ownerReferences, field: "\(field).ownerReferences")
        errors += finalizers(metadata.finalizers, field: "\(field).finalizers")
        return errors
    }

    /// The further rules of an update; `new` has been completed from `old` before.
    public static func validateUpdate(_ new: ObjectMeta, old: ObjectMeta, field: String = "metadata") -> [FieldError] {
        var errors: [FieldError] = []
        func immutable(_ name: String, _ same: Bool, _ value: FieldValue) {
            if !same { errors.append(.invalid("\(field).\(name)", value, "field is immutable")) }
        }
        if old.deletionTimestamp?.isZero == false {
            let added = new.finalizers.filter { !old.finalizers.contains($0) }.sorted()
            if !added.isEmpty {
                let list = added.map(goQuoted).joined(separator: ", ")
                errors.append(
                    .forbidden(
                        "\(field).finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(list)}"
                    ))
            }
        }
        if new.resourceVersion.isEmpty {
            errors.append(.invalid("\(field).resourceVersion", "", "must be specified for an update"))
        }
        if new.generation < old.generation {
            errors.append(.invalid("\(field).generation", .number(new.generation), "must not be decremented"))
        }
        immutable("name", new.name == old.name, .string(new.name))
        immutable("namespace", new.namespace == old.namespace, .string(new.namespace))
        immutable("uid", new.uid == old.uid, .string(new.uid))
        immutable(
            "creationTimestamp", new.creationTimestamp == old.creationTimestamp,
            .string(new.creationTimestamp.description))
        immutable(
            "deletionTimestamp", new.deletionTimestamp == old.deletionTimestamp,
            new.deletionTimestamp.map { .string($0.description) } ?? .json(.null))
        immutable(
            "deletionGracePeriodSeconds", new.deletionGracePeriodSeconds == old.deletionGracePeriodSeconds,
            new.deletionGracePeriodSeconds.map { .number($0) } ?? .json(.null))
        errors += labels(new.labels, field: "\(field).labels")
        errors += annotations(new.annotations, field: "\(field).annotations")
        errors += owners(new.ownerReferences, field: "\(field).ownerReferences")
        return errors
    }

    private static func validateNamespace(_ namespace: String, isNamespaced: Bool, field: String) -> [FieldError] {
        if !isNamespaced {
            return namespace.isEmpty ? [] : [.forbidden("\(field).namespace", "not allowed on this type")]
        }
        if namespace.isEmpty { return [.required("\(field).namespace")] }
        return NameRules.label(namespace).map { .invalid("\(field).namespace", .string(namespace), $0) }
    }

    public static func labels(_ labels: [String: String], field: String) -> [FieldError] {
        labels.sorted { $0.key < $1.key }.flatMap { key, value in
            NameRules.qualifiedName(key).map { FieldError.invalid(field, .string(key), $0) }
                + NameRules.labelValue(value).map { FieldError.invalid(field, .string(value), $0) }
        }
    }

    public static func annotations(_ annotations: [String: String], field: String) -> [FieldError] {
        var errors = annotations.keys.sorted().flatMap { key in
            NameRules.qualifiedName(key.lowercased()).map { FieldError.invalid(field, .string(key), $0) }
        }
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if size > maximumAnnotationBytes {
            errors.append(.tooLong(field, "may not be more than \(maximumAnnotationBytes) bytes"))
        }
        return errors
    }

    private static let standardFinalizers = ["orphan", "foregroundDeletion", "kubernetes"]

    private static func finalizers(_ finalizers: [String], field: String) -> [FieldError] {
        var errors: [FieldError] = finalizers.flatMap { name in
            NameRules.qualifiedName(name).map { .invalid(field, .string(name), $0) }
        }
        for (index, name) in finalizers.enumerated() where !name.contains("/") && !standardFinalizers.contains(name) {
            errors.append(
                .invalid(
                    "\(field)[\(index)]", .string(name),
                    "name is neither a standard finalizer name nor is it fully qualified"))
        }
        if finalizers.contains("orphan") && finalizers.contains("foregroundDeletion") {
            errors.append(
                .invalid(
                    field, .json(.array(finalizers.map { .string($0) })),
                    "finalizer orphan and foregroundDeletion cannot be both set"))
        }
        return errors
    }

    private static func json(_ owner: OwnerReference) -> FieldValue {
        .raw(String(decoding: owner.encodedBytes(), as: UTF8.self))
    }

    private static func owners(_ owners: [OwnerReference], field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for owner in owners {
            let path = field
            if GroupVersion(owner.apiVersion)?.version.isEmpty != false {
                errors.append(.invalid("\(path).apiVersion", .string(owner.apiVersion), "version must not be empty"))
            }
            for (name, value) in [("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)] where value.isEmpty {
                errors.append(.invalid("\(path).\(name)", .string(value), "must not be empty"))
            }
            if owner.apiVersion == "v1" && owner.kind == "Event" {
                errors.append(.invalid(path, json(owner), "/v1, Kind=Event is disallowed from being an owner"))
            }
        }
        let controllers = owners.filter { $0.controller == true }
        if controllers.count > 1 {
            errors.append(
                .invalid(
                    field, .raw("[\(owners.map { json($0).rendered }.joined(separator: ","))]"),
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(controllers[0].kind)/\(controllers[0].name) and \(controllers[1].kind)/\(controllers[1].name)"
                ))
        }
        return errors
    }
}
