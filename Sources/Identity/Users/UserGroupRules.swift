import APIMachinery
import APIServer

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
