import APIMachinery
import APIServer
import Synchronization

/// Decides by roles and bindings (spec/api-machinery.md 9.7). Members of `system:masters` may do everything.
///
/// A change of a role or binding holds for every decision that is asked for after the write has returned. Safe to use
/// from any task.
public final class RoleAuthorizer: Authorizer {
    private let objects: RoleObjects
    private let clusterRoles: ObjectDigest<ClusterRole, (String, RolePolicy.RuleSet)>
    private let clusterBindings: ObjectDigest<ClusterRoleBinding, ClusterRoleBinding>
    private let roles: ObjectDigest<Role, (RolePolicy.Place, RolePolicy.RuleSet)>
    private let bindings: ObjectDigest<RoleBinding, RoleBinding>
    private let present = Mutex<(stamp: RoleObjects.Stamp, policy: RolePolicy)?>(nil)

    init(_ objects: RoleObjects) {
        self.objects = objects
        clusterRoles = ObjectDigest(of: objects.clusterRoles) { ($0.metadata.name, RolePolicy.RuleSet($0.rules)) }
        clusterBindings = ObjectDigest(of: objects.clusterRoleBindings) { $0 }
        roles = ObjectDigest(of: objects.roles) {
            let place = RolePolicy.Place(namespace: $0.metadata.namespace, name: $0.metadata.name)
            return (place, RolePolicy.RuleSet($0.rules))
        }
        bindings = ObjectDigest(of: objects.roleBindings) { $0 }
    }

    public func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
        if user.groups.contains(UserInfo.masters) { return .allowed }
        let policy = try await policy()
        guard let reason = policy.reason(for: user, attributes) else { return .denied }
        return AccessDecision(isAllowed: true, reason: reason)
    }

    /// Who may do what at this moment.
    func policy() async throws -> RolePolicy {
        // Before the objects: what is written in between is looked at again next time.
        let stamp = objects.stamp
        if let policy = present.withLock({ $0.flatMap { $0.stamp == stamp ? $0.policy : nil } }) { return policy }
        let policy = RolePolicy(
            clusterRoles: Dictionary(try await clusterRoles.values()) { $1 },
            roles: Dictionary(try await roles.values()) { $1 },
            clusterBindings: try await clusterBindings.values(), bindings: try await bindings.values())
        present.withLock { $0 = (stamp, policy) }
        return policy
    }

    /// The rules of the role that a binding of a namespace refers to; nil where it does not exist.
    func rules(of role: RoleRef, in namespace: String) async throws -> [PolicyRule]? {
        if role.kind == "ClusterRole" {
            return try await clusterRoles.values().first { $0.0 == role.name }?.1.rules
        }
        let place = RolePolicy.Place(namespace: namespace, name: role.name)
        return try await roles.values().first { $0.0 == place }?.1.rules
    }
}
