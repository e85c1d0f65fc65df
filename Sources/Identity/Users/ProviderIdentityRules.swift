import APIMachinery
import APIServer

/// Identities: what a provider calls a user.
enum ProviderIdentityRules {
    static let kind = ObjectKind<ProviderIdentity>(
        descriptor: ResourceDescriptor(
            groupVersion: ProviderIdentity.groupVersionKind.groupVersion, name: "identities",
            kind: ProviderIdentity.groupVersionKind, isNamespaced: false, singularName: "identity", isStored: true),
        keyPrefix: "/user.openshift.io/identities/")

    static func name(provider: String, user: String) -> String { "\(provider):\(user)" }
}

struct ProviderIdentityStrategy: Strategy {
    var isNamespaced: Bool { false }

    func prepareForCreate(_ object: inout ProviderIdentity, _ context: RequestContext) async throws {
        object.metadata.name = ProviderIdentityRules.name(
            provider: object.providerName, user: object.providerUserName)
    }

    func validateForCreate(_ object: inout ProviderIdentity, _ context: RequestContext) async throws -> [FieldError] {
        UserValidation.validate(object)
    }

    func prepareForUpdate(
        _ object: inout ProviderIdentity, old: ProviderIdentity, _ context: RequestContext
    ) async throws {}

    func validateForUpdate(
        _ object: inout ProviderIdentity, old: ProviderIdentity, _ context: RequestContext
    ) async throws -> [FieldError] {
        UserValidation.validate(object) + UserValidation.validateUpdate(object, old: old)
    }
}
