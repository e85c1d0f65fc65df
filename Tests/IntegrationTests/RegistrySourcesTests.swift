import Foundation
import JSON
import OCI
import RegistryClient
import RegistryTesting
import Testing

/// spec/import-and-controllers.md A.9, spec/registry.md PT-13.
@Suite("Mirrors, blocked and insecure registries")
struct RegistrySourcesTests {
    private static func file(_ text: String, in scratch: Scratch) throws -> String {
        let path = scratch.path + "/sources.yaml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private static func imported(_ from: String, to tag: String) -> String {
        #"{"from":{"kind":"DockerImage","name":"\#(from)"},"to":{"name":"\#(tag)"}}"#
    }

    @Test("an image is imported and pulled from a mirror of a host that is not there; what is blocked is refused")
    func mirrored() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "mirror/app", tag: "1")
            _ = registry.putImage("y", in: "plain/app", tag: "1")
            let scratch = try Scratch()
            let sources = try Self.file(
                """
                # as oc get -o yaml shows them
                apiVersion: config.openshift.io/v1
                kind: ImageDigestMirrorSet
                spec:
                  imageDigestMirrors:
                  - {source: gone.example.invalid/team, mirrors: ["\(registry.host)/mirror"]}
                  - {source: bare.example.invalid, mirrors: ["\(registry.host)"], mirrorSourcePolicy: NeverContactSource}
                ---
                apiVersion: config.openshift.io/v1
                kind: Image
                spec: {registrySources: {insecureRegistries: ["\(registry.host)"], blockedRegistries: [bad.example]}}
                """, in: scratch)
            try await WeirProcess.run(nil, ["--registry-sources", sources]) { _, api in
                try await api.createNamespace("demo")
                let images = [
                    Self.imported("gone.example.invalid/team/app@\(digest)", to: "mirrored"),
                    Self.imported("bad.example/team/app:1", to: "blocked"),
                    Self.imported("bare.example.invalid/mirror/app:1", to: "never"),
                    // Its scope is insecure by the configuration, the import does not say so.
                    Self.imported("\(registry.host)/plain/app:1", to: "plain"),
                ]
                let answer = try await api.post(
                    "/apis/image.openshift.io/v1/namespaces/demo/imagestreamimports",
                    """
                    {"kind":"ImageStreamImport","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},
                    "spec":{"import":true,"images":[\(images.joined(separator: ","))],"repository":
                    {"from":{"kind":"DockerImage","name":"\(registry.host)/plain/app"}}},"status":{}}
                    """)
                #expect(answer.status == 201, "\(answer.text)")
                #expect(answer.text(at: "status.images.0.status.status") == "Success", "\(answer.text)")
                #expect(
                    answer.text(at: "status.images.0.image.dockerImageReference")
                        == "gone.example.invalid/team/app@\(digest)")
                #expect(
                    answer.text(at: "status.images.1.status.message") == "forbidden: registry bad.example blocked")
                #expect(answer.text(at: "status.images.2.status.status") == "Failure")
                #expect(answer.text(at: "status.images.3.status.status") == "Success", "\(answer.text)")
                #expect(answer.text(at: "status.repository.status.status") == "Success", "\(answer.text)")
                let pulled = try await api.get("/v2/demo/app/manifests/mirrored")
                #expect(pulled.status == 200)
                let config = try #require(pulled.text(at: "config.digest"))
                #expect(try await api.get("/v2/demo/app/blobs/\(config)").status == 200)
                #expect(!registry.server.requests.contains { $0.path.contains("/team/") })
            }
        }
    }

    @Test("only registries that are allowed are imported from")
    func allowed() async throws {
        try await FakeRegistry.run { registry in
            let digest = registry.putImage("x", in: "team/app", tag: "1")
            let scratch = try Scratch()
            let sources = try Self.file(
                """
                kind: Image
                spec:
                  allowedRegistriesForImport:
                  - {domainName: "\(registry.host)", insecure: true}
                  - {domainName: "*.good.example"}
                """, in: scratch)
            try await WeirProcess.run(nil, ["--registry-sources", sources]) { _, api in
                try await api.createNamespace("demo")
                func create(_ name: String, _ from: String) async throws -> API.Answer {
                    try await api.post(
                        API.streams("demo"),
                        """
                        {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(name)"},"spec":
                        {"tags":[{"name":"1","from":{"kind":"DockerImage","name":"\(from)"},
                        "importPolicy":{"insecure":true}}]}}
                        """)
                }
                let refused = try await create("bad", "bad.example/team/app:1")
                #expect(refused.status == 422)
                #expect(refused.message.contains("not allowed by whitelist"), "\(refused.message)")
                #expect(refused.message.contains("\(registry.host)"))
                #expect(try await create("good", "\(registry.host)/team/app:1").status == 201)
                try await eventually("it is imported") {
                    try await api.get(API.streams("demo") + "/good").text(at: "status.tags.0.items.0.image")
                        == digest.description
                }
            }
        }
    }

    @Test("credentials and authorities of the installation open registries for all namespaces")
    func installation() async throws {
        let certificate = try TestCertificate.shared.get()
        let alice = Credentials(username: "alice", password: "secret")
        try await FakeRegistry.run(tls: certificate, login: .basic(alice)) { registry in
            registry.putImage("x", in: "team/app", tag: "1")
            let scratch = try Scratch()
            let (file, authority) = (scratch.path + "/config.json", scratch.path + "/ca.pem")
            try Data(certificate.certificate).write(to: URL(fileURLWithPath: authority))
            try Data(#"{"auths":{"\#(registry.host)":{"username":"alice","password":"secret"}}}"#.utf8)
                .write(to: URL(fileURLWithPath: file))
            let flags = ["--upstream-credentials", file, "--upstream-ca", authority]
            try await WeirProcess.run(nil, flags) { _, api in
                try await api.createNamespace("demo")
                let answer = try await api.post(
                    "/apis/image.openshift.io/v1/namespaces/demo/imagestreamimports",
                    """
                    {"kind":"ImageStreamImport","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"spec":
                    {"import":true,"images":[\(Self.imported("\(registry.host)/team/app:1", to: "1"))]},"status":{}}
                    """)
                #expect(answer.text(at: "status.images.0.status.status") == "Success", "\(answer.text)")
                // Nobody is shown them.
                let shown = try await api.get(API.streams("demo") + "/app/secrets")
                #expect(shown.status == 200 && !shown.text.contains("alice"))
            }
        }
    }

    @Test(
        "a file that means nothing keeps the server from starting, and the reason is said",
        arguments: [
            ("kind: Deployment", "must be ImageDigestMirrorSet, ImageTagMirrorSet, ImageContentSourcePolicy or Image"),
            (
                "kind: ImageTagMirrorSet\nspec: {imageTagMirrors: [{source: a.example, mirrors: [b.example/]}]}",
                "\"b.example/\" is no host[:port][/path]"
            ),
            (
                "kind: ImageDigestMirrorSet\nspec: {imageDigestMirrors: [{source: a.example, mirror: [b.example]}]}",
                "spec.imageDigestMirrors[0].mirror: unknown field"
            ),
            (
                "kind: ImageDigestMirrorSet\nspec: {imageDigestMirrors: [{source: a, mirrorSourcePolicy: Maybe}]}",
                "mirrorSourcePolicy: must be AllowContactingSource or NeverContactSource"
            ),
            ("kind: [", "document 1"),
            (
                "kind: Image\nspec: {allowedRegistriesForImport: [{domainName: \"a:1:2\"}]}",
                "failed to parse allowed registry \"a:1:2\": too many colons"
            ),
            (
                "kind: Image\nspec: {allowedRegistriesForImport: [{domain: a}]}",
                "spec.allowedRegistriesForImport[0].domain: unknown field"
            ),
        ])
    func refusals(_ text: String, _ expected: String) async throws {
        let scratch = try Scratch()
        let sources = try Self.file(text, in: scratch)
        let failure = await #expect(throws: TestFailure.self) {
            try await WeirProcess.run(scratch.path + "/data", ["--registry-sources", sources]) { _, _ in }
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains(expected), "\(failure.map { "\($0)" } ?? "")")
    }
}
