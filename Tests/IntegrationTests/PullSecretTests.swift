import Foundation
import JSON
import OCI
import RegistryTesting
import Testing

/// spec/import-and-controllers.md A.10.2: one secret that is broken harms no import, and its owner learns of it.
@Suite("Pull secrets that cannot be read")
struct PullSecretTests {
    private static func secret(_ name: String, _ text: String) -> String {
        let data = Data(text.utf8).base64EncodedString()
        return """
            {"apiVersion":"v1","kind":"Secret","metadata":{"name":"\(name)"},"type":"kubernetes.io/dockerconfigjson",
            "data":{".dockerconfigjson":"\(data)"}}
            """
    }

    @Test("fail alone, with one event that names them and nothing of what is in them")
    func broken() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("x", in: "team/app", tag: "1")
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                let secrets = "/api/v1/namespaces/demo/secrets"
                let text = #"{"auths":{"\#(registry.host)":{"auth":"canary!"}}}"#
                #expect(try await api.post(secrets, Self.secret("torn", text)).status == 201)
                for tag in ["1", "2", "3"] {
                    let answer = try await api.post(
                        "/apis/image.openshift.io/v1/namespaces/demo/imagestreamimports",
                        """
                        {"kind":"ImageStreamImport","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},
                        "spec":{"import":true,"images":[{"from":{"kind":"DockerImage",
                        "name":"\(registry.host)/team/app:1"},"to":{"name":"\(tag)"},"importPolicy":{"insecure":true}}]},
                        "status":{}}
                        """)
                    #expect(answer.text(at: "status.images.0.status.status") == "Success", "\(answer.text)")
                    #expect(answer.headers["warning"].contains { $0.contains("torn") })
                }
                let list = try await api.get(
                    "/api/v1/namespaces/demo/events?fieldSelector=involvedObject.kind=Secret,involvedObject.name=torn")
                let events = try #require(try list.json()["items"]?.arrayValue?.elements)
                #expect(events.count == 1, "\(list.text)")
                let event = try #require(events.first)
                #expect(event["reason"]?.stringValue == "PullSecretUnreadable")
                #expect(event["type"]?.stringValue == "Warning" && event["count"]?.integerValue == 1)
                #expect(event["message"]?.stringValue?.contains("\"torn\"") == true)
                #expect(!list.text.contains("canary"))
            }
        }
    }
}
