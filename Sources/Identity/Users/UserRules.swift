import APIMachinery
import APIServer

/// Users (spec/clients.md 0, row 5): made at the first log-in, or by administrators.
enum UserRules {
    static let kind = ObjectKind<User>(
        descriptor: ResourceDescriptor(
            groupVersion: User.groupVersionKind.groupVersion, name: "users", kind: User.groupVersionKind,
            isNamespaced: false, isStored: true),
        keyPrefix: "/user.openshift.io/users/")
}

struct UserStrategy: Strategy {
    var isNamespaced: Bool { false }

    func prepareForCreate(_ object: inout User, _ context: RequestContext) async throws {}

    func validateForCreate(_ object: inout User, _ context: RequestContext) async throws -> [FieldError] {
        UserValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout User, old: User, _ context: RequestContext) async throws {}

    func validateForUpdate(_ object: inout User, old: User, _ context: RequestContext) async throws -> [FieldError] {
        UserValidation.validate(object)
    }
}

/// Groups of users; who is named in one has its rights from the next request on.
enum UserGroupRules {
    static let kind = ObjectKind<UserGroup>(
        descriptor: ResourceDescriptor(
            groupVersion: UserGroup.groupVersionKind.groupVersion, name: "groups", kind: UserGroup.groupVersionKind,
            isNamespaced: false, isStored: true),
        keyPrefix: "/user.openshift.io/groups/")
}

struct UserGroupStrategy: Strategy {
    var isNamespaced: Bool { false }

    func prepareForCreate(_ object: inout UserGroup, _ context: RequestContext) async throws {}

    func validateForCreate(_ object: inout UserGroup, _ context: RequestContext) async throws -> [FieldError] {
        UserValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout UserGroup, old: UserGroup, _ context: RequestContext) async throws {}

    func validateForUpdate(
        _ object: inout UserGroup, old: UserGroup, _ context: RequestContext
    ) async throws -> [FieldError] {
        UserValidation.validate(object)
    }
}

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
