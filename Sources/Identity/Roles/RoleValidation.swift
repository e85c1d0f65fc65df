import APIMachinery
import JSON

/// The rules of roles and bindings (spec/api-machinery.md 9.7).
enum RoleValidation {
    static let group = RoleObjects.version.group

    // MARK: Roles

    static func validate(_ role: some RoleType) -> [FieldError] {
        var errors = metadata(of: role, isNamespaced: type(of: role).isNamespaced)
        for (index, rule) in role.rules.enumerated() {
            errors += validate(rule, isNamespaced: type(of: role).isNamespaced, field: "rules[\(index)]")
        }
        guard let aggregation = role.aggregationRule else { return errors }
        if aggregation.clusterRoleSelectors.isEmpty {
            errors.append(
                .required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required"))
        }
        for (index, selector) in aggregation.clusterRoleSelectors.enumerated() {
            errors += selector.validate(field: "aggregationRule.clusterRoleSelectors[\(index)]")
        }
        return errors
    }

    /// Names of roles may contain colons, as `system:image-puller`.
    private static func metadata(of object: some APIObject, isNamespaced: Bool) -> [FieldError] {
        ObjectMetaValidation.validate(object.metadata, isNamespaced: isNamespaced, nameRule: NameRules.pathSegment)
    }

    private static func validate(_ rule: PolicyRule, isNamespaced: Bool, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        if rule.verbs.isEmpty { errors.append(.required("\(field).verbs", "verbs must contain at least one value")) }
        guard rule.nonResourceURLs.isEmpty else {
            let shown = FieldValue.json(.array(rule.nonResourceURLs.map(JSONValue.string)))
            if isNamespaced {
                errors.append(
                    .invalid(
                        "\(field).nonResourceURLs", shown, "namespaced rules cannot apply to non-resource URLs"))
            }
            if !(rule.apiGroups.isEmpty && rule.resources.isEmpty && rule.resourceNames.isEmpty) {
                errors.append(
                    .invalid(
                        "\(field).nonResourceURLs", shown,
                        "rules cannot apply to both regular resources and non-resource URLs"))
            }
            return errors
        }
        if rule.apiGroups.isEmpty {
            errors.append(.required("\(field).apiGroups", "resource rules must supply at least one api group"))
        }
        if rule.resources.isEmpty {
            errors.append(.required("\(field).resources", "resource rules must supply at least one resource"))
        }
        return errors
    }

    // MARK: Bindings

    static func validate(_ binding: some RoleBindingType) -> [FieldError] {
        let isNamespaced = type(of: binding).isNamespaced
        var errors = metadata(of: binding, isNamespaced: isNamespaced)
        let role = binding.roleRef
        if role.apiGroup != group {
            errors.append(.notSupported("roleRef.apiGroup", .string(role.apiGroup), supported: [group]))
        }
        let kinds = isNamespaced ? ["ClusterRole", "Role"] : ["ClusterRole"]
        if !kinds.contains(role.kind) {
            errors.append(.notSupported("roleRef.kind", .string(role.kind), supported: kinds))
        }
        if role.name.isEmpty {
            errors.append(.required("roleRef.name"))
        } else {
            errors += NameRules.pathSegment(role.name).map { .invalid("roleRef.name", .string(role.name), $0) }
        }
        for (index, subject) in binding.subjects.enumerated() {
            errors += validate(subject, isNamespaced: isNamespaced, field: "subjects[\(index)]")
        }
        return errors
    }

    private static func validate(_ subject: RoleSubject, isNamespaced: Bool, field: String) -> [FieldError] {
        var errors: [FieldError] = []
        if subject.name.isEmpty { errors.append(.required("\(field).name")) }
        switch subject.kind {
        case "ServiceAccount":
            if !subject.name.isEmpty {
                errors += NameRules.subdomain(subject.name).map {
                    .invalid("\(field).name", .string(subject.name), $0)
                }
            }
            if !subject.apiGroup.isEmpty {
                errors.append(.notSupported("\(field).apiGroup", .string(subject.apiGroup), supported: [""]))
            }
            if !isNamespaced && subject.namespace.isEmpty { errors.append(.required("\(field).namespace")) }
        case "User", "Group":
            if subject.apiGroup != group {
                errors.append(.notSupported("\(field).apiGroup", .string(subject.apiGroup), supported: [group]))
            }
        default:
            errors.append(
                .notSupported("\(field).kind", .string(subject.kind), supported: ["Group", "ServiceAccount", "User"]))
        }
        return errors
    }

    /// A binding stays with its role: who may change subjects may not thereby hand out other rights.
    static func validateUpdate(_ binding: some RoleBindingType, oldRole: RoleRef) -> [FieldError] {
        guard binding.roleRef != oldRole else { return [] }
        return [.invalid("roleRef", .json(binding.roleRef.fieldValue), "cannot change roleRef")]
    }
}

extension RoleRef {
    /// As errors show it: by the names of the fields in Go.
    fileprivate var fieldValue: JSONValue {
        ["APIGroup": .string(apiGroup), "Kind": .string(kind), "Name": .string(name)]
    }
}
