import APIMachinery
import APIServer

/// Roles and cluster roles (spec/api-machinery.md 9.7).
struct RoleStrategy<Object: RoleType>: Strategy {
    let escalation: EscalationCheck

    var isNamespaced: Bool { Object.isNamespaced }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout Object, _ context: RequestContext) async throws {
        try await escalation.check(object, old: nil, context)
    }

    func validateForCreate(_ object: inout Object, _ context: RequestContext) async throws -> [FieldError] {
        RoleValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout Object, old: Object, _ context: RequestContext) async throws {
        try await escalation.check(object, old: old, context)
    }

    func validateForUpdate(
        _ object: inout Object, old: Object, _ context: RequestContext
    ) async throws -> [FieldError] {
        RoleValidation.validate(object)
    }
}

/// Role bindings and cluster role bindings (spec/api-machinery.md 9.7).
struct RoleBindingStrategy<Object: RoleBindingType>: Strategy {
    let escalation: EscalationCheck

    var isNamespaced: Bool { Object.isNamespaced }
    var allowsUnconditionalUpdate: Bool { true }

    func applyDefaults(_ object: inout Object) {
        if object.roleRef.apiGroup.isEmpty { object.roleRef.apiGroup = RoleValidation.group }
        for index in object.subjects.indices where object.subjects[index].apiGroup.isEmpty {
            if ["User", "Group"].contains(object.subjects[index].kind) {
                object.subjects[index].apiGroup = RoleValidation.group
            }
        }
    }

    func prepareForCreate(_ object: inout Object, _ context: RequestContext) async throws {
        try await escalation.check(object, old: nil, context)
    }

    func validateForCreate(_ object: inout Object, _ context: RequestContext) async throws -> [FieldError] {
        RoleValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout Object, old: Object, _ context: RequestContext) async throws {
        guard object.roleRef == old.roleRef else { return }
        try await escalation.check(object, old: old, context)
    }

    func validateForUpdate(
        _ object: inout Object, old: Object, _ context: RequestContext
    ) async throws -> [FieldError] {
        RoleValidation.validate(object) + RoleValidation.validateUpdate(object, oldRole: old.roleRef)
    }
}
