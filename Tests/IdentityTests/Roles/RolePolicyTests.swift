import APIMachinery
import APIServer
import Testing

@testable import Identity

@Suite("Decisions by roles")
struct RolePolicyTests {
    private static let pull = PolicyRule.on(["get"], ["image.openshift.io"], ["imagestreams/layers"])

    private static func binding(_ name: String, _ role: RoleRef, _ subjects: RoleSubject...) -> RoleBinding {
        RoleBinding(
            metadata: ObjectMeta(name: name, namespace: "team"), subjects: subjects, roleRef: role)
    }

    private static let policy = RolePolicy(
        clusterRoles: [
            "puller": .init([pull]), "everything": .init([.on(["*"], ["*"], ["*"]), .urls(["*"], ["*"])]),
        ],
        roles: [.init(namespace: "team", name: "puller"): .init([.on(["list"], [""], ["secrets"])])],
        clusterBindings: [
            ClusterRoleBinding(
                metadata: ObjectMeta(name: "admins"), subjects: [RoleSubject(kind: "Group", name: "ops")],
                roleRef: DefaultRoles.reference(to: "everything")),
            ClusterRoleBinding(
                metadata: ObjectMeta(name: "dangling"), subjects: [RoleSubject(kind: "User", name: "eve")],
                roleRef: DefaultRoles.reference(to: "gone")),
        ],
        bindings: [
            binding(
                "pull", DefaultRoles.reference(to: "puller"), RoleSubject(kind: "User", name: "alice"),
                RoleSubject(kind: "ServiceAccount", name: "bot"),
                RoleSubject(kind: "ServiceAccount", name: "far", namespace: "other"),
                RoleSubject(kind: "Robot", name: "odd")),
            binding(
                "own", DefaultRoles.reference(to: "puller", kind: "Role"), RoleSubject(kind: "Group", name: "devs")),
            binding("urls", DefaultRoles.reference(to: "everything"), RoleSubject(kind: "User", name: "carol")),
        ])

    private static func layers(_ namespace: String = "team") -> AccessAttributes {
        AccessAttributes(
            verb: "get", group: "image.openshift.io", resource: "imagestreams", subresource: "layers",
            namespace: namespace, name: "app")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var user: UserInfo
        var access: AccessAttributes
        var reason: String?
        var testDescription: String { "\(user.name) \(access.verb) \(access.resource)\(access.path)" }
    }

    static let cases: [Case] = [
        Case(
            user: UserInfo(name: "alice"), access: layers(),
            reason: #"RBAC: allowed by RoleBinding "pull/team" of ClusterRole "puller" to User "alice""#),
        Case(user: UserInfo(name: "alice"), access: layers("other"), reason: nil),
        Case(user: UserInfo(name: "alice"), access: layers(""), reason: nil),
        Case(user: UserInfo(name: "bob", groups: ["alice"]), access: layers(), reason: nil),
        Case(
            user: UserInfo(name: "system:serviceaccount:team:bot"), access: layers(),
            reason: #"RBAC: allowed by RoleBinding "pull/team" of ClusterRole "puller" to ServiceAccount "bot/team""#),
        Case(
            user: UserInfo(name: "system:serviceaccount:other:far"), access: layers(),
            reason: #"RBAC: allowed by RoleBinding "pull/team" of ClusterRole "puller" to ServiceAccount "far/other""#),
        Case(user: UserInfo(name: "odd"), access: layers(), reason: nil),
        // A role and a cluster role of one name are two.
        Case(
            user: UserInfo(name: "dan", groups: ["devs"]),
            access: AccessAttributes(verb: "list", group: "", resource: "secrets", namespace: "team"),
            reason: #"RBAC: allowed by RoleBinding "own/team" of Role "puller" to Group "devs""#),
        Case(user: UserInfo(name: "dan", groups: ["devs"]), access: layers(), reason: nil),
        Case(
            user: UserInfo(name: "root", groups: ["x", "ops"]), access: layers("anywhere"),
            reason: #"RBAC: allowed by ClusterRoleBinding "admins" of ClusterRole "everything" to Group "ops""#),
        Case(
            user: UserInfo(name: "root", groups: ["ops"]), access: AccessAttributes(verb: "get", path: "/metrics"),
            reason: #"RBAC: allowed by ClusterRoleBinding "admins" of ClusterRole "everything" to Group "ops""#),
        // URLs are never allowed by what holds in a namespace.
        Case(user: UserInfo(name: "carol"), access: AccessAttributes(verb: "get", path: "/metrics"), reason: nil),
        Case(user: UserInfo(name: "eve"), access: layers(), reason: nil),
        Case(user: UserInfo(name: ""), access: layers(), reason: nil),
    ]

    @Test("name the binding that allows", arguments: cases)
    func decisions(_ test: Case) {
        #expect(Self.policy.reason(for: test.user, test.access) == test.reason)
    }

    @Test("list all rights of a user, and everybody who has a right")
    func lists() {
        #expect(Self.policy.rules(for: UserInfo(name: "alice"), in: "team") == [Self.pull])
        #expect(Self.policy.rules(for: UserInfo(name: "alice"), in: "other") == [])
        #expect(
            Self.policy.subjects(allowed: Self.layers()) == [
                .group("ops"), .user("alice"), .user("carol"), .user("system:serviceaccount:team:bot"),
                .user("system:serviceaccount:other:far"),
            ])
        #expect(Self.policy.subjects(allowed: AccessAttributes(verb: "get", path: "/x")) == [.group("ops")])
        #expect(Self.policy.problems(in: "team") == [#"clusterrole.rbac.authorization.k8s.io "gone" not found"#])
    }

    @Test("Rules are gathered in the order of names, each once, and never from the role itself")
    func aggregation() {
        func role(_ name: String, _ labels: [String: String], _ rules: PolicyRule...) -> ClusterRole {
            ClusterRole(metadata: ObjectMeta(name: name, labels: labels), rules: rules)
        }
        let (first, second) = (PolicyRule.on(["get"], [""], ["a"]), PolicyRule.on(["get"], [""], ["b"]))
        let roles = [
            role("a", ["to": "x"], first), role("b", ["to": "y"], second), role("c", ["to": "x"], second, first),
            role("x", ["to": "x"], .on(["*"], ["*"], ["*"])),
        ]
        let gathered = RoleAggregator.rules(
            AggregationRule(clusterRoleSelectors: [ObjectSelector(matchLabels: ["to": "x"])]), of: "x", from: roles)
        #expect(gathered == [first, second])
        let expression = LabelSelectorRequirement(key: "to", operator: "NotIn", values: ["x"])
        #expect(
            RoleAggregator.rules(
                AggregationRule(clusterRoleSelectors: [ObjectSelector(matchExpressions: [expression])]), of: "x",
                from: roles) == [second])
        let odd = LabelSelectorRequirement(key: "to", operator: "Like", values: ["x"])
        #expect(!ObjectSelector(matchExpressions: [odd]).matches(["to": "x"]))
    }
}
