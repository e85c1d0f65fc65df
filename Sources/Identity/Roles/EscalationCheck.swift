import APIMachinery
import APIServer

/// Nobody hands out rights that they do not hold (spec/api-machinery.md 9.7).
struct EscalationCheck: Sendable {
    /// The smallest rules one role may be made of, where each has to be looked for among the user's own.
    static let largestRole = 10_000

    let authorizer: RoleAuthorizer

    /// - Parameters:
    ///   - old: the role before; nil for one that is created.
    /// - Throws: 403 where the user holds less than what `role` gives.
    func check<Object: RoleType>(_ role: Object, old: Object?, _ context: RequestContext) async throws {
        if let old, old.rules == role.rules, old.aggregationRule == role.aggregationRule { return }
        if isMaster(context) { return }
        let escalate = AccessAttributes(
            verb: "escalate", group: context.resource.group, resource: context.resource.resource,
            namespace: context.namespace, name: old?.metadata.name ?? "")
        if try await authorizer.authorize(context.user, escalate).isAllowed { return }
        try await confirm(role.rules, name: role.metadata.name, context)
        guard role.aggregationRule != old?.aggregationRule, role.aggregationRule != nil else { return }
        // What such a role will gather nobody knows yet.
        let everything = [
            PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]),
            PolicyRule(verbs: ["*"], nonResourceURLs: ["*"]),
        ]
        let own = try await authorizer.policy().rules(for: context.user, in: "")
        guard everything.allSatisfy({ rule in own.contains { $0.covers(rule) } }) else {
            throw APIError.forbidden(
                context.resource, role.metadata.name,
                "must have cluster-admin privileges to use the aggregationRule")
        }
    }

    /// - Throws: 403 where the user neither holds what the role gives nor may bind it, 404 where the role is missing.
    func check<Object: RoleBindingType>(_ binding: Object, old: Object?, _ context: RequestContext) async throws {
        if let old, old.roleRef == binding.roleRef, old.subjects == binding.subjects { return }
        if isMaster(context) { return }
        let role = binding.roleRef
        let isCluster = role.kind == "ClusterRole"
        let bind = AccessAttributes(
            verb: "bind", group: RoleObjects.version.group, resource: isCluster ? "clusterroles" : "roles",
            namespace: context.namespace, name: role.name)
        if try await authorizer.authorize(context.user, bind).isAllowed { return }
        guard let rules = try await authorizer.rules(of: role, in: context.namespace) else {
            throw APIError.notFound(
                GroupResource(group: RoleObjects.version.group, resource: isCluster ? "clusterrole" : "role"),
                role.name)
        }
        try await confirm(rules, name: binding.metadata.name, context)
    }

    private func isMaster(_ context: RequestContext) -> Bool { context.user.groups.contains(UserInfo.masters) }

    private func confirm(_ rules: [PolicyRule], name: String, _ context: RequestContext) async throws {
        let user = context.user
        let policy = try await authorizer.policy()
        let own = policy.rules(for: user, in: context.namespace)
        var missing: [PolicyRule] = []
        var budget = Self.largestRole
        for rule in rules {
            guard let pieces = PolicyRule.pieces(of: rule, limit: budget) else {
                throw APIError.forbidden(
                    context.resource, name,
                    "user \(goQuoted(user.name)) is attempting to grant more than \(Self.largestRole) single permissions at once"
                )
            }
            budget -= pieces.count
            missing += pieces.filter { piece in !own.contains { $0.covers(piece) } }
        }
        if missing.isEmpty { return }
        let lines = Set(PolicyRule.joined(missing).map(\.compactText)).sorted()
        let problems = policy.problems(in: context.namespace)
        let resolution = problems.isEmpty ? "" : "; resolution errors: \(PolicyRule.quoted(problems))"
        throw APIError.forbidden(
            context.resource, name,
            "user \(goQuoted(user.name)) (groups=\(PolicyRule.quoted(user.groups))) is attempting to grant RBAC permissions not currently held:\n\(lines.joined(separator: "\n"))\(resolution)"
        )
    }
}
