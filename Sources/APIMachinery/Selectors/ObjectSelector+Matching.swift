extension ObjectSelector {
    /// Whether labels fit (spec/api-machinery.md 4.7). An operator that nobody knows fits nothing.
    public func matches(_ labels: [String: String]) -> Bool {
        for (key, value) in matchLabels where labels[key] != value { return false }
        return matchExpressions.allSatisfy { requirement in
            switch requirement.operator {
            case "In": labels[requirement.key].map(requirement.values.contains) ?? false
            case "NotIn": labels[requirement.key].map { !requirement.values.contains($0) } ?? true
            case "Exists": labels[requirement.key] != nil
            case "DoesNotExist": labels[requirement.key] == nil
            default: false
            }
        }
    }

    /// What is wrong with the requirements.
    /// - Parameter field: the path of the selector.
    public func validate(field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, requirement) in matchExpressions.enumerated() {
            let field = "\(field).matchExpressions[\(index)]"
            switch requirement.operator {
            case "In", "NotIn":
                if requirement.values.isEmpty {
                    errors.append(
                        .required("\(field).values", "must be specified when `operator` is 'In' or 'NotIn'"))
                }
            case "Exists", "DoesNotExist":
                if !requirement.values.isEmpty {
                    errors.append(
                        .forbidden(
                            "\(field).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
                }
            default:
                errors.append(
                    .invalid("\(field).operator", .string(requirement.operator), "not a valid selector operator"))
            }
            errors += NameRules.qualifiedName(requirement.key, noun: "label key").map {
                .invalid("\(field).key", .string(requirement.key), $0)
            }
        }
        return errors
    }
}
