import APIMachinery

/// What roles of both scopes have in common.
protocol RoleType: APIObject {
    var rules: [PolicyRule] { get set }
    var aggregationRule: AggregationRule? { get }
    static var isNamespaced: Bool { get }
}

extension Role: RoleType {
    var aggregationRule: AggregationRule? { nil }
    static var isNamespaced: Bool { true }
}

extension ClusterRole: RoleType {
    static var isNamespaced: Bool { false }
}

/// What bindings of both scopes have in common.
protocol RoleBindingType: APIObject {
    var subjects: [RoleSubject] { get set }
    var roleRef: RoleRef { get set }
    static var isNamespaced: Bool { get }
}

extension RoleBinding: RoleBindingType {
    static var isNamespaced: Bool { true }
}

extension ClusterRoleBinding: RoleBindingType {
    static var isNamespaced: Bool { false }
}
