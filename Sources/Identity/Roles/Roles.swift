import APIMachinery
import APIServer
import Store

/// Roles and bindings of stand-alone mode: their resources, and the decisions that follow from them.
public struct Roles: Sendable {
    let objects: RoleObjects
    public let authorizer: RoleAuthorizer

    /// Registers the caches: before the store starts.
    public init(store: Store, namespaces: any NamespaceLookup) {
        objects = RoleObjects(store: store, namespaces: namespaces)
        authorizer = RoleAuthorizer(objects)
    }

    public var resources: [any Resource] {
        let escalation = EscalationCheck(authorizer: authorizer)
        return [
            StoredResource(objects.clusterRoles, strategy: RoleStrategy(escalation: escalation)),
            StoredResource(
                objects.clusterRoleBindings, strategy: RoleBindingStrategy(escalation: escalation),
                table: RoleTable.bindings(ClusterRoleBinding.self)),
            StoredResource(objects.roles, strategy: RoleStrategy(escalation: escalation)),
            StoredResource(
                objects.roleBindings, strategy: RoleBindingStrategy(escalation: escalation),
                table: RoleTable.bindings(RoleBinding.self)),
        ]
    }

    /// What goes with a namespace.
    public var contents: [NamespaceCleaner.Content] {
        [NamespaceCleaner.content(of: objects.roleBindings), NamespaceCleaner.content(of: objects.roles)]
    }
}
