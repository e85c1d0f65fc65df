import APIMachinery
import APIServer
import ImageAPI

/// RetentionPolicies of `weir.dev/v1alpha1` (spec/users-want.md, section 6, 6): what users may change of one, its spec.
struct RetentionPolicyStrategy: Strategy {
    static let kind = ObjectKind<RetentionPolicy>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "weir.dev", version: "v1alpha1"), name: "retentionpolicies",
            kind: RetentionPolicy.groupVersionKind, isNamespaced: true, shortNames: ["retention"], isStored: true),
        keyPrefix: "/weir.dev/retentionpolicies/")

    /// The shortest time between two runs.
    var minimumInterval: RetentionPeriod

    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func applyDefaults(_ policy: inout RetentionPolicy) {
        if policy.spec.mode.isEmpty { policy.spec.mode = RetentionRules.Mode.enforce.rawValue }
    }

    func prepareForCreate(_ policy: inout RetentionPolicy, _ context: RequestContext) async throws {
        policy.metadata.generation = 1
        policy.status = RetentionPolicyStatus()
    }

    func validateForCreate(_ policy: inout RetentionPolicy, _ context: RequestContext) async throws -> [FieldError] {
        warn(policy, context)
        return ObjectMetaValidation.validate(policy.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
            + RetentionPolicyValidation.validate(policy.spec, field: "spec")
    }

    func prepareForUpdate(
        _ policy: inout RetentionPolicy, old: RetentionPolicy, _ context: RequestContext
    ) async throws {
        policy.status = old.status
        policy.metadata.generation = old.metadata.generation + (policy.spec == old.spec ? 0 : 1)
    }

    func validateForUpdate(
        _ policy: inout RetentionPolicy, old: RetentionPolicy, _ context: RequestContext
    ) async throws -> [FieldError] {
        warn(policy, context)
        return RetentionPolicyValidation.validate(policy.spec, field: "spec")
    }

    /// What is allowed, and hardly meant.
    private func warn(_ policy: RetentionPolicy, _ context: RequestContext) {
        if let interval = RetentionPeriod(policy.spec.interval), interval < minimumInterval {
            context.warnings.warn("spec.interval: this server lets \(minimumInterval.seconds)s pass between two runs")
        }
    }
}

/// `/status`: what a policy has done.
struct RetentionPolicyStatusStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout RetentionPolicy, _ context: RequestContext) async throws {}
    func validateForCreate(_ object: inout RetentionPolicy, _ context: RequestContext) async throws -> [FieldError] {
        []
    }

    func prepareForUpdate(
        _ policy: inout RetentionPolicy, old: RetentionPolicy, _ context: RequestContext
    ) async throws {
        policy.spec = old.spec
    }

    func validateForUpdate(
        _ object: inout RetentionPolicy, old: RetentionPolicy, _ context: RequestContext
    ) async throws -> [FieldError] { [] }
}
