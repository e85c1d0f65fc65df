import APIMachinery
import APIServer

extension Roles {
    /// Creates the roles and bindings every server has, and gives back what they lost. Where an object says
    /// `rbac.authorization.kubernetes.io/autoupdate: "false"` it is left alone.
    ///
    /// Call it when the permanent namespaces are there, and before requests are taken.
    public func createDefaults(_ context: RequestContext) async throws {
        let escalation = EscalationCheck(authorizer: authorizer)
        let roles = RoleStrategy<ClusterRole>(escalation: escalation)
        let bindings = RoleBindingStrategy<ClusterRoleBinding>(escalation: escalation)
        for role in DefaultRoles.clusterRoles {
            try await ensure(role, in: objects.clusterRoles, roles, context) { current in
                if role.aggregationRule != nil {
                    current.aggregationRule = current.aggregationRule ?? role.aggregationRule
                } else {
                    current.rules += role.rules.filter { !current.rules.contains($0) }
                }
            }
        }
        for binding in DefaultRoles.clusterRoleBindings {
            try await ensure(binding, in: objects.clusterRoleBindings, bindings, context) { current in
                current.subjects += binding.subjects.filter { !current.subjects.contains($0) }
            }
        }
        var shared = context
        shared.namespace = DefaultRoles.sharedNamespace
        let role = DefaultRoles.sharedRole
        try await ensure(role, in: objects.roles, RoleStrategy(escalation: escalation), shared) { current in
            current.rules += role.rules.filter { !current.rules.contains($0) }
        }
        try await ensure(DefaultRoles.sharedBinding, in: objects.roleBindings, shared)
        try await RoleAggregator(self, context: { context }, logger: context.logger).pass()
    }

    /// Makes a user the administrator of a namespace.
    func createAdmin(_ user: UserInfo, of namespace: String, _ context: RequestContext) async throws {
        var own = context
        own.namespace = namespace
        let subject = RoleSubject(kind: "User", apiGroup: RoleValidation.group, name: user.name)
        let binding = RoleBinding(
            metadata: ObjectMeta(name: "admin"), subjects: [subject], roleRef: DefaultRoles.reference(to: "admin"))
        try await ensure(binding, in: objects.roleBindings, own)
    }

    /// Creates the bindings a namespace begins with, where they are missing.
    func createBindings(in namespace: String, _ context: RequestContext) async throws {
        var own = context
        own.namespace = namespace
        for binding in DefaultRoles.bindings(in: namespace) {
            try await ensure(binding, in: objects.roleBindings, own)
        }
    }

    private func ensure(
        _ binding: RoleBinding, in store: ObjectStore<RoleBinding>, _ context: RequestContext
    ) async throws {
        let strategy = RoleBindingStrategy<RoleBinding>(escalation: EscalationCheck(authorizer: authorizer))
        try await ensure(binding, in: store, strategy, context) { current in
            current.subjects += binding.subjects.filter { !current.subjects.contains($0) }
        }
    }

    private func ensure<Rules: Strategy>(
        _ wanted: Rules.Object, in store: ObjectStore<Rules.Object>, _ strategy: Rules, _ context: RequestContext,
        _ complete: @escaping @Sendable (inout Rules.Object) -> Void
    ) async throws {
        var context = context
        context.resource = store.kind.descriptor.groupResource
        let name = wanted.metadata.name
        guard let present = try await store.object(name, namespace: context.namespace) else {
            do {
                _ = try await store.create(wanted, strategy: strategy, options: WriteOptions(), context)
            } catch let error as APIError where error.reason == "AlreadyExists" {
                // Another replica was faster.
            }
            return
        }
        guard present.metadata.annotations[DefaultRoles.autoUpdate] != "false" else { return }
        _ = try await store.update(
            name, strategy: strategy, options: WriteOptions(), context,
            change: ObjectChange(isPatch: true) { current in
                var object = try current.object()
                object.metadata.labels.merge(wanted.metadata.labels) { $1 }
                object.metadata.annotations.merge(wanted.metadata.annotations) { $1 }
                complete(&object)
                return object
            })
    }
}
