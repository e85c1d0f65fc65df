import Foundation
import JSON
import Testing

/// Every verb of every resource, asked by everybody, over HTTP (spec/image-resources.md 22).
@Suite("Rights")
struct RightsMatrixTests {
    /// Who asks. The raw value stands for them in the table.
    enum Persona: Character, CaseIterable, Sendable {
        case anonymous = "X"
        case nobody = "N"
        case viewer = "V"
        case editor = "E"
        case admin = "A"
        case puller = "P"
        case pusher = "S"
        /// An administrator of another namespace.
        case other = "O"

        var role: String? {
            switch self {
            case .anonymous, .nobody: nil
            case .viewer: "view"
            case .editor: "edit"
            case .admin, .other: "admin"
            case .puller: "system:image-puller"
            case .pusher: "system:image-pusher"
            }
        }

        func headers(_ namespace: String) -> [(String, String)] {
            self == .anonymous
                ? [("Impersonate-User", "system:anonymous"), ("Impersonate-Group", "system:unauthenticated")]
                : [("Impersonate-User", "\(self)-\(namespace)")]
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var method: String
        /// `NS` stands for the namespace.
        var path: String
        var body: String?
        var allowed: String
        var testDescription: String { "\(method) \(path): \(allowed)" }

        init(_ method: String, _ path: String, _ allowed: String) {
            self.method = method
            self.path = path
            self.allowed = allowed
        }

        init(_ method: String, _ path: String, _ body: String, _ allowed: String) {
            self.init(method, path, allowed)
            self.body = body
        }
    }

    private static let image = "/apis/image.openshift.io/v1"
    private static let here = image + "/namespaces/NS"
    private static let core = "/api/v1/namespaces/NS"
    private static let rbac = "/apis/rbac.authorization.k8s.io/v1"
    private static let everybody = "NVEAPSO"

    /// All verbs of a resource: those that read, those that write.
    private static func all(_ path: String, read: String, write: String, collection: Bool = true) -> [Row] {
        [
            Row("GET", path, read), Row("GET", path + "/nothing", read),
            Row("POST", path + "?dryRun=All", "{}", write), Row("PUT", path + "/nothing?dryRun=All", "{}", write),
            Row("PATCH", path + "/nothing?dryRun=All", "{}", write),
            Row("DELETE", path + "/nothing?dryRun=All", write),
        ] + (collection ? [Row("DELETE", path + "?dryRun=All&labelSelector=no=such", write)] : [])
    }

    static let rows: [Row] =
        all(here + "/imagestreams", read: "VEA", write: "EA")
        + all(here + "/imagestreamtags", read: "VEA", write: "EA", collection: false)
        + all(here + "/imagetags", read: "VEA", write: "EA", collection: false)
        + all(core + "/secrets", read: "EA", write: "EA") + all(core + "/configmaps", read: "VEA", write: "EA")
        + all(core + "/serviceaccounts", read: "VEA", write: "EA")
        + all(core + "/limitranges", read: "VEA", write: "") + all(core + "/resourcequotas", read: "VEA", write: "")
        + all(rbac + "/namespaces/NS/roles", read: "A", write: "A")
        + all(rbac + "/namespaces/NS/rolebindings", read: "A", write: "A")
        + all(image + "/images", read: "", write: "") + all(rbac + "/clusterroles", read: everybody, write: "")
        + all(rbac + "/clusterrolebindings", read: "", write: "")
        + all("/apis/user.openshift.io/v1/users", read: "", write: "", collection: false)
        + all("/apis/user.openshift.io/v1/groups", read: "", write: "", collection: false)
        + all("/apis/weir.dev/v1alpha1/namespaces/NS/retentionpolicies", read: "VEA", write: "EA")
        + all("/apis/weir.dev/v1alpha1/namespaces/NS/eventsinks", read: "VEA", write: "A")
        + all("/apis/weir.dev/v1alpha1/namespaces/NS/webhookreceivers", read: "EA", write: "EA")
        + [
            Row("GET", here + "/imagestreams?watch=true&labelSelector=(", "VEA"),
            Row("GET", here + "/imagestreams/nothing/layers", "VEAPS"),
            Row("GET", here + "/imagestreams/nothing/secrets", "EA"),
            Row("GET", here + "/imagestreams/nothing/status", "VEA"),
            Row("PUT", here + "/imagestreams/nothing/status", "{}", ""),
            Row("GET", here + "/imagestreamimages/nothing@sha256:0", "VEA"),
            Row("POST", here + "/imagestreammappings?dryRun=All", "{}", "EA"),
            Row("POST", here + "/imagestreamimports?dryRun=All", "{}", "EA"),
            Row("GET", "/apis/weir.dev/v1alpha1/namespaces/NS/taghistories/a:b", "VEA"),
            Row("GET", "/apis/weir.dev/v1alpha1/registrystatuses", ""),
            Row("POST", "/apis/weir.dev/v1alpha1/namespaces/NS/retentionpreviews", "{}", "EA"),
            Row("PUT", "/apis/weir.dev/v1alpha1/namespaces/NS/retentionpolicies/nothing/status", "{}", ""),
            Row("POST", image + "/imagesignatures?dryRun=All", "{}", ""),
            Row("POST", core + "/serviceaccounts/nothing/token", "{}", "EA"),
            Row("GET", core + "/events", "VEA"), Row("GET", core + "/pods", "VEA"),
            Row("GET", "/apis/apps/v1/namespaces/NS/deployments", "VEA"),
            Row("GET", "/apis/batch/v1/namespaces/NS/cronjobs", "VEA"),
            Row("GET", "/api/v1/namespaces/NS", "VEA"), Row("GET", "/api/v1/namespaces", ""),
            Row("DELETE", "/api/v1/namespaces/NS?dryRun=All", ""),
            Row("GET", "/apis/project.openshift.io/v1/projects/NS", "VEA"),
            Row("DELETE", "/apis/project.openshift.io/v1/projects/NS?dryRun=All", "A"),
            Row("GET", "/apis/project.openshift.io/v1/projects", everybody),
            Row("POST", "/apis/project.openshift.io/v1/projectrequests?dryRun=All", "{}", ""),
            Row("GET", "/apis/user.openshift.io/v1/users/~", everybody),
            Row("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "{}", ""),
            Row("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "{}", everybody),
            Row("POST", "/apis/authorization.k8s.io/v1/namespaces/NS/localsubjectaccessreviews", "{}", "A"),
            Row("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "{}", ""),
            Row("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", everybody),
            Row("GET", "/apis/oauth.openshift.io/v1/oauthaccesstokens", ""), Row("GET", "/metrics", ""),
            Row("GET", "/apis/image.openshift.io/v1", everybody), Row("GET", "/openapi/v2", everybody),
            Row("GET", "/healthz", "X" + everybody),
        ]

    @Test("Everybody may do what their role says, over HTTP, and nothing else")
    func matrix() async throws {
        try await WeirProcess.run { _, api in
            let name = "rights"
            try await api.createNamespace(name)
            try await api.createNamespace("elsewhere")
            for persona in Persona.allCases {
                guard let role = persona.role else { continue }
                try await api.bind(
                    "\(persona)-\(name)", to: role, in: persona == .other ? "elsewhere" : name)
            }
            for row in Self.rows {
                for persona in Persona.allCases {
                    let path = row.path.replacing("NS", with: name)
                    let type = row.method == "PATCH" ? "application/merge-patch+json" : "application/json"
                    let answer = try await api.ask(
                        row.method, path, row.body, type: type, headers: persona.headers(name))
                    let isRefused = answer.status == 403 && answer.message.contains(" cannot ")
                    #expect(
                        isRefused != row.allowed.contains(persona.rawValue),
                        "\(persona): \(row.testDescription): \(answer.status) \(answer.message)")
                    #expect(answer.status != 401 && answer.status < 500, "\(row.testDescription): \(answer.status)")
                }
            }
        }
    }

    @Test("Nobody hands out what they do not have: by roles, bindings, bound groups, aggregation or impersonation")
    func escalation() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("team")
            try await api.bind("boss", to: "admin", in: "team")
            let boss = [("Impersonate-User", "boss")]
            let namespaced = Self.rbac + "/namespaces/team"
            func binding(_ name: String, _ kind: String, _ role: String) -> String {
                #"{"metadata":{"name":"\#(name)"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"\#(kind)","name":"\#(role)"},"subjects":[{"kind":"User","name":"friend"}]}"#
            }
            // What an administrator of a project gives away every day.
            for role in ["admin", "edit", "view", "system:image-puller", "registry-admin", "registry-editor"] {
                let answer = try await api.ask(
                    "POST", namespaced + "/rolebindings", binding("give-\(role)", "ClusterRole", role), headers: boss)
                #expect(answer.status == 201, "\(role): \(answer.message)")
            }
            let refused = try await api.ask(
                "POST", namespaced + "/rolebindings", binding("x", "ClusterRole", "cluster-admin"), headers: boss)
            #expect(refused.status == 403)
            #expect(
                refused.message.hasPrefix(
                    #"rolebindings.rbac.authorization.k8s.io "x" is forbidden: user "boss" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:"#
                        + "\n"), "\(refused.message)")
            let missing = try await api.ask(
                "POST", namespaced + "/rolebindings", binding("x", "ClusterRole", "no-such"), headers: boss)
            #expect(missing.status == 404)
            let role =
                #"{"metadata":{"name":"r"},"rules":[{"verbs":["get","delete"],"apiGroups":["image.openshift.io"],"resources":["images"]}]}"#
            let tooMuch = try await api.ask("POST", namespaced + "/roles", role, headers: boss)
            #expect(tooMuch.status == 403)
            #expect(
                tooMuch.message.hasSuffix(
                    "\n" + #"{APIGroups:["image.openshift.io"], Resources:["images"], Verbs:["get" "delete"]}"#),
                "\(tooMuch.message)")
            // By a patch of what they own.
            let small =
                #"{"metadata":{"name":"r"},"rules":[{"verbs":["get"],"apiGroups":["image.openshift.io"],"resources":["imagestreams"]}]}"#
            #expect(try await api.ask("POST", namespaced + "/roles", small, headers: boss).status == 201)
            for body in [
                #"{"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]}"#,
                #"{"rules":[{"verbs":["get"],"apiGroups":["image.openshift.io"],"resources":["*"]}]}"#,
            ] {
                let answer = try await api.ask(
                    "PATCH", namespaced + "/roles/r", body, type: "application/merge-patch+json", headers: boss)
                #expect(answer.status == 403, "\(answer.message)")
            }
            // A binding keeps its role.
            let moved = try await api.ask(
                "PATCH", namespaced + "/rolebindings/give-view",
                #"{"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"}}"#,
                type: "application/merge-patch+json", headers: boss)
            #expect(moved.status == 422)
            #expect(moved.message.hasSuffix(": cannot change roleRef"), "\(moved.message)")
            // As somebody else.
            for headers in [
                [("Impersonate-User", "boss"), ("Impersonate-Group", "system:authenticated")]
            ] {
                #expect(try await api.ask("GET", "/api/v1/namespaces", headers: headers).status == 403)
            }
            let rules = try await api.ask(
                "POST", "/apis/authorization.openshift.io/v1/namespaces/team/localresourceaccessreviews",
                #"{"verb":"get","resource":"imagestreams/layers"}"#, headers: boss)
            #expect(rules.status == 201)
            let found = try rules.json()
            #expect(found["users"]?.arrayValue?.contains("friend") == true)
            #expect(found["groups"]?.arrayValue?.contains("system:serviceaccounts:team") == true)
            #expect(found["kind"] == "ResourceAccessReviewResponse")
            // The right to bind is enough for what it names.
            let allowBind =
                #"{"metadata":{"name":"binders"},"rules":[{"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["cluster-admin"]}]}"#
            #expect(try await api.post(namespaced + "/roles", allowBind).status == 201)
            #expect(
                try await api.post(
                    namespaced + "/rolebindings",
                    #"{"metadata":{"name":"binders"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"binders"},"subjects":[{"kind":"User","name":"boss"}]}"#
                ).status == 201)
            let bound = try await api.ask(
                "POST", namespaced + "/rolebindings", binding("y", "ClusterRole", "cluster-admin"), headers: boss)
            #expect(bound.status == 201, "\(bound.message)")
        }
    }

    @Test("A right taken away is gone with the answer to the request that took it")
    func revocation() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("team")
            let streams = Self.image + "/namespaces/team/imagestreams"
            for _ in 0..<50 {
                try await api.bind("guest", to: "view", in: "team")
                #expect(try await api.ask("GET", streams, headers: [("Impersonate-User", "guest")]).status == 200)
                #expect(
                    try await api.ask("DELETE", Self.rbac + "/namespaces/team/rolebindings/guest").status == 200)
                #expect(try await api.ask("GET", streams, headers: [("Impersonate-User", "guest")]).status == 403)
            }
        }
    }

    @Test("Roles that are gathered from others follow them")
    func aggregation() async throws {
        try await WeirProcess.run { _, api in
            let role =
                #"{"metadata":{"name":"more-view","labels":{"rbac.authorization.k8s.io/aggregate-to-view":"true"}},"rules":[{"verbs":["get"],"apiGroups":["example.com"],"resources":["things"]}]}"#
            #expect(try await api.post(Self.rbac + "/clusterroles", role).status == 201)
            func hasThings(_ name: String) async throws -> Bool {
                try await api.get(Self.rbac + "/clusterroles/\(name)").text.contains(#""things""#)
            }
            try await eventually("view has the new rule") { try await hasThings("view") }
            #expect(try await !hasThings("edit"))
            // Somebody who writes into a gathered role writes in sand.
            let patch = #"{"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]}"#
            _ = try await api.ask(
                "PATCH", Self.rbac + "/clusterroles/view", patch, type: "application/merge-patch+json")
            try await eventually("view is as before") { try await hasThings("view") }
            #expect(try await api.ask("DELETE", Self.rbac + "/clusterroles/more-view").status == 200)
            try await eventually("view lost the rule") { try await !hasThings("view") }
        }
    }
}

extension API {
    /// `send` with a text.
    func ask(
        _ method: String, _ path: String, _ body: String? = nil, type: String = "application/json",
        headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(method, path, body.map { Array($0.utf8) }, type: type, headers: headers)
    }

    /// Binds a user to a cluster role in a namespace, by a binding of the user's name.
    func bind(_ user: String, to role: String, in namespace: String) async throws {
        let answer = try await post(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/\(namespace)/rolebindings",
            #"{"metadata":{"name":"\#(user)"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"\#(role)"},"subjects":[{"kind":"User","name":"\#(user)"}]}"#
        )
        guard answer.status == 201 else { throw TestFailure("no binding of \(user): \(answer.text)") }
    }
}
