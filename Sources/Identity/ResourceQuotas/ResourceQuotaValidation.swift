import APIMachinery
import JSON

/// The rules of core/v1 for ResourceQuotas.
enum ResourceQuotaValidation {
    static func validate(_ quota: ResourceQuota) -> [FieldError] {
        ObjectMetaValidation.validate(quota.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
            + amounts(quota.spec.hard, field: "spec.hard") + scopes(quota.spec) + selector(quota.spec)
    }

    /// Scopes decide what a quota counts: they stay.
    static func validateUpdate(_ quota: ResourceQuota, old: ResourceQuota) -> [FieldError] {
        var errors = amounts(quota.spec.hard, field: "spec.hard") + scopes(quota.spec) + selector(quota.spec)
        if Set(quota.spec.scopes) != Set(old.spec.scopes) {
            errors.append(.invalid("spec.scopes", list(quota.spec.scopes), "field is immutable"))
        }
        if quota.spec.scopeSelector != old.spec.scopeSelector {
            let value = quota.spec.scopeSelector.map { String(decoding: $0.encodedBytes(), as: UTF8.self) }
            errors.append(.invalid("spec.scopeSelector", .raw(value ?? "null"), "field is immutable"))
        }
        return errors
    }

    static func validateStatus(_ quota: ResourceQuota) -> [FieldError] {
        amounts(quota.status.hard, field: "status.hard") + amounts(quota.status.used, field: "status.used")
    }

    private static func amounts(_ amounts: [String: Quantity], field: String) -> [FieldError] {
        amounts.sorted { Exactly.precedes($0.key, $1.key) }.flatMap { name, amount in
            let field = "\(field)[\(name)]"
            var errors = StandardResources.validate(quotaName: name, field: field)
            if amount.isNegative {
                errors.append(.invalid(field, .quantity(amount), "must be greater than or equal to 0"))
            }
            if StandardResources.isWhole(name), !amount.isWhole {
                errors.append(.invalid(field, .quantity(amount), "must be an integer"))
            }
            return errors
        }
    }

    private static let knownScopes = [
        "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    ]

    private static func scopes(_ spec: ResourceQuotaSpec) -> [FieldError] {
        var errors: [FieldError] = []
        for scope in spec.scopes where !knownScopes.contains(scope) {
            errors.append(.invalid("spec.scopes", list(spec.scopes), "unsupported scope"))
        }
        let chosen = Set(spec.scopes)
        for pair in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]]
        where chosen.isSuperset(of: pair) {
            errors.append(.invalid("spec.scopes", list(spec.scopes), "conflicting scopes"))
        }
        return errors
    }

    private static func selector(_ spec: ResourceQuotaSpec) -> [FieldError] {
        let field = "spec.scopeSelector.matchExpressions"
        return (spec.scopeSelector?.matchExpressions ?? []).flatMap { requirement in
            var errors: [FieldError] = []
            if !knownScopes.contains(requirement.scopeName) {
                errors.append(.invalid("\(field).scopeName", .string(requirement.scopeName), "unsupported scope"))
            }
            switch requirement.operator {
            case "In", "NotIn":
                if requirement.values.isEmpty {
                    errors.append(
                        .required(
                            "\(field).values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope"
                        ))
                }
            case "Exists", "DoesNotExist":
                if !requirement.values.isEmpty {
                    errors.append(
                        .invalid(
                            "\(field).values", list(requirement.values),
                            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope"))
                }
            default:
                errors.append(
                    .invalid("\(field).operator", .string(requirement.operator), "not a valid selector operator"))
            }
            return errors
        }
    }

    private static func list(_ texts: [String]) -> FieldValue { .json(.array(JSONArray(texts.map { .string($0) }))) }
}
