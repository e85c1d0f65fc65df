import APIMachinery
import APIServer

/// Config maps of core/v1 (spec/clients.md 0, row 11).
enum ConfigMapRules {
    static let quotaNames = ["configmaps", "count/configmaps"]

    static let kind = ObjectKind<ConfigMap>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "", version: "v1"), name: "configmaps",
            kind: ConfigMap.groupVersionKind, isNamespaced: true, shortNames: ["cm"], isStored: true),
        keyPrefix: "/core/configmaps/")
}

struct ConfigMapStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout ConfigMap, _ context: RequestContext) async throws {}

    func validateForCreate(_ object: inout ConfigMap, _ context: RequestContext) async throws -> [FieldError] {
        ConfigMapValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout ConfigMap, old: ConfigMap, _ context: RequestContext) async throws {}

    func validateForUpdate(
        _ object: inout ConfigMap, old: ConfigMap, _ context: RequestContext
    ) async throws -> [FieldError] {
        ConfigMapValidation.validateUpdate(object, old: old)
    }
}
