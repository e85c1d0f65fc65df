import APIMachinery
import Testing

@testable import Identity

@Suite("Roles and bindings are valid as in Kubernetes")
struct RoleValidationTests {
    private static let name = ObjectMeta(name: "r", namespace: "team")

    struct RoleCase: Sendable {
        var rule: PolicyRule
        var errors: [String]
    }

    static let roles: [RoleCase] = [
        RoleCase(rule: .on(["get"], [""], ["a"]), errors: []),
        RoleCase(
            rule: PolicyRule(),
            errors: [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[0].resources: Required value: resource rules must supply at least one resource",
            ]),
        RoleCase(
            rule: .urls(["get"], ["/a"]),
            errors: [
                #"rules[0].nonResourceURLs: Invalid value: ["/a"]: namespaced rules cannot apply to non-resource URLs"#
            ]),
    ]

    @Test(arguments: roles)
    func role(_ test: RoleCase) {
        #expect(RoleValidation.validate(Role(metadata: Self.name, rules: [test.rule])).map(\.text) == test.errors)
    }

    @Test("A cluster role is about URLs or about resources")
    func clusterRole() {
        let mixed = PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["a"], nonResourceURLs: ["/a"])
        let role = ClusterRole(metadata: ObjectMeta(name: "system:r"), rules: [mixed, .urls(["get"], ["*"])])
        #expect(
            RoleValidation.validate(role).map(\.text) == [
                #"rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs"#
            ])
        let empty = ClusterRole(metadata: ObjectMeta(name: "a"), aggregationRule: AggregationRule())
        #expect(
            RoleValidation.validate(empty).map(\.text) == [
                "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required"
            ])
    }

    struct BindingCase: Sendable {
        var subject: RoleSubject
        var errors: [String]
    }

    private static let group = RoleValidation.group

    static let subjects: [BindingCase] = [
        BindingCase(subject: RoleSubject(kind: "User", apiGroup: group, name: "alice"), errors: []),
        BindingCase(subject: RoleSubject(kind: "ServiceAccount", name: "bot"), errors: []),
        BindingCase(
            subject: RoleSubject(kind: "User", apiGroup: "x", name: ""),
            errors: [
                "subjects[0].name: Required value",
                #"subjects[0].apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io""#,
            ]),
        BindingCase(
            subject: RoleSubject(kind: "Robot", name: "r"),
            errors: [
                #"subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User""#
            ]),
        BindingCase(
            subject: RoleSubject(kind: "ServiceAccount", apiGroup: group, name: "bot"),
            errors: [
                #"subjects[0].apiGroup: Unsupported value: "rbac.authorization.k8s.io": supported values: """#
            ]),
    ]

    @Test(arguments: subjects)
    func binding(_ test: BindingCase) {
        let binding = RoleBinding(
            metadata: Self.name, subjects: [test.subject], roleRef: DefaultRoles.reference(to: "edit"))
        #expect(RoleValidation.validate(binding).map(\.text) == test.errors)
    }

    @Test("A binding keeps its role, and a cluster binding has a cluster role")
    func reference() {
        let binding = ClusterRoleBinding(
            metadata: ObjectMeta(name: "b"), subjects: [RoleSubject(kind: "ServiceAccount", name: "bot")],
            roleRef: RoleRef(apiGroup: "x", kind: "Role", name: ""))
        #expect(
            RoleValidation.validate(binding).map(\.text) == [
                #"roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io""#,
                #"roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole""#,
                "roleRef.name: Required value", "subjects[0].namespace: Required value",
            ])
        let changed = RoleValidation.validateUpdate(binding, oldRole: DefaultRoles.reference(to: "edit"))
        #expect(
            changed.map(\.text) == [
                #"roleRef: Invalid value: {"APIGroup":"x","Kind":"Role","Name":""}: cannot change roleRef"#
            ])
    }

    @Test("The roles every server has are valid themselves")
    func defaults() {
        for role in DefaultRoles.clusterRoles { #expect(RoleValidation.validate(role) == [], "\(role.metadata.name)") }
        for binding in DefaultRoles.clusterRoleBindings {
            #expect(RoleValidation.validate(binding) == [], "\(binding.metadata.name)")
            #expect(DefaultRoles.clusterRoles.contains { $0.metadata.name == binding.roleRef.name })
        }
        let names = DefaultRoles.clusterRoles.map(\.metadata.name)
        #expect(Set(names).count == names.count)
    }
}
