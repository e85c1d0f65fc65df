import Foundation
import JSON
import RegistryTesting
import Testing

/// spec/users-want.md, section 6, 3: who runs the server sees what other registries still take.
@Suite("What other registries still take")
struct RegistryStatusTests {
    private static let path = "/apis/weir.dev/v1alpha1/registrystatuses"

    @Test("is shown by registry and account, as objects and as a table")
    func shown() async throws {
        try await FakeRegistry.run { registry in
            registry.intercept { request in
                guard request.path.contains("/manifests/") else { return nil }
                return TestResponse(
                    429,
                    [
                        ("Retry-After", "600"), ("RateLimit-Limit", "100;w=21600"),
                        ("RateLimit-Remaining", "0;w=21600"),
                    ])
            }
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                let before = try await api.get(Self.path)
                #expect(before.status == 200)
                #expect(try before.names().isEmpty)
                let answer = try await api.post(
                    "/apis/image.openshift.io/v1/namespaces/demo/imagestreamimports",
                    """
                    {"kind":"ImageStreamImport","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"spec":
                    {"import":false,"images":[{"from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
                    "importPolicy":{"insecure":true}}]},"status":{}}
                    """)
                #expect(answer.text(at: "status.images.0.status.reason") == "TooManyRequests", "\(answer.text)")
                let list = try await api.get(Self.path)
                #expect(try list.names() == [registry.host], "\(list.text)")
                let one = try await api.get(Self.path + "/" + registry.host)
                #expect(one.status == 200)
                let status = try #require(try one.json()["status"])
                #expect(status["registry"]?.stringValue == registry.host && status["account"] == nil)
                #expect(status["limit"]?.integerValue == 100 && status["remaining"]?.integerValue == 0)
                #expect(status["resetTime"]?.stringValue != nil && status["pausedUntil"]?.stringValue != nil)
                #expect(status["waiting"]?.integerValue == 0)
                #expect(try await api.get(Self.path + "/nobody").status == 404)
                #expect(try await api.get(Self.path + "?fieldSelector=metadata.name=nobody").names().isEmpty)
                let table = try await api.send(
                    "GET", Self.path,
                    headers: [("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")])
                #expect(table.text(at: "rows.0.cells.0") == registry.host, "\(table.text)")
                #expect(table.text(at: "rows.0.cells.2") == "0")
            }
        }
    }
}
