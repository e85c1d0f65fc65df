import Foundation
import JSON
import OCI
import RegistryTesting
import Testing

/// spec/registry.md PT-28.
@Suite("A registry that answers for another one")
struct MirroredHostTests {
    @Test("brings what is asked for into streams, once for all who ask, and makes none of what is not there")
    func images() async throws {
        try await FakeRegistry.run { registry in
            let image = MirrorTests.putImage(registry, layers: [Array("a layer".utf8)], tag: "1")
            let old = registry.putImage("old", in: "team/app")
            let scratch = try Scratch()
            let sources = scratch.path + "/sources.yaml"
            let text = """
                apiVersion: config.openshift.io/v1
                kind: Image
                spec: {registrySources: {insecureRegistries: ["\(registry.host)"]}}
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: sources))
            let settings = ["--registry-sources", sources, "--registry-mirrored-host", "\(registry.host)=mirror"]
            try await WeirProcess.run(nil, settings) { _, api in
                let query = "?ns=\(registry.host)"
                func get(_ path: String) async throws -> API.Answer {
                    try await api.send(
                        "GET", "/v2/\(path)\(query)", headers: [("Accept", "\(API.manifestType), \(API.indexType)")])
                }
                // Nowhere to put it.
                #expect(try await get("team/app/manifests/1").status == 404)
                try await api.createNamespace("mirror")
                var answers: [API.Answer] = []
                // A registry that is slow, as on a busy machine, is left alone for a while.
                try await eventually("all get it: \(answers.map(\.status))") {
                    answers = try await withThrowingTaskGroup(of: API.Answer.self) { group in
                        for _ in 0..<8 { group.addTask { try await get("team/app/manifests/1") } }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    return answers.allSatisfy { $0.status == 200 }
                }
                for answer in answers {
                    #expect(answer.headers.first(name: "Docker-Content-Digest") == image.digest.description)
                    #expect(answer.headers.first(name: "OCI-Namespace") == registry.host)
                }
                try await eventually("the blob comes") {
                    try await get("team/app/blobs/\(image.blobs[1])").text == "a layer"
                }
                #expect(try await get("team/app/manifests/\(old)").status == 200)
                let stream = try await api.get(API.streams("mirror") + "/team.app").json()
                #expect(stream["metadata"]?["annotations"]?["image.openshift.io/refreshOnPull"] == "5m")
                #expect(stream["spec"]?["tags"]?.arrayValue?.count == 2)

                for path in [
                    "team/none/manifests/1", "team/app/manifests/none", "team/app/manifests/\(API.digest([1]))",
                ] {
                    let answer = try await get(path)
                    #expect(answer.status == 404, "\(path)")
                }
                #expect(try await api.get(API.streams("mirror")).names() == ["team.app"])
                // Nobody else's business: other hosts, and requests without one.
                #expect(try await api.get("/v2/team/app/manifests/1").status == 404)
                #expect(try await api.get("/v2/team/app/manifests/1?ns=other.example").status == 404)
                var nobody = api
                nobody.token = nil
                #expect(try await nobody.get("/v2/team/other/manifests/1" + query).status == 401)
            }
        }
    }

    @Test("is told of by HOST=NAMESPACE alone")
    func settings() async throws {
        let scratch = try Scratch()
        let failure = await #expect(throws: TestFailure.self) {
            try await WeirProcess.run(scratch.path + "/data", ["--registry-mirrored-host", "docker.io"]) { _, _ in }
        }
        let text = failure.map { "\($0)" } ?? ""
        #expect(text.contains("registry-mirrored-host must be HOST[/PREFIX]=NAMESPACE, not \"docker.io\""), "\(text)")
    }
}
