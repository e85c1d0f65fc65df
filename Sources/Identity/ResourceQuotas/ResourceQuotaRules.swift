import APIMachinery
import APIServer

/// ResourceQuotas (spec/image-resources.md 19.1): any of them can be stored; what is counted here is kept.
enum ResourceQuotaRules {
    static let kind = ObjectKind<ResourceQuota>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "", version: "v1"), name: "resourcequotas",
            kind: ResourceQuota.groupVersionKind, isNamespaced: true, shortNames: ["quota"], isStored: true),
        keyPrefix: "/core/resourcequotas/")

    static func applyDefaults(to quota: inout ResourceQuota) {
        quota.spec.hard = quota.spec.hard.mapValues(\.roundedToThousandths)
        quota.status.hard = quota.status.hard.mapValues(\.roundedToThousandths)
        quota.status.used = quota.status.used.mapValues(\.roundedToThousandths)
    }
}

/// What users may change of a quota: what they want.
struct ResourceQuotaStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func applyDefaults(_ object: inout ResourceQuota) { ResourceQuotaRules.applyDefaults(to: &object) }

    func prepareForCreate(_ object: inout ResourceQuota, _ context: RequestContext) async throws {
        object.status = ResourceQuotaStatus()
    }

    func validateForCreate(_ object: inout ResourceQuota, _ context: RequestContext) async throws -> [FieldError] {
        ResourceQuotaValidation.validate(object)
    }

    func prepareForUpdate(
        _ object: inout ResourceQuota, old: ResourceQuota, _ context: RequestContext
    ) async throws {
        object.status = old.status
    }

    func validateForUpdate(
        _ object: inout ResourceQuota, old: ResourceQuota, _ context: RequestContext
    ) async throws -> [FieldError] {
        ResourceQuotaValidation.validateUpdate(object, old: old)
    }
}

/// `/status`: what holds, and how much of it is used.
struct ResourceQuotaStatusStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func applyDefaults(_ object: inout ResourceQuota) { ResourceQuotaRules.applyDefaults(to: &object) }

    func prepareForCreate(_ object: inout ResourceQuota, _ context: RequestContext) async throws {}
    func validateForCreate(_ object: inout ResourceQuota, _ context: RequestContext) async throws -> [FieldError] { [] }

    func prepareForUpdate(
        _ object: inout ResourceQuota, old: ResourceQuota, _ context: RequestContext
    ) async throws {
        object.spec = old.spec
    }

    func validateForUpdate(
        _ object: inout ResourceQuota, old: ResourceQuota, _ context: RequestContext
    ) async throws -> [FieldError] {
        ResourceQuotaValidation.validateStatus(object)
    }
}
