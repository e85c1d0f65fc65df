import APIMachinery
import APIServer
import Store

/// The four stored types of `rbac.authorization.k8s.io/v1`.
struct RoleObjects: Sendable {
    static let version = GroupVersion(group: "rbac.authorization.k8s.io", version: "v1")

    let clusterRoles: ObjectStore<ClusterRole>
    let clusterRoleBindings: ObjectStore<ClusterRoleBinding>
    let roles: ObjectStore<Role>
    let roleBindings: ObjectStore<RoleBinding>

    /// Registers the caches: before the store starts.
    init(store: Store, namespaces: any NamespaceLookup) {
        clusterRoles = ObjectStore(kind: Self.kind("clusterroles"), store: store)
        clusterRoleBindings = ObjectStore(kind: Self.kind("clusterrolebindings"), store: store)
        roles = ObjectStore(kind: Self.kind("roles", isNamespaced: true), store: store, namespaces: namespaces)
        roleBindings = ObjectStore(
            kind: Self.kind("rolebindings", isNamespaced: true), store: store, namespaces: namespaces)
    }

    /// Equal stamps mean that no role and no binding was written in between.
    struct Stamp: Hashable, Sendable {
        fileprivate var stamps: [ChangeStamp]
    }

    /// A write that has returned is in it.
    var stamp: Stamp {
        Stamp(stamps: [
            clusterRoles.changeStamp, clusterRoleBindings.changeStamp, roles.changeStamp, roleBindings.changeStamp,
        ])
    }

    private static func kind<Object: APIObject>(_ name: String, isNamespaced: Bool = false) -> ObjectKind<Object> {
        ObjectKind(
            descriptor: ResourceDescriptor(
                groupVersion: version, name: name, kind: Object.groupVersionKind, isNamespaced: isNamespaced,
                isStored: true),
            keyPrefix: "/rbac/\(name)/")
    }
}
