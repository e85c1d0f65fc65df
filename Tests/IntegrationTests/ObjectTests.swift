import Foundation
import JSON
import RegistryTesting
import Testing

/// Secrets, config maps, service accounts, events and reported workloads, as people meet them.
@Suite("kubectl, the objects beside image streams", .sharedServer)
struct ObjectTests {
    private static func make() async throws -> (Kubectl, Project) {
        let project = try await Project.make()
        return (try await Kubectl(project.server, namespace: project.name), project)
    }

    /// The words of a text, line by line, whatever the width of its columns.
    private static func words(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test("secrets of every type are made, shown, changed and deleted")
    func secrets() async throws {
        let (kubectl, project) = try await Self.make()
        let path = "/api/v1/namespaces/\(project.name)/secrets"
        try await kubectl("create", "secret", "generic", "plain", "--from-literal=user=alice")
        try await kubectl(
            "create", "secret", "docker-registry", "pull", "--docker-server=quay.io", "--docker-username=alice",
            "--docker-password=secret")
        let table = Self.words(try await kubectl("get", "secrets"))
        #expect(table.first == "NAME TYPE DATA AGE")
        #expect(table.contains { $0.hasPrefix("plain Opaque 1 ") })
        #expect(table.contains { $0.hasPrefix("pull kubernetes.io/dockerconfigjson 1 ") })
        #expect(try await kubectl("get", "secrets", "-o", "name", "--field-selector=type=Opaque") == "secret/plain\n")
        #expect(try await kubectl("describe", "secret", "plain").contains("user:  5 bytes"))
        #expect(try await kubectl("explain", "secret.stringData").contains("FIELD: stringData <map[string]string>"))

        // Strings are folded into data, by every way of writing, and never come back.
        let manifest = """
            apiVersion: v1
            kind: Secret
            metadata: {name: folded}
            stringData: {a: "1"}
            """
        try await kubectl("apply", "-f", "-", input: manifest)
        try await kubectl("apply", "--server-side", "-f", "-", input: manifest.replacing("folded", with: "ssa"))
        for name in ["folded", "ssa"] {
            let secret = try await kubectl.json("get", "secret", name)
            #expect(secret["data"]?["a"]?.stringValue == "MQ==")
            #expect(secret["stringData"] == nil)
            #expect(secret["type"]?.stringValue == "Opaque")
        }
        try await kubectl("patch", "secret", "folded", "-p", #"{"stringData":{"b":"2"}}"#)
        #expect(try await kubectl("get", "secret", "folded", "-o", "jsonpath={.data}") == #"{"a":"MQ==","b":"Mg=="}"#)

        // The type stays, and what is immutable stays as it is.
        for (patch, text) in [
            (#"{"type":"x/y"}"#, #"type: Invalid value: "x/y": field is immutable"#),
            (#"{"data":{"a":"!"}}"#, "illegal base64 data"),
        ] {
            let refused = try await kubectl.attempt(["patch", "secret", "folded", "-p", patch])
            #expect(refused.exit == 1 && refused.errors.contains(text), "\(refused.errors)")
        }
        try await kubectl("patch", "secret", "folded", "-p", #"{"immutable":true}"#)
        let frozen = try await kubectl.attempt(["patch", "secret", "folded", "-p", #"{"stringData":{"c":""}}"#])
        #expect(frozen.errors.contains("data: Forbidden: field is immutable when `immutable` is set"))

        let broken = try await kubectl.attempt(
            ["create", "-f", "-"],
            input: """
                {"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"type":"kubernetes.io/dockerconfigjson",\
                "stringData":{".dockerconfigjson":"hunter2"}}
                """)
        #expect(broken.errors.contains("<secret contents redacted>"), "\(broken.errors)")
        #expect(!broken.errors.contains("hunter2"))

        // Protobuf both ways.
        let protobuf = "application/vnd.kubernetes.protobuf"
        let answer = try await project.api.send("GET", path + "/pull", headers: [("Accept", protobuf)])
        #expect(answer.body.starts(with: Array("k8s\u{0}".utf8)))
        let copy = try await project.api.send("PUT", path + "/pull", answer.body, type: protobuf)
        #expect(copy.status == 200, "\(copy.text)")

        let watch = try await Watch(project.server, path + "?watch=1&timeoutSeconds=5")
        #expect(try await kubectl("delete", "secrets", "--all").contains(#"secret "pull" deleted"#))
        let kinds = try await watch.end().map(\.type)
        #expect(kinds.count { $0 == "ADDED" } == 4 && kinds.count { $0 == "DELETED" } == 4, "\(kinds)")
        try await kubectl("create", "secret", "generic", "last", "--from-literal=user=alice")
        #expect(try await project.api.send("DELETE", path).status == 200)
        #expect(try await project.api.get(path).names().isEmpty)
    }

    @Test("config maps hold texts and bytes")
    func configMaps() async throws {
        let (kubectl, project) = try await Self.make()
        let scratch = try Scratch()
        try Data([0xFF, 0]).write(to: URL(fileURLWithPath: scratch.path + "/bytes"))
        try await kubectl("create", "configmap", "m", "--from-literal=a=b", "--from-file=\(scratch.path)/bytes")
        #expect(try await kubectl("get", "cm", "m", "-o", "jsonpath={.binaryData.bytes}") == "/wA=")
        #expect(Self.words(try await kubectl("get", "cm")).contains { $0.hasPrefix("m 2 ") })
        let clash = try await kubectl.attempt(
            ["patch", "cm", "m", "--type=merge", "-p", #"{"data":{"bytes":"x"}}"#])
        #expect(clash.errors.contains("duplicate of key present in binaryData"), "\(clash.errors)")
        let large = try await project.api.post(
            "/api/v1/namespaces/\(project.name)/configmaps",
            """
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large"},\
            "data":{"a":"\(String(repeating: "x", count: 1 << 20 + 1))"}}
            """)
        #expect(large.status == 422)
        #expect(large.message.contains("Too long: may not be more than 1048576 bytes"))
        #expect(try await kubectl("delete", "cm", "m") == "configmap \"m\" deleted\n")
    }

    @Test("every namespace has its service accounts, and gets them back")
    func serviceAccounts() async throws {
        let (kubectl, project) = try await Self.make()
        let path = "/api/v1/namespaces/\(project.name)/serviceaccounts"
        let permanent = ["builder", "default", "deployer"]
        try await eventually("the accounts are there") { try await project.api.get(path).names() == permanent }
        let uid = try await kubectl("get", "sa", "default", "-o", "jsonpath={.metadata.uid}")
        try await kubectl("delete", "sa", "default")
        try await eventually("the account is back") { try await project.api.get(path).names() == permanent }
        #expect(try await kubectl("get", "sa", "default", "-o", "jsonpath={.metadata.uid}") != uid)
        try await kubectl("create", "sa", "robot")
        try await kubectl(
            "patch", "sa", "robot", "-p",
            #"{"secrets":[{"name":"pull","namespace":"elsewhere"}],"imagePullSecrets":[{"name":"pull"}]}"#)
        let robot = try await kubectl.json("get", "sa", "robot")
        #expect(robot["secrets"]?.arrayValue?.first?.description == #"{"name":"pull"}"#)
        #expect(Self.words(try await kubectl("get", "sa", "robot")).last?.hasPrefix("robot 1 ") == true)
        // A token of it is good as long as it is there.
        var stranger = project.api
        stranger.token = try await kubectl("create", "token", "robot").trimmingCharacters(in: .whitespacesAndNewlines)
        let reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        let review = #"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#
        let known = try await stranger.post(reviews, review)
        #expect(
            known.text.contains("system:serviceaccount:\(project.name):robot"), "\(known.status) \(known.text)")
        try await kubectl("delete", "sa", "robot")
        #expect(try await stranger.post(reviews, review).status == 401)
        // Also those of namespaces that were there before.
        #expect(try await project.api.get("/api/v1/namespaces/default/serviceaccounts").names() == permanent)
        try await kubectl("delete", "namespace", project.name, "--timeout=30s")
        #expect(try await project.api.get(path).names().isEmpty)
    }

    @Test("a quota counts secrets")
    func quota() async throws {
        let (kubectl, _) = try await Self.make()
        try await kubectl("create", "quota", "q", "--hard=secrets=1,count/configmaps=0")
        try await kubectl("wait", "quota/q", "--for=jsonpath={.status.used.secrets}=0", "--timeout=20s")
        try await kubectl("create", "secret", "generic", "a")
        let second = try await kubectl.attempt(["create", "secret", "generic", "b"])
        #expect(second.errors.contains("exceeded quota: q, requested: secrets=1, used: secrets=1"), "\(second.errors)")
        let map = try await kubectl.attempt(["create", "configmap", "m"])
        #expect(map.errors.contains("exceeded quota: q"), "\(map.errors)")
    }

    @Test("an import that fails is an event, which kubectl shows")
    func events() async throws {
        let (kubectl, _) = try await Self.make()
        try await kubectl(
            "create", "-f", "-",
            input: imageStream(
                "app", spec: #""tags":[{"name":"v1","from":{"kind":"DockerImage","name":"127.0.0.1:1/a/b:1"}}]"#))
        try await eventually("the event is there") {
            try await kubectl("get", "events").contains("ImportFailed")
        }
        let table = Self.words(try await kubectl("get", "events", "-o", "wide"))
        #expect(
            table.first == "LAST SEEN TYPE REASON OBJECT SUBOBJECT SOURCE MESSAGE FIRST SEEN COUNT NAME", "\(table)")
        #expect(
            table.last?.contains("Warning ImportFailed imagestream/app import-controller tag v1: ") == true, "\(table)")
        #expect(try await kubectl("events").contains("ImportFailed"))
        let selector = "involvedObject.name=app,involvedObject.kind=ImageStream,reason=ImportFailed"
        #expect(try await kubectl("get", "events", "--field-selector", selector, "-o", "name").hasPrefix("event/app."))
        #expect(try await kubectl("get", "events", "--field-selector", "type=Normal", "-o", "name").isEmpty)
        #expect(try await kubectl("delete", "events", "--all").contains("deleted"))
    }

    @Test("workloads are what somebody reports, and nothing runs")
    func workloads() async throws {
        let (kubectl, project) = try await Self.make()
        let all = [
            ("/api/v1", "pods"), ("/api/v1", "replicationcontrollers"), ("/apis/apps/v1", "deployments"),
            ("/apis/apps/v1", "daemonsets"), ("/apis/apps/v1", "replicasets"), ("/apis/apps/v1", "statefulsets"),
            ("/apis/batch/v1", "jobs"), ("/apis/batch/v1", "cronjobs"),
        ]
        for (group, resource) in all {
            let answer = try await project.api.get("\(group)/namespaces/\(project.name)/\(resource)")
            #expect(answer.status == 200, "\(resource)")
            #expect(try answer.names().isEmpty)
            #expect(try await project.api.get("\(group)/\(resource)").status == 200)
            // A client that prefers protobuf gets JSON; one that takes nothing else learns so.
            let path = "\(group)/\(resource)"
            let protobuf = "application/vnd.kubernetes.protobuf"
            let both = try await project.api.send(
                "GET", path, headers: [("Accept", "\(protobuf),application/json")])
            #expect(both.headers.first(name: "Content-Type") == "application/json")
            #expect(try await project.api.send("GET", path, headers: [("Accept", protobuf)]).status == 406)
            let sent = try await project.api.send(
                "POST", "\(group)/namespaces/\(project.name)/\(resource)", Array("k8s\u{0}".utf8), type: protobuf)
            #expect(sent.status == 415, "\(resource): \(sent.status) \(sent.text)")
        }
        // Sent as protobuf, which these types do not have.
        let typed = try await kubectl.attempt(["create", "deployment", "web", "--image=quay.io/org/web:1"])
        #expect(typed.errors.contains("accepted media types include: application/json, application/yaml"))
        let manifest = try await kubectl(
            "create", "deployment", "web", "--image=quay.io/org/web:1", "--dry-run=client", "-o", "yaml")
        let created = try await kubectl.attempt(["create", "-f", "-"], input: manifest)
        #expect(created.output == "deployment.apps/web created\n", "\(created.errors)")
        #expect(created.errors.contains("this server runs no workloads"), "\(created.errors)")
        let image = "jsonpath={.spec.template.spec.containers[0].image}"
        #expect(try await kubectl("get", "deploy", "web", "-o", image) == "quay.io/org/web:1")
        let pod =
            #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"a/b"}]}}"#
        try await kubectl("apply", "-f", "-", "--validate=strict", input: pod)
        try await kubectl("patch", "pod", "p", "--type=merge", "-p", #"{"status":{"phase":"Running"}}"#)
        #expect(try await kubectl("get", "po", "p", "-o", "jsonpath={.status.phase}") == "Running")
        let odd = try await kubectl.attempt(
            ["create", "--validate=false", "-f", "-"],
            input: #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"q"},"spec":[]}"#)
        #expect(odd.errors.contains("spec: Invalid value"), "\(odd.errors)")
        // Not among what `get all` shows.
        #expect(try await kubectl("get", "all", "-o", "name").isEmpty)
        try await kubectl("delete", "namespace", project.name, "--timeout=30s")
        #expect(try await project.api.get("/apis/apps/v1/namespaces/\(project.name)/deployments").names().isEmpty)
    }
}
