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
