import APIServer
import Testing

@testable import Identity

@Suite("Rules of roles")
struct PolicyRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rule: PolicyRule
        var access: AccessAttributes
        var isAllowed: Bool
        var testDescription: String { "\(rule.compactText): \(access.verb) \(access.resource)\(access.path)" }

        init(_ rule: PolicyRule, _ access: AccessAttributes, _ isAllowed: Bool) {
            self.rule = rule
            self.access = access
            self.isAllowed = isAllowed
        }
    }

    private static func access(
        _ verb: String = "get", _ resource: String = "imagestreams", sub: String = "", name: String = "",
        group: String = "image.openshift.io"
    ) -> AccessAttributes {
        AccessAttributes(
            verb: verb, group: group, resource: resource, subresource: sub, namespace: "team", name: name)
    }

    private static func rule(
        _ resources: [String], verbs: [String] = ["get"], groups: [String] = ["image.openshift.io"],
        names: [String] = []
    ) -> PolicyRule {
        PolicyRule(verbs: verbs, apiGroups: groups, resources: resources, resourceNames: names)
    }

    static let cases: [Case] = [
        Case(rule(["imagestreams"]), access(), true),
        Case(rule(["imagestreams"]), access("list"), false),
        Case(rule(["imagestreams"]), access(group: ""), false),
        Case(rule(["imagestreams"], groups: ["*"]), access(group: ""), true),
        Case(rule(["imagestreams"], verbs: ["*"]), access("deletecollection"), true),
        Case(rule(["imagestreams"]), access(sub: "layers"), false),
        Case(rule(["imagestreams/layers"]), access(sub: "layers"), true),
        Case(rule(["imagestreams/layers"]), access(), false),
        Case(rule(["imagestreams/layers"]), access(sub: "secrets"), false),
        Case(rule(["*/layers"]), access(sub: "layers"), true),
        Case(rule(["*/layers"]), access("get", "images", sub: "layers"), true),
        Case(rule(["*/layers"]), access(), false),
        Case(rule(["*"]), access(sub: "layers"), true),
        Case(rule(["*"]), access(), true),
        Case(rule(["imagestreams/*"]), access(sub: "layers"), false),
        Case(rule(["imagestream"]), access(), false),
        Case(rule(["imagestreams"], names: ["a"]), access(name: "a"), true),
        Case(rule(["imagestreams"], names: ["a"]), access(name: "b"), false),
        Case(rule(["imagestreams"], names: ["a"]), access(), false),
        Case(rule(["imagestreams"], names: [""]), access(), false),
        Case(.urls(["get"], ["/healthz/*"]), AccessAttributes(verb: "get", path: "/healthz/ping"), true),
        Case(.urls(["get"], ["/healthz/*"]), AccessAttributes(verb: "get", path: "/healthz"), false),
        Case(.urls(["get"], ["/healthz"]), AccessAttributes(verb: "get", path: "/healthz/ping"), false),
        Case(.urls(["get"], ["*"]), AccessAttributes(verb: "get", path: "/anything"), true),
        Case(.urls(["get"], ["*"]), AccessAttributes(verb: "post", path: "/anything"), false),
        Case(.urls(["*"], ["*"]), access(), false),
        Case(rule(["*"], verbs: ["*"], groups: ["*"]), AccessAttributes(verb: "get", path: "/healthz"), false),
    ]

    @Test("allow what they say and nothing else", arguments: cases)
    func allows(_ test: Case) {
        #expect(test.rule.allows(test.access) == test.isAllowed)
        // Among other rules it is found as well.
        let set = RolePolicy.RuleSet([.on(["get"], ["x"], ["imagestreams"]), test.rule, .urls(["put"], ["/x"])])
        #expect(set.allows(test.access, test.access.resourcePath) == test.isAllowed)
    }

    struct CoverCase: Sendable, CustomTestStringConvertible {
        var own: [PolicyRule]
        var wanted: PolicyRule
        var missing: [String]
        var testDescription: String { "\(own.map(\.compactText)) ⊇ \(wanted.compactText)" }
    }

    static let coverCases: [CoverCase] = [
        CoverCase(own: [rule(["images"], verbs: ["get", "list"])], wanted: rule(["images"]), missing: []),
        CoverCase(
            own: [rule(["images"])], wanted: rule(["images"], verbs: ["get", "delete", "list"]),
            missing: [#"{APIGroups:["image.openshift.io"], Resources:["images"], Verbs:["delete" "list"]}"#]),
        // Two rules together.
        CoverCase(
            own: [rule(["images"]), rule(["imagestreams"])], wanted: rule(["images", "imagestreams"]), missing: []),
        CoverCase(own: [rule(["*"])], wanted: rule(["imagestreams/layers"]), missing: []),
        CoverCase(own: [rule(["*/layers"])], wanted: rule(["imagestreams/layers"]), missing: []),
        CoverCase(
            own: [rule(["imagestreams"])], wanted: rule(["imagestreams/layers"]),
            missing: [#"{APIGroups:["image.openshift.io"], Resources:["imagestreams/layers"], Verbs:["get"]}"#]),
        CoverCase(
            own: [rule(["images"])], wanted: rule(["*"]),
            missing: [#"{APIGroups:["image.openshift.io"], Resources:["*"], Verbs:["get"]}"#]),
        // All names are more than some.
        CoverCase(
            own: [rule(["images"], names: ["a"])], wanted: rule(["images"]),
            missing: [#"{APIGroups:["image.openshift.io"], Resources:["images"], Verbs:["get"]}"#]),
        CoverCase(
            own: [rule(["images"], names: ["a"])], wanted: rule(["images"], names: ["a", "b"]),
            missing: [
                #"{APIGroups:["image.openshift.io"], Resources:["images"], ResourceNames:["b"], Verbs:["get"]}"#
            ]),
        CoverCase(own: [rule(["images"])], wanted: rule(["images"], names: ["a"]), missing: []),
        CoverCase(own: [.urls(["get"], ["/a/*"])], wanted: .urls(["get"], ["/a/b", "/a/*"]), missing: []),
        CoverCase(
            own: [.urls(["get"], ["/a/b"])], wanted: .urls(["get"], ["/a/*"]),
            missing: [#"{NonResourceURLs:["/a/*"], Verbs:["get"]}"#]),
        CoverCase(
            own: [rule(["*"], verbs: ["*"], groups: ["*"])], wanted: .urls(["get"], ["/a"]),
            missing: [#"{NonResourceURLs:["/a"], Verbs:["get"]}"#]),
        CoverCase(
            own: [.urls(["*"], ["*"])], wanted: rule(["images"]),
            missing: [#"{APIGroups:["image.openshift.io"], Resources:["images"], Verbs:["get"]}"#]),
    ]

    @Test("cover other rules piece by piece", arguments: coverCases)
    func covers(_ test: CoverCase) throws {
        let pieces = try #require(PolicyRule.pieces(of: test.wanted, limit: 100))
        let missing = pieces.filter { piece in !test.own.contains { $0.covers(piece) } }
        #expect(PolicyRule.joined(missing).map(\.compactText) == test.missing)
    }

    @Test("fall into no more pieces than allowed, however many there would be")
    func bound() {
        let many = (0..<100_000).map(String.init)
        let huge = PolicyRule(verbs: many, apiGroups: many, resources: many, resourceNames: many)
        #expect(PolicyRule.pieces(of: huge, limit: 10_000) == nil)
        #expect(PolicyRule.pieces(of: .on(["get"], ["a"], ["b", "c"]), limit: 1) == nil)
        #expect(PolicyRule.pieces(of: .on(["get"], ["a"], ["b", "c"]), limit: 2)?.count == 2)
    }

    /// Whatever a user may do by a set of rules, and only that, may be handed out: checked against the evaluator.
    @Test("cover a piece exactly where they allow what it says")
    func agreement() throws {
        var generator = SplitMix(seed: 7)
        func some(_ values: [String]) -> [String] {
            (0...Int.random(in: 0...1, using: &generator)).map { _ in values.randomElement(using: &generator) ?? "" }
        }
        for _ in 0..<3000 {
            let own = PolicyRule(
                verbs: some(["get", "list", "*"]), apiGroups: some(["", "a", "*"]),
                resources: some(["x", "y", "x/s", "*/s", "*"]),
                resourceNames: Bool.random(using: &generator) ? [] : some(["n", "m"]))
            let verb = ["get", "list"].randomElement(using: &generator) ?? ""
            let group = ["", "a"].randomElement(using: &generator) ?? ""
            let (resource, sub) = [("x", ""), ("y", ""), ("x", "s")].randomElement(using: &generator) ?? ("", "")
            let piece = PolicyRule(
                verbs: [verb], apiGroups: [group], resources: [sub.isEmpty ? resource : "\(resource)/\(sub)"],
                resourceNames: ["n"])
            let access = AccessAttributes(
                verb: verb, group: group, resource: resource, subresource: sub, namespace: "", name: "n")
            #expect(own.covers(piece) == own.allows(access), "\(own.compactText) \(piece.compactText)")
        }
    }
}

/// Numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
