import Testing

@testable import APIServer

@Suite("Audit policies")
struct AuditPolicyTests {
    private static func policy(_ rules: String) throws -> AuditPolicy {
        try AuditPolicy(yaml: "apiVersion: audit.k8s.io/v1\nkind: Policy\n" + rules)
    }

    private static func level(
        _ policy: AuditPolicy, _ method: String, _ path: String, _ query: String = "", user: String = "alice",
        groups: [String] = []
    ) -> AuditPolicy.Level {
        policy.verdict(
            for: RequestInfo(method: method, path: path, query: QueryParameters(query)),
            UserInfo(name: user, groups: groups)
        ).level
    }

    @Test("The first rule that matches counts; without one nothing is written")
    func order() throws {
        let policy = try Self.policy(
            """
            rules:
            - level: None
              users: [system:probe]
            - level: Request
              userGroups: [devs, ops]
              verbs: [create, update]
            - level: RequestResponse
              nonResourceURLs: [/version, /openapi/*]
            - level: Metadata
              namespaces: [p, ""]
            """)
        let streams = "/apis/image.openshift.io/v1/namespaces/p/imagestreams"
        #expect(Self.level(policy, "POST", streams, user: "system:probe") == .none)
        #expect(Self.level(policy, "POST", streams, groups: ["x", "ops"]) == .request)
        #expect(Self.level(policy, "GET", streams, groups: ["ops"]) == .metadata)
        #expect(Self.level(policy, "GET", "/version") == .requestResponse)
        #expect(Self.level(policy, "GET", "/version/") == .none)
        #expect(Self.level(policy, "GET", "/openapi/v2") == .requestResponse)
        #expect(Self.level(policy, "GET", "/apis/image.openshift.io/v1/images/x") == .metadata)
        #expect(Self.level(policy, "GET", "/apis/image.openshift.io/v1/namespaces/q/imagestreams") == .none)
        #expect(Self.level(policy, "GET", "/healthz") == .none)
    }

    @Test(
        "Patterns of resources",
        arguments: [
            ("imagestreams", "imagestreams/a", true), ("imagestreams", "imagestreams/a/layers", false),
            ("imagestreams/layers", "imagestreams/a/layers", true), ("imagestreams/layers", "imagestreams/a", false),
            ("imagestreams/*", "imagestreams/a/layers", true), ("imagestreams/*", "imagestreams/a", true),
            ("imagestreams/*", "images/a/layers", false), ("*/layers", "imagestreams/a/layers", true),
            ("*/layers", "imagestreams/a", false), ("*/layers", "imagestreams/a/status", false),
            ("*", "imagestreams/a/status", true), ("*", "anything", true), ("image*", "imagestreams", false),
        ])
    func resources(_ pattern: String, _ path: String, _ isMatch: Bool) throws {
        let policy = try Self.policy(
            "rules: [{level: Metadata, resources: [{group: image.openshift.io, resources: [\"\(pattern)\"]}]}]")
        let group = "/apis/image.openshift.io/v1/namespaces/p/"
        #expect(Self.level(policy, "GET", group + path) == (isMatch ? .metadata : .none))
        #expect(Self.level(policy, "GET", "/api/v1/namespaces/p/" + path) == .none)
    }

    @Test("Names and groups of resources; a group alone is all of it")
    func names() throws {
        let policy = try Self.policy(
            """
            rules:
            - level: Request
              resources: [{group: image.openshift.io, resources: [imagestreams], resourceNames: [a, b]}]
            - level: Metadata
              resources: [{group: ""}, {}]
            """)
        #expect(Self.level(policy, "GET", "/apis/image.openshift.io/v1/namespaces/p/imagestreams/b") == .request)
        #expect(Self.level(policy, "GET", "/apis/image.openshift.io/v1/namespaces/p/imagestreams/c") == .none)
        #expect(Self.level(policy, "GET", "/apis/image.openshift.io/v1/namespaces/p/imagestreams") == .none)
        #expect(Self.level(policy, "GET", "/api/v1/namespaces/p/pods/x") == .metadata)
        #expect(Self.level(policy, "GET", "/version") == .none)
    }

    @Test("Stages of the policy and of the rule are left out; a rule's word on managed fields wins")
    func stages() throws {
        let policy = try Self.policy(
            """
            omitStages: [RequestReceived]
            omitManagedFields: true
            rules:
            - {level: Metadata, verbs: [watch], omitStages: [ResponseStarted], omitManagedFields: false}
            - level: Request
            """)
        let path = "/apis/image.openshift.io/v1/imagestreams"
        let watch = policy.verdict(
            for: RequestInfo(method: "GET", path: path, query: QueryParameters("watch=1")), UserInfo(name: "a"))
        #expect(watch.omitStages == [.requestReceived, .responseStarted])
        #expect(!watch.omitsManagedFields)
        let list = policy.verdict(
            for: RequestInfo(method: "GET", path: path, query: QueryParameters("")), UserInfo(name: "a"))
        #expect(list.omitStages == [.requestReceived])
        #expect(list.omitsManagedFields)
    }

    @Test("Without a policy: metadata of everything but probes and scrapes")
    func standard() {
        for path in ["/healthz", "/healthz/ping", "/livez", "/readyz", "/version", "/metrics"] {
            #expect(Self.level(.standard, "GET", path) == .none, "\(path)")
        }
        for path in ["/", "/apis", "/api/v1/namespaces", "/openapi/v2", "/metrics/x"] {
            #expect(Self.level(.standard, "GET", path) == .metadata, "\(path)")
        }
        #expect(AuditPolicy.standard.omitStages == [.requestReceived])
    }

    @Test(
        "What is wrong with a policy is said with the path of the field",
        arguments: [
            ("rules: []", "rules: at least one rule is needed"),
            ("rules: [{level: Loud}]", #"rules[0].level: "Loud" is none of None, Metadata, Request, RequestResponse"#),
            ("rules: [{users: [a]}]", "rules[0].level: missing; it is one of None"),
            ("rules: [{level: None}, {level: None, verb: [get]}]", "rules[1].verb: unknown field"),
            ("rules: [{level: None, verbs: get}]", "rules[0].verbs: must be a list, not string"),
            ("rules: [{level: None, verbs: [1]}]", "rules[0].verbs[0]: must be a string, not 1"),
            (
                "rules: [{level: None, omitStages: [Soon]}]",
                #"rules[0].omitStages[0]: "Soon" is none of RequestReceived"#
            ),
            ("rules: [{level: None, resources: [{groups: [a]}]}]", "rules[0].resources[0].groups: unknown field"),
            ("rules: [{level: None, resources: [pods]}]", "rules[0].resources[0]: must be an object, not string"),
            ("rules: [{level: None, resources: [{group: a/v1}]}]", #"rules[0].resources[0].group: "a/v1" is a group"#),
            (
                "rules: [{level: None, resources: [{resourceNames: [a]}]}]",
                "rules[0].resources[0].resourceNames: names need resources"
            ),
            ("rules: [{level: None, nonResourceURLs: [x]}]", #"rules[0].nonResourceURLs[0]: "x" must begin with /"#),
            ("rules: [{level: None, nonResourceURLs: [/a*b]}]", #""/a*b" may have a * only at its end"#),
            (
                "rules: [{level: None, nonResourceURLs: [/a], namespaces: [p]}]",
                "rules[0].nonResourceURLs: a rule is for resources or for other paths, not for both"
            ),
            ("rules: [{level: None}]\nfoo: 1", "foo: unknown field"),
            ("rules: [{level: None}]\nomitManagedFields: maybe", "omitManagedFields: must be true or false"),
            ("rules: [{level: None}]\nrules: []", #"key "rules" already set"#), ("rules: 3", "rules: must be a list"),
            ("rules: [", "yaml: "),
        ])
    func faults(_ rules: String, _ text: String) {
        let error = #expect(throws: AuditPolicy.Invalid.self) { try Self.policy(rules) }
        #expect(error?.description.contains(text) ?? false, "\(error?.description ?? "")")
    }

    @Test("Another kind or version is refused; all faults are told at once")
    func identity() {
        let error = #expect(throws: AuditPolicy.Invalid.self) {
            try AuditPolicy(yaml: "apiVersion: audit.k8s.io/v1beta1\nrules: [{level: X}, {level: Y}]")
        }
        #expect(error?.faults.count == 4, "\(error?.description ?? "")")
        #expect(throws: AuditPolicy.Invalid.self) { try AuditPolicy(yaml: "") }
        #expect(throws: AuditPolicy.Invalid.self) { try AuditPolicy(yaml: "[]") }
    }
}
