import APIMachinery
import APIServer
import Identity

/// Decisions by roles, with 1,000 bindings of ten roles: a right that is held in a namespace, a verb that nobody has, and
/// a resource that nobody has.
func benchmarkAuthorization() {
    let rules = (0..<12).map {
        PolicyRule(
            verbs: ["get", "list", "watch", "create", "update"], apiGroups: ["", "image.openshift.io"],
            resources: ["resource-\($0)", "imagestreams-\($0)"])
    }
    let pull = PolicyRule(verbs: ["get"], apiGroups: ["image.openshift.io"], resources: ["imagestreams/layers"])
    let roles = Dictionary(uniqueKeysWithValues: (0..<10).map { ("role-\($0)", RolePolicy.RuleSet(rules + [pull])) })
    let bindings = (0..<1000).map { number in
        RoleBinding(
            metadata: ObjectMeta(name: "binding-\(number)", namespace: "namespace-\(number % 50)"),
            subjects: [RoleSubject(kind: "User", name: "user-\(number % 200)")],
            roleRef: RoleRef(
                apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "role-\(number / 100)"))
    }
    let policy = RolePolicy(clusterRoles: roles, roles: [:], clusterBindings: [], bindings: bindings)
    let groups = ["system:authenticated", "system:authenticated:oauth", "developers"]
    let users = (0..<200).map { UserInfo(name: "user-\($0)", groups: groups) }
    func access(_ verb: String, _ resource: String, _ number: Int) -> AccessAttributes {
        AccessAttributes(
            verb: verb, group: "image.openshift.io", resource: resource, subresource: "layers",
            namespace: "namespace-\(number % 50)", name: "app")
    }
    for (name, verb, resource) in [
        ("allowed", "get", "imagestreams"), ("denied by verb", "delete", "imagestreams"),
        ("denied by resource", "get", "images"),
    ] {
        let count = 1_000_000
        var allowed = 0
        let clock = ContinuousClock()
        let questions = (0..<200).map { access(verb, resource, $0) }
        let time = clock.measure {
            for number in 0..<count where policy.reason(for: users[number % 200], questions[number % 200]) != nil {
                allowed += 1
            }
        }
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        print("authorization \(name): \(Int(Double(count) / seconds)) decisions/s, \(allowed) allowed")
    }
}
