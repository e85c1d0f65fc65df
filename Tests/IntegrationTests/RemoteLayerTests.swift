import Foundation
import JSON
import OCI
import RegistryTesting
import Synchronization
import Testing

/// spec/registry.md V-6.
@Suite("Layers that were only elsewhere when an image was pushed on top of them")
struct RemoteLayerTests {
    private static func mark(_ image: String, _ api: API) async throws -> String? {
        let answer = try await api.get("/apis/image.openshift.io/v1/images/\(image)")
        return try answer.json()["metadata"]?["annotations"]?["image.openshift.io/remoteLayers"]?.stringValue
    }

    @Test("are copied after a restart, where the other registry did not answer before")
    func restart() async throws {
        try await FakeRegistry.run { registry in
            let base = MirrorTests.putImage(registry, layers: [Array("a layer".utf8)], tag: "1")
            let layer = base.blobs[1]
            let asked = Mutex(0)
            registry.intercept { request in
                guard request.method == "GET", request.path.hasSuffix("/blobs/\(layer)") else { return nil }
                asked.withLock { $0 += 1 }
                return TestResponse(503, text: "not now")
            }
            let scratch = try Scratch()
            let data = scratch.path + "/data"
            let server = try await WeirProcess.start(data)
            let image = try await API.with(server) { api in
                try await api.createNamespace("p")
                let stream = """
                    {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"spec":{"tags":[
                    {"name":"base","from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
                    "importPolicy":{"insecure":true}}]}}
                    """
                #expect(try await api.post(API.streams("p"), stream).status == 201)
                try await eventually("it is imported") { try await api.manifest("base", of: "p/app").status == 200 }
                let config = Array("{}".utf8)
                let digest = try await api.pushBlob(config, to: "p/app")
                let manifest = Array(
                    (#"{"schemaVersion":2,"mediaType":"\#(API.manifestType)","config":{"mediaType":"#
                        + #""application/vnd.oci.image.config.v1+json","digest":"\#(digest)","size":2},"layers":["#
                        + #"{"mediaType":"\#(MediaType.ociLayer)","digest":"\#(layer)","size":7}]}"#).utf8)
                let answer = try await api.send(
                    "PUT", "/v2/p/app/manifests/mine", manifest, type: API.manifestType)
                #expect(answer.status == 201, "\(answer.text)")
                try await eventually("the layer is asked for") { asked.withLock { $0 } > 0 }
                #expect(try await Self.mark(API.digest(manifest), api) == "true")
                return API.digest(manifest)
            }
            try await server.crash()
            registry.intercept { _ in nil }
            try await WeirProcess.run(data) { _, api in
                try await eventually("the mark goes") { try await Self.mark(image, api) == nil }
                registry.intercept { _ in TestResponse(503, text: "gone") }
                let blob = try await api.get("/v2/p/app/blobs/\(layer)")
                #expect(blob.status == 200 && blob.text == "a layer")
            }
            // Nothing is left to do.
            let before = registry.server.requests.count
            try await WeirProcess.run(data) { _, api in
                let answer = try await api.manifest("mine", of: "p/app")
                #expect(answer.status == 200)
            }
            #expect(registry.server.requests.count == before)
        }
    }
}
