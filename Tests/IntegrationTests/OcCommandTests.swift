import Foundation
import JSON
import Testing

/// What `oc` sends for each of its commands, and what it reads of the answers (spec/clients.md 2, 4, 5). Bodies in hex
/// are those that were recorded.
@Suite("oc, request by request")
struct OcCommandTests {
    private static let authn = "/apis/authentication.k8s.io/v1"
    private static let rbac = "/apis/rbac.authorization.k8s.io/v1"
    private static let review = "/apis/authorization.openshift.io/v1"
    private static let projects = "/apis/project.openshift.io/v1"
    private static let images = "/apis/image.openshift.io/v1"
    private static let protobuf = "application/vnd.kubernetes.protobuf"

    private static func user(_ name: String) -> [(String, String)] {
        [
            ("Impersonate-User", name), ("Impersonate-Group", "system:authenticated"),
            ("Impersonate-Group", "system:authenticated:oauth"),
        ]
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
    }

    /// Sends protobuf, as clients since 0.32 do, which take JSON as well.
    private static func send(
        _ api: API, _ method: String, _ path: String, hex: String, _ headers: [(String, String)] = []
    ) async throws -> API.Answer {
        try await api.send(
            method, path, bytes(hex), type: protobuf,
            headers: headers + [("Accept", "application/json")])
    }

    @Test("oc login --token, with no project, one and several; oc whoami")
    func login() async throws {
        try await WeirProcess.run { _, api in
            var stranger = api
            stranger.token = nil
            let probe = try await stranger.send("HEAD", "/")
            #expect(probe.headers.first(name: "content-type")?.hasPrefix("text/html") != true)
            let carol = Self.user("carol")
            let whoami = try await api.send(
                "POST", Self.authn + "/selfsubjectreviews",
                Self.bytes(
                    "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a656374526576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200"
                ), type: Self.protobuf, headers: carol)
            #expect(whoami.status == 201, "\(whoami.text)")
            #expect(try whoami.json()["status"]?["userInfo"]?["username"] == "carol")
            #expect(try await api.send("GET", Self.projects + "/projects", headers: carol).names() == [])
            for verb in ["list", "create"] {
                let answer = try await api.ask(
                    "POST", Self.review + "/subjectaccessreviews",
                    #"{"kind":"SubjectAccessReview","apiVersion":"authorization.openshift.io/v1","namespace":"","verb":"\#(verb)","resourceAPIGroup":"project.openshift.io","resourceAPIVersion":"","resource":"projectrequests","resourceName":"","path":"","isNonResourceURL":false,"user":"","groups":null,"scopes":null}"#,
                    headers: carol)
                #expect(answer.status == 201, "\(answer.text)")
                #expect(try answer.json()["allowed"] == true)
                #expect(try answer.json()["kind"] == "SubjectAccessReviewResponse")
            }
            let motd = try await api.send(
                "GET", "/api/v1/namespaces/openshift/configmaps/motd", headers: carol)
            #expect(motd.status == 404)
            for name in ["one", "two"] {
                let made = try await api.ask(
                    "POST", Self.projects + "/projectrequests", #"{"metadata":{"name":"\#(name)"}}"#, headers: carol)
                #expect(made.status == 201)
            }
            #expect(try await api.send("GET", Self.projects + "/projects", headers: carol).names() == ["one", "two"])
            let one = try await api.send("GET", Self.projects + "/projects/one", headers: carol)
            #expect(one.status == 200)
            let dave = try await api.send("GET", Self.projects + "/projects/one", headers: Self.user("dave"))
            #expect(dave.status == 403)
            #expect(
                dave.message
                    == #"projects.project.openshift.io "one" is forbidden: User "dave" cannot get resource "projects" in API group "project.openshift.io" in the namespace "one""#
            )
        }
    }

    @Test("oc policy add-role-to-user and remove-role-from-user, in protobuf")
    func policy() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("demo")
            let bindings = Self.rbac + "/namespaces/demo/rolebindings"
            try await eventually("the namespace has its bindings") {
                try await api.get(bindings).names() == ["system:image-builders", "system:image-pullers"]
            }
            #expect(try await api.get(Self.rbac + "/clusterroles/system:image-puller").status == 200)
            #expect(try await api.get("/apis/user.openshift.io/v1/users/alice").status == 404)
            let made = try await Self.send(
                api, "POST", bindings,
                hex:
                    "6b3873000a2b0a1c726261632e617574686f72697a6174696f6e2e6b38732e696f2f7631120b526f6c6542696e64696e671294010a270a1373797374656d3a696d6167652d70756c6c657212001a0464656d6f22002a00320038004200122a0a04557365721219726261632e617574686f72697a6174696f6e2e6b38732e696f1a05616c69636522001a3d0a19726261632e617574686f72697a6174696f6e2e6b38732e696f120b436c7573746572526f6c651a1373797374656d3a696d6167652d70756c6c65721a002200"
            )
            #expect(made.status == 201, "\(made.text)")
            let pull = try await Self.send(
                api, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                hex:
                    "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669657712590a100a0012001a0022002a00320038004200123b0a390a0464656d6f12036765741a12696d6167652e6f70656e73686966742e696f22002a0c696d61676573747265616d7332003a066c61796572731a08080012001a0020001a002200",
                Self.user("alice"))
            #expect(pull.status == 201, "\(pull.text)")
            let gone = try await Self.send(
                api, "DELETE", bindings + "/system:image-puller",
                hex:
                    "6b3873000a2d0a1c726261632e617574686f72697a6174696f6e2e6b38732e696f2f7631120d44656c6574654f7074696f6e7312001a002200"
            )
            #expect(gone.status == 200, "\(gone.text)")
            #expect(try gone.json()["details"]?["uid"]?.stringValue?.isEmpty == false)
        }
    }

    @Test("oc create sa, oc create token, kubectl create namespace, in protobuf")
    func accounts() async throws {
        try await WeirProcess.run { _, api in
            let namespace = try await Self.send(
                api, "POST", "/api/v1/namespaces",
                hex:
                    "6b3873000a0f0a02763112094e616d657370616365121a0a120a027a7a12001a0022002a0032003800420012001a020a001a002200"
            )
            #expect(namespace.status == 201, "\(namespace.text)")
            let account = try await Self.send(
                api, "POST", "/api/v1/namespaces/zz/serviceaccounts",
                hex:
                    "6b3873000a140a027631120e536572766963654163636f756e74121a0a180a086465706c6f79657212001a0022002a003200380042001a002200"
                    .replacing("6465706c6f796572", with: "6465706c6f796532")
            )
            #expect(account.status == 201, "\(account.text)")
            let token = try await Self.send(
                api, "POST", "/api/v1/namespaces/zz/serviceaccounts/deploye2/token",
                hex:
                    "6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374121d0a100a0012001a0022002a00320038004200120320901c1a040a0012001a002200"
            )
            #expect(token.status == 201, "\(token.text)")
            let issued = try token.json()["status"]
            #expect(issued?["expirationTimestamp"]?.stringValue?.isEmpty == false)
            var robot = api
            robot.token = issued?["token"]?.stringValue
            let me = try await robot.post(Self.authn + "/selfsubjectreviews", "{}")
            #expect(try me.json()["status"]?["userInfo"]?["username"] == "system:serviceaccount:zz:deploye2")
        }
    }

    @Test("oc tag by a stream's digest, as an alias, from elsewhere, and -d")
    func tag() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("demo")
            let here = Self.images + "/namespaces/demo"
            let digest = "sha256:" + String(repeating: "a", count: 64)
            let mapping =
                #"{"metadata":{"name":"app"},"tag":"1","image":{"metadata":{"name":"\#(digest)"},"dockerImageReference":"r.example/app@\#(digest)","dockerImageMetadata":{"kind":"DockerImage","apiVersion":"image.openshift.io/1.0","Id":"x"},"dockerImageMetadataVersion":"1.0"}}"#
            #expect(try await api.post(here + "/imagestreams", #"{"metadata":{"name":"app"}}"#).status == 201)
            #expect(try await api.post(here + "/imagestreammappings", mapping).status == 201)
            let stream = try await api.get(here + "/imagestreams/app").json()
            let newest = stream["status"]?["tags"]?.arrayValue?.first?["items"]?.arrayValue?.first
            #expect(newest?["image"] == .string(digest))
            func body(_ name: String, _ from: String, generation: String) -> String {
                #"{"kind":"ImageStreamTag","apiVersion":"image.openshift.io/v1","metadata":{"name":"\#(name)","namespace":"demo","creationTimestamp":null},"tag":{"name":"","annotations":null,"from":\#(from),"generation":\#(generation),"importPolicy":{"importMode":"Legacy"},"referencePolicy":{"type":"Source"}},"generation":0,"lookupPolicy":{"local":false},"conditions":null,"image":{"metadata":{"creationTimestamp":null},"dockerImageMetadata":null,"dockerImageLayers":null}}"#
            }
            let byDigest = #"{"kind":"ImageStreamImage","namespace":"demo","name":"app@\#(digest)"}"#
            for (name, from, generation) in [
                ("other:prod", byDigest, "null"), ("app:alias", #"{"kind":"ImageStreamTag","name":"app:1"}"#, "null"),
                ("app:alias2", #"{"kind":"ImageStreamTag","name":"1"}"#, "null"),
                ("far:1", #"{"kind":"DockerImage","name":"127.0.0.1:1/x:1"}"#, "0"),
            ] {
                let text = body(name, from, generation: generation)
                var answer = try await api.ask("PUT", here + "/imagestreamtags/\(name)", text)
                if answer.status == 404 { answer = try await api.post(here + "/imagestreamtags", text) }
                #expect([200, 201].contains(answer.status), "\(name): \(answer.text)")
            }
            #expect(
                try await api.get(here + "/imagestreamtags/other:prod").json()["image"]?["metadata"]?["name"]
                    == .string(digest))
            let deleted = try await api.ask(
                "DELETE", here + "/imagestreamtags/other:prod", #"{"kind":"DeleteOptions","apiVersion":"v1"}"#)
            #expect(deleted.status == 200)
            #expect(try await api.get(here + "/imagestreamtags/other:prod").status == 404)
            let lookup = try await api.ask(
                "PATCH", here + "/imagestreams/app?fieldManager=kubectl-set",
                #"{"spec":{"lookupPolicy":{"local":true}}}"#, type: "application/strategic-merge-patch+json")
            #expect(try lookup.json()["spec"]?["lookupPolicy"]?["local"] == true)
        }
    }

    @Test("oc adm prune images and oc adm top: every list they need is there, and the writes they make are taken")
    func administration() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("demo")
            let needed = [
                "/api/v1/pods", "/api/v1/replicationcontrollers", "/apis/apps/v1/daemonsets",
                "/apis/apps/v1/deployments", "/apis/apps/v1/replicasets", "/apis/apps/v1/statefulsets",
                "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs", "/api/v1/limitranges", Self.images + "/imagestreams",
                Self.images + "/images?limit=5000",
            ]
            try await api.post(
                "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
                """
                {"metadata":{"name":"pruner"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
                "name":"system:image-pruner"},"subjects":[{"kind":"User","name":"pruner"}]}
                """
            ).expect(201)
            for path in needed {
                let answer = try await api.send("GET", path, headers: Self.user("pruner"))
                #expect(answer.status == 200, "\(path): \(answer.text)")
                #expect(try answer.json()["items"]?.arrayValue != nil, "\(path)")
            }
            for path in ["/apis/build.openshift.io/v1/builds", "/apis/apps.openshift.io/v1/deploymentconfigs"] {
                #expect(try await api.get(path).status == 404)
            }
            let here = Self.images + "/namespaces/demo"
            let digest = "sha256:" + String(repeating: "b", count: 64)
            try await api.post(here + "/imagestreams", #"{"metadata":{"name":"app"}}"#).expect(201)
            try await api.post(
                here + "/imagestreammappings",
                #"{"metadata":{"name":"app"},"tag":"1","image":{"metadata":{"name":"\#(digest)"},"dockerImageReference":"r.example/app@\#(digest)"}}"#
            ).expect(201)
            var stream = try await api.get(here + "/imagestreams/app").text
            let start = try #require(stream.range(of: #","tags":[{"tag":"1""#))
            let end = try #require(stream.range(of: "]}]", range: start.upperBound..<stream.endIndex))
            stream.removeSubrange(start.lowerBound..<end.upperBound)
            let shortened = try await api.ask(
                "PUT", here + "/imagestreams/app/status", stream, headers: Self.user("pruner"))
            #expect(shortened.status == 200, "\(shortened.text)")
            let removed = try await api.ask(
                "DELETE", Self.images + "/images/\(digest)", headers: Self.user("pruner"))
            #expect(removed.status == 200, "\(removed.text)")
        }
    }
}
