import APIMachinery
import APIServer

/// LimitRanges (spec/image-resources.md 19.2): any of them can be stored; what they say of streams and images holds.
enum LimitRangeRules {
    static let kind = ObjectKind<LimitRange>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "", version: "v1"), name: "limitranges",
            kind: LimitRange.groupVersionKind, isNamespaced: true, shortNames: ["limits"], isStored: true),
        keyPrefix: "/core/limitranges/")

    static let container = "Container"

    /// What containers get where nothing is said: limits from the maximum, requests from the limit or the minimum.
    static func applyDefaults(to limit: inout LimitRangeItem) {
        if limit.type == container {
            limit.default.merge(limit.max) { own, _ in own }
            limit.defaultRequest.merge(limit.default) { own, _ in own }
            limit.defaultRequest.merge(limit.min) { own, _ in own }
        }
        limit.max = limit.max.mapValues(\.roundedToThousandths)
        limit.min = limit.min.mapValues(\.roundedToThousandths)
        limit.default = limit.default.mapValues(\.roundedToThousandths)
        limit.defaultRequest = limit.defaultRequest.mapValues(\.roundedToThousandths)
        limit.maxLimitRequestRatio = limit.maxLimitRequestRatio.mapValues(\.roundedToThousandths)
    }
}

struct LimitRangeStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func applyDefaults(_ object: inout LimitRange) {
        for index in object.spec.limits.indices { LimitRangeRules.applyDefaults(to: &object.spec.limits[index]) }
    }

    func prepareForCreate(_ object: inout LimitRange, _ context: RequestContext) async throws {}

    func validateForCreate(_ object: inout LimitRange, _ context: RequestContext) async throws -> [FieldError] {
        LimitRangeValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout LimitRange, old: LimitRange, _ context: RequestContext) async throws {}

    func validateForUpdate(
        _ object: inout LimitRange, old: LimitRange, _ context: RequestContext
    ) async throws -> [FieldError] {
        LimitRangeValidation.validate(object)
    }
}
