import APIMachinery
import APIServer

/// Who may do what: all roles and bindings at one moment, arranged by subject, so that a decision looks at the grants of
/// one user and nothing else.
package struct RolePolicy: Sendable {
    /// A subject as requests show it; service accounts are users.
    package enum Subject: Hashable, Sendable {
        case user(String)
        case group(String)
    }

    /// The rules of one role, given to one subject by one binding.
    package struct Grant: Sendable {
        /// Shared by all bindings of the role.
        var rules: RuleSet
        /// Why a request is allowed by this grant.
        var reason: String
    }

    package typealias Grants = [Subject: [Grant]]

    private(set) var cluster: Grants = [:]
    private(set) var namespaces: [String: Grants] = [:]
    /// What could not be resolved: bindings whose role does not exist.
    private(set) var clusterProblems: [String] = []
    private(set) var namespaceProblems: [String: [String]] = [:]

    /// A name inside a namespace.
    package struct Place: Hashable, Sendable {
        var namespace: String
        var name: String

        package init(namespace: String, name: String) {
            self.namespace = namespace
            self.name = name
        }
    }

    package init(
        clusterRoles: [String: RuleSet], roles: [Place: RuleSet], clusterBindings: [ClusterRoleBinding],
        bindings: [RoleBinding]
    ) {
        for binding in clusterBindings {
            let name = binding.metadata.name
            guard let rules = clusterRoles[binding.roleRef.name] else {
                clusterProblems.append(Self.missing("clusterrole", binding.roleRef.name))
                continue
            }
            let reason = "RBAC: allowed by ClusterRoleBinding \(goQuoted(name)) of ClusterRole "
            Self.add(binding.subjects, rules, reason + goQuoted(binding.roleRef.name), namespace: "", to: &cluster)
        }
        for binding in bindings {
            let namespace = binding.metadata.namespace
            let role = binding.roleRef
            let isCluster = role.kind == "ClusterRole"
            let found = isCluster ? clusterRoles[role.name] : roles[Place(namespace: namespace, name: role.name)]
            guard let rules = found else {
                namespaceProblems[namespace, default: []].append(
                    Self.missing(isCluster ? "clusterrole" : "role", role.name))
                continue
            }
            let reason =
                "RBAC: allowed by RoleBinding \(goQuoted("\(binding.metadata.name)/\(namespace)")) of \(role.kind) "
                + goQuoted(role.name)
            Self.add(
                binding.subjects, rules, reason, namespace: namespace, to: &namespaces[namespace, default: [:]])
        }
    }

    private static func missing(_ kind: String, _ name: String) -> String {
        "\(kind).rbac.authorization.k8s.io \(goQuoted(name)) not found"
    }

    private static func add(
        _ subjects: [RoleSubject], _ rules: RuleSet, _ reason: String, namespace: String, to grants: inout Grants
    ) {
        for subject in subjects {
            guard let (key, shown) = resolve(subject, namespace: namespace) else { continue }
            // A role that somebody has twice says nothing new.
            if grants[key]?.contains(where: { $0.rules === rules }) == true { continue }
            grants[key, default: []].append(Grant(rules: rules, reason: "\(reason) to \(shown)"))
        }
    }

    /// A subject of a binding as requests show it, and as reasons name it.
    private static func resolve(_ subject: RoleSubject, namespace: String) -> (Subject, String)? {
        switch subject.kind {
        case "User": return (.user(subject.name), "User \(goQuoted(subject.name))")
        case "Group": return (.group(subject.name), "Group \(goQuoted(subject.name))")
        case "ServiceAccount":
            let own = subject.namespace.isEmpty ? namespace : subject.namespace
            guard !own.isEmpty else { return nil }
            return (
                .user("system:serviceaccount:\(own):\(subject.name)"),
                "ServiceAccount \(goQuoted("\(subject.name)/\(own)"))"
            )
        default: return nil
        }
    }

    // MARK: Questions

    /// The reason why an access is allowed; nil where no rule allows it.
    package func reason(for user: UserInfo, _ access: AccessAttributes) -> String? {
        if let reason = Self.reason(in: cluster, for: user, access) { return reason }
        // Rights in a namespace are never rights on URLs.
        guard access.isResourceRequest, !access.namespace.isEmpty, let own = namespaces[access.namespace] else {
            return nil
        }
        return Self.reason(in: own, for: user, access)
    }

    private static func reason(in grants: Grants, for user: UserInfo, _ access: AccessAttributes) -> String? {
        let path = access.resourcePath
        func look(_ subject: Subject) -> String? {
            grants[subject]?.first { $0.rules.allows(access, path) }?.reason
        }
        if let reason = look(.user(user.name)) { return reason }
        for group in user.groups {
            if let reason = look(.group(group)) { return reason }
        }
        return nil
    }

    /// All rules of a user: those that hold everywhere, and those of a namespace if one is given.
    func rules(for user: UserInfo, in namespace: String) -> [PolicyRule] {
        let subjects = [Subject.user(user.name)] + user.groups.map(Subject.group)
        let places = [cluster] + (namespaces[namespace].map { [$0] } ?? [])
        return places.flatMap { grants in
            subjects.flatMap { grants[$0, default: []].flatMap(\.rules.rules) }
        }
    }

    /// What could not be resolved for a namespace.
    func problems(in namespace: String) -> [String] { clusterProblems + namespaceProblems[namespace, default: []] }

    /// Everybody who may do something.
    func subjects(allowed access: AccessAttributes) -> Set<Subject> {
        let path = access.resourcePath
        var found = Set<Subject>()
        var places = [cluster]
        if access.isResourceRequest, let own = namespaces[access.namespace] { places.append(own) }
        for grants in places {
            for (subject, list) in grants where list.contains(where: { $0.rules.allows(access, path) }) {
                found.insert(subject)
            }
        }
        return found
    }
}
