import APIMachinery

/// The names of countable and measurable things that core/v1 knows, and the rules for the names of others.
enum StandardResources {
    private static let container: Set<String> = ["cpu", "memory", "ephemeral-storage"]
    private static let quota: Set<String> = [
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
        "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods",
        "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps",
        "services.nodeports", "services.loadbalancers",
    ]
    /// Those of which there are only whole ones.
    private static let whole: Set<String> = [
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    ]

    static func isHugePages(_ name: String) -> Bool { name.hasPrefix("hugepages-") }

    private static func isQuota(_ name: String) -> Bool {
        quota.contains(name) || isHugePages(name) || name.hasPrefix("requests.hugepages-")
    }

    /// Names of the kinds of things below `kubernetes.io/` or without a prefix belong to Kubernetes.
    static func isNative(_ name: String) -> Bool { !name.contains("/") || name.contains("kubernetes.io/") }

    /// Names of the form `domain/name` that are not Kubernetes' own.
    static func isExtended(_ name: String) -> Bool {
        !isNative(name) && !name.hasPrefix("requests.") && NameRules.qualifiedName("requests." + name).isEmpty
    }

    /// Whether half of one makes no sense.
    static func isWhole(_ name: String) -> Bool { whole.contains(name) || isExtended(name) }

    // MARK: Validation

    static func validate(quotaName name: String, field: String) -> [FieldError] {
        let errors = validate(name: name, field: field)
        guard !name.contains("/"), !isQuota(name) else { return errors }
        return errors + [.invalid(field, .string(name), "must be a standard resource for quota")]
    }

    static func validate(containerName name: String, field: String) -> [FieldError] {
        let errors = validate(name: name, field: field)
        if name.contains("/") {
            guard !isNative(name), !isExtended(name) else { return errors }
            return errors + [.invalid(field, .string(name), "doesn't follow extended resource name standard")]
        }
        guard !container.contains(name), !isHugePages(name) else { return errors }
        return errors + [.invalid(field, .string(name), "must be a standard resource for containers")]
    }

    static func validate(name: String, field: String) -> [FieldError] {
        let errors = NameRules.qualifiedName(name).map { FieldError.invalid(field, .string(name), $0) }
        guard errors.isEmpty, !name.contains("/"), name != "storage", !isQuota(name) else { return errors }
        return [.invalid(field, .string(name), "must be a standard resource type or fully qualified")]
    }
}

extension FieldValue {
    static func quantity(_ quantity: Quantity) -> FieldValue { .string(quantity.description) }
}
