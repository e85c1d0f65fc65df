import Foundation
import JSON
import RegistryTesting
import Testing

@Suite("kubectl", .serialized)
struct KubectlTests {
    @Test("makes, imports, reads, changes and deletes image streams, and finds them again after a restart")
    func tour() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        try await DockerRegistry.run { registry in
            try await WeirProcess.run(directory) { server, _ in
                let kubectl = try await Kubectl(server)
                try await Self.create(kubectl)
                try await Self.importByHand(kubectl, from: registry.host)
                try await Self.importByController(kubectl, from: registry.host)
                try await Self.read(kubectl)
                try await Self.change(kubectl)
                try await Self.watch(kubectl)
                try await kubectl("delete", "istag/app:oci", "-n", "tour")
                #expect(try await kubectl("get", "istag", "-n", "tour", "-o", "name").contains("app:oci") == false)
            }
            let before = try await WeirProcess.run(directory) { server, _ in
                try await Self.state(try await Kubectl(server))
            }
            #expect(before.contains("tour") && before.contains("app:v1") && before.contains("sha256:"))
            try await WeirProcess.run(directory) { server, _ in
                let kubectl = try await Kubectl(server)
                #expect(try await Self.state(kubectl) == before)
                try await kubectl("delete", "namespace", "tour", "--timeout=30s")
                let gone = try await kubectl.attempt(["get", "is", "app", "-n", "tour"])
                #expect(gone.exit == 1)
                #expect(gone.errors.contains("NotFound"))
                // Images are nobody's namespace's.
                #expect(try await kubectl("get", "images", "-o", "name").isEmpty == false)
            }
        }
    }

    /// What must survive a restart, versions and times included.
    private static func state(_ kubectl: Kubectl) async throws -> String {
        var text = ""
        for resource in ["namespaces", "imagestreams", "imagestreamtags", "images"] {
            text += try await kubectl("get", resource, "-A", "-o", "yaml")
        }
        return text
    }

    private static func create(_ kubectl: Kubectl) async throws {
        // Sent as protobuf.
        let namespace = try await kubectl("create", "namespace", "tour")
        #expect(namespace == "namespace/tour created\n")
        let stream = try await kubectl(
            "create", "-n", "tour", "-f", "-",
            input: """
                apiVersion: image.openshift.io/v1
                kind: ImageStream
                metadata:
                  name: app
                """)
        #expect(stream == "imagestream.image.openshift.io/app created\n")
        let again = try await kubectl.attempt(
            ["create", "-n", "tour", "-f", "-"],
            input: #"{"apiVersion":"image.openshift.io/v1","kind":"ImageStream","metadata":{"name":"app"}}"#)
        #expect(again.exit == 1)
        #expect(again.errors.contains("AlreadyExists"))
        let odd = try await kubectl.attempt(
            ["create", "-n", "tour", "-f", "-"],
            input:
                #"{"apiVersion":"image.openshift.io/v1","kind":"ImageStream","metadata":{"name":"b"},"spec":{"odd":1}}"#
        )
        #expect(odd.exit == 1)
        #expect(odd.errors.contains(#"unknown field "spec.odd""#), "\(odd.errors)")
    }

    private static func importByHand(_ kubectl: Kubectl, from host: String) async throws {
        let output = try await kubectl(
            "create", "-n", "tour", "-o", "json", "-f", "-",
            input: """
                apiVersion: image.openshift.io/v1
                kind: ImageStreamImport
                metadata:
                  name: app
                spec:
                  import: true
                  images:
                  - from: {kind: DockerImage, name: "\(host)/conf/simple:v1"}
                    to: {name: v1}
                    importPolicy: {insecure: true}
                  - from: {kind: DockerImage, name: "\(host)/conf/absent:v1"}
                    to: {name: absent}
                    importPolicy: {insecure: true}
                status: {}
                """)
        let answer = try JSONValue.parse(output)
        let images = try #require(answer["status"]?["images"]?.arrayValue)
        #expect(images[0]["status"]?["status"] == "Success")
        #expect(images[0]["image"]?["metadata"]?["name"]?.stringValue?.hasPrefix("sha256:") == true)
        #expect(images[1]["status"]?["status"] == "Failure")
        #expect(images[1]["status"]?["reason"] == "NotFound")
    }

    private static func importByController(_ kubectl: Kubectl, from host: String) async throws {
        try await kubectl(
            "patch", "is", "app", "-n", "tour", "--type=json", "-p",
            """
            [{"op":"add","path":"/spec/tags/-","value":{"name":"oci","from":{"kind":"DockerImage",\
            "name":"\(host)/conf/oci:latest"},"importPolicy":{"insecure":true}}}]
            """)
        try await eventually("the controller imports app:oci") {
            try await kubectl.attempt(["get", "istag/app:oci", "-n", "tour"]).exit == 0
        }
    }

    private static func read(_ kubectl: Kubectl) async throws {
        let streams = try await kubectl("get", "is", "-n", "tour").split(separator: "\n")
        #expect(streams.first?.split(separator: " ").first == "NAME")
        #expect(streams.count == 2 && streams[1].hasPrefix("app "))
        let tags = try await kubectl("get", "istag", "-n", "tour")
        #expect(tags.contains("app:v1") && tags.contains("app:oci") && tags.contains("sha256:"))
        #expect(try await kubectl("get", "images").contains("sha256:"))
        #expect(try await kubectl("get", "is", "-A").contains("tour "))
        let yaml = try await kubectl("get", "is", "app", "-n", "tour", "-o", "yaml")
        #expect(yaml.hasPrefix("apiVersion: image.openshift.io/v1\nkind: ImageStream\n"))
        let stream = try await kubectl.json("get", "is", "app", "-n", "tour")
        let status = stream["status"]?["tags"]?.arrayValue?.compactMap { $0["tag"]?.stringValue } ?? []
        #expect(Set(status).isSuperset(of: ["v1", "oci"]))
        let described = try await kubectl("describe", "is", "app", "-n", "tour")
        #expect(described.contains("app"))
        #expect(try await kubectl("api-resources", "--api-group=image.openshift.io").contains("imagestreamtags"))
        #expect(try await kubectl("version").contains("Server Version"))
    }

    private static func change(_ kubectl: Kubectl) async throws {
        func metadata() async throws -> JSONValue? {
            try await kubectl.json("get", "is", "app", "-n", "tour")["metadata"]
        }
        try await kubectl("label", "is", "app", "-n", "tour", "tier=web")
        try await kubectl("annotate", "is", "app", "-n", "tour", "note=first")
        #expect(try await metadata()?["labels"] == ["tier": "web"])
        #expect(try await kubectl("get", "is", "-n", "tour", "-l", "tier=web", "-o", "name").contains("app"))
        #expect(try await kubectl("get", "is", "-n", "tour", "-l", "tier!=web", "-o", "name").isEmpty)
        try await kubectl(
            "patch", "is", "app", "-n", "tour", "--type=merge", "-p",
            #"{"metadata":{"labels":{"tier":null,"x":"1"}},"spec":{"lookupPolicy":{"local":true}}}"#)
        let patched = try await kubectl.json("get", "is", "app", "-n", "tour")
        #expect(patched["metadata"]?["labels"] == ["x": "1"])
        #expect(patched["spec"]?["lookupPolicy"]?["local"] == true)
        try await kubectl(
            "patch", "is", "app", "-n", "tour", "--type=json", "-p",
            #"[{"op":"test","path":"/metadata/labels/x","value":"1"},{"op":"remove","path":"/metadata/labels/x"}]"#)
        #expect(try await metadata()?["labels"] == nil)
        let refused = try await kubectl.attempt([
            "patch", "is", "app", "-n", "tour", "--type=json", "-p",
            #"[{"op":"test","path":"/metadata/name","value":"b"}]"#,
        ])
        #expect(refused.exit == 1)
        #expect(refused.errors.contains("invalid"), "\(refused.errors)")
    }

    private static func watch(_ kubectl: Kubectl) async throws {
        let watch = try kubectl.background("get", "is", "-n", "tour", "-w", "-o", "json")
        defer { watch.signal(SIGTERM) }
        try await eventually("the watch shows what is there; \(watch.errors)") { watch.output.contains(#""app""#) }
        try await kubectl("annotate", "is", "app", "-n", "tour", "note=seen-by-watch", "--overwrite")
        try await eventually("the watch shows the change; \(watch.errors)") {
            watch.output.contains("seen-by-watch")
        }
    }
}
