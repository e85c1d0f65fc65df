import APIMachinery

/// The rules of core/v1 for LimitRanges.
enum LimitRangeValidation {
    private static let standardTypes = ["Pod", LimitRangeRules.container, "PersistentVolumeClaim"]

    static func validate(_ range: LimitRange) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(
            range.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
        var types: Set<String> = []
        for (index, limit) in range.spec.limits.enumerated() {
            let field = "spec.limits[\(index)]"
            errors += validate(type: limit.type, field: "\(field).type")
            if !types.insert(limit.type).inserted {
                errors.append(.duplicate("\(field).type", .string(limit.type)))
            }
            errors += validate(limit, field: field)
        }
        return errors
    }

    private static func validate(type: String, field: String) -> [FieldError] {
        let errors = NameRules.qualifiedName(type).map { FieldError.invalid(field, .string(type), $0) }
        guard errors.isEmpty, !type.contains("/"), !standardTypes.contains(type) else { return errors }
        return [.invalid(field, .string(type), "must be a standard limit type or fully qualified")]
    }

    private static func validate(_ limit: LimitRangeItem, field: String) -> [FieldError] {
        var errors = names(limit.max, of: limit, field: "\(field).max")
        errors += names(limit.min, of: limit, field: "\(field).min")
        if limit.type == "Pod" {
            for (name, amounts) in [("default", limit.default), ("defaultRequest", limit.defaultRequest)]
            where !amounts.isEmpty {
                errors.append(.forbidden("\(field).\(name)", "may not be specified when `type` is 'Pod'"))
            }
        } else {
            errors += names(limit.default, of: limit, field: "\(field).default")
            errors += names(limit.defaultRequest, of: limit, field: "\(field).defaultRequest")
        }
        if limit.type == "PersistentVolumeClaim", limit.min["storage"] == nil, limit.max["storage"] == nil {
            errors.append(
                .required(
                    "\(field).limits", "either minimum or maximum storage value is required, but neither was provided"))
        }
        errors += names(limit.maxLimitRequestRatio, of: limit, field: "\(field).maxLimitRequestRatio")
        let resources = [limit.max, limit.min, limit.default, limit.defaultRequest, limit.maxLimitRequestRatio]
            .reduce(into: Set<String>()) { $0.formUnion($1.keys) }
        for resource in resources.sorted() { errors += amounts(of: resource, limit, field: field) }
        return errors
    }

    private static func names(_ amounts: [String: Quantity], of limit: LimitRangeItem, field: String) -> [FieldError] {
        amounts.keys.sorted().flatMap { name in
            ["Pod", LimitRangeRules.container].contains(limit.type)
                ? StandardResources.validate(containerName: name, field: "\(field)[\(name)]")
                : StandardResources.validate(name: name, field: "\(field)[\(name)]")
        }
    }

    /// How the amounts of one resource must relate.
    private static func amounts(of resource: String, _ limit: LimitRangeItem, field: String) -> [FieldError] {
        let (minimum, maximum) = (limit.min[resource], limit.max[resource])
        let isPod = limit.type == "Pod"
        let standard = isPod ? nil : limit.default[resource]
        let request = isPod ? nil : limit.defaultRequest[resource]
        let ratio = limit.maxLimitRequestRatio[resource]
        var errors: [FieldError] = []
        func refuse(_ member: String, _ value: Quantity, _ text: String) {
            errors.append(.invalid("\(field).\(member)[\(resource)]", .quantity(value), text))
        }
        if let minimum, let maximum, minimum.exceeds(maximum) {
            refuse("min", minimum, "min value \(minimum) is greater than max value \(maximum)")
        }
        if let request, let minimum, minimum.exceeds(request) {
            refuse("defaultRequest", request, "min value \(minimum) is greater than default request value \(request)")
        }
        if let request, let maximum, request.exceeds(maximum) {
            refuse("defaultRequest", request, "default request value \(request) is greater than max value \(maximum)")
        }
        if let request, let standard, request.exceeds(standard) {
            refuse(
                "defaultRequest", request,
                "default request value \(request) is greater than default limit value \(standard)")
        }
        if let standard, let minimum, minimum.exceeds(standard) {
            refuse("default", minimum, "min value \(minimum) is greater than default value \(standard)")
        }
        if let standard, let maximum, standard.exceeds(maximum) {
            refuse("default", maximum, "default value \(standard) is greater than max value \(maximum)")
        }
        if let ratio, Quantity(1).exceeds(ratio) {
            refuse("maxLimitRequestRatio", ratio, "ratio \(ratio) is less than 1")
        }
        if let ratio, let minimum, let maximum, !minimum.isZero {
            let limit = maximum.approximate / minimum.approximate
            if ratio.approximate > limit {
                refuse(
                    "maxLimitRequestRatio", ratio, "ratio \(ratio) is greater than max/min = \(sixDecimals(limit))")
            }
        }
        // What cannot be shared is asked for as it is limited.
        let mayOvercommit = StandardResources.isNative(resource) && !StandardResources.isHugePages(resource)
        if !mayOvercommit, let standard, let request, !standard.isSameAmount(as: request) {
            refuse(
                "defaultRequest", request,
                "default value \(standard) must equal to defaultRequest value \(request) in \(resource)")
        }
        return errors
    }

    /// `%f` of C.
    private static func sixDecimals(_ number: Double) -> String {
        let millionths = (number * 1_000_000).rounded()
        guard let whole = Int64(exactly: millionths) else { return String(number) }
        let (units, rest) = whole.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        let decimals = String(rest)
        return "\(whole < 0 ? "-" : "")\(units).\(String(repeating: "0", count: 6 - decimals.count))\(decimals)"
    }
}
