import Foundation
import JSON
import OCI
import RegistryTesting
import Testing

/// spec/registry.md 5.9.
@Suite("A read-only registry")
struct ReadOnlyTests {
    private static let warning = #"299 - "registry is read-only""#

    private static func expectRefused(_ answer: API.Answer) throws {
        #expect(answer.status == 405, "\(answer.text)")
        #expect(try answer.json()["errors"]?.arrayValue?.first?["code"] == "UNSUPPORTED")
        #expect(answer.headers.first(name: "Warning") == warning)
    }

    private static func turn(_ wish: String, _ server: WeirProcess) async throws -> String {
        let result = try await weir(["read-only", wish, "--data-dir", server.directory])
        #expect(result.exit == 0, "\(result.errors)")
        return result.output
    }

    @Test("is made so and not at run time, and stays so after a crash")
    func whole() async throws {
        let scratch = try Scratch()
        let data = scratch.path + "/data"
        let server = try await WeirProcess.start(data)
        try await API.with(server) { api in
            try await api.createNamespace("p")
            try await api.pushImage([1], to: "p/app", tag: "v1")
            let pull = try await api.manifest("v1", of: "p/app")
            #expect(pull.status == 200 && pull.headers["Warning"].isEmpty)
            var nobody = api
            nobody.token = nil
            #expect(try await nobody.send("PUT", "/registry/switches/read-only").status == 403)
            #expect(try await Self.turn("show", server) == "off\n")
            let text = try await Self.turn("on", server)
            #expect(text.hasPrefix("on since 20") && text.hasSuffix(", by system:admin\n"), "\(text)")
            #expect(try await Self.turn("on", server) == text)
            for (method, path) in [
                ("POST", "/v2/p/app/blobs/uploads/"), ("PUT", "/v2/p/app/manifests/v2"),
                ("DELETE", "/v2/p/app/manifests/v1"), ("DELETE", "/admin/blobs/\(API.digest([1]))"),
                ("PUT", "/extensions/v2/p/app/signatures/\(API.digest([1]))"),
            ] {
                try Self.expectRefused(try await api.send(method, path, []))
            }
            let collected = try await weir(["gc", "--data-dir", data])
            #expect(collected.exit == 1 && collected.errors.contains("read-only"), "\(collected.errors)")
        }
        try await server.crash()
        try await WeirProcess.run(data) { server, api in
            let pull = try await api.manifest("v1", of: "p/app")
            #expect(pull.status == 200)
            #expect(pull.headers["Warning"] == [Self.warning])
            try Self.expectRefused(try await api.send("POST", "/v2/p/app/blobs/uploads/", []))
            #expect(try await Self.turn("off", server) == "off\n")
            try await api.pushImage([2], to: "p/app", tag: "v2")
            #expect(try await api.manifest("v2", of: "p/app").headers["Warning"].isEmpty)
        }
        try await WeirProcess.run(data, ["--registry-read-only"]) { server, api in
            #expect(try await Self.turn("show", server) == "on, by the configuration\n")
            let result = try await weir(["read-only", "off", "--data-dir", data])
            #expect(result.exit == 1 && result.errors.contains("by its configuration"), "\(result.errors)")
            try Self.expectRefused(try await api.send("POST", "/v2/p/app/blobs/uploads/", []))
        }
    }

    @Test("may be one namespace, by its annotation; what is pulled from elsewhere is handed on then and not kept")
    func namespace() async throws {
        try await FakeRegistry.run { registry in
            let image = MirrorTests.putImage(registry, layers: [Array("a layer".utf8)], tag: "1")
            func fetches() -> Int {
                registry.server.requests.count { $0.method == "GET" && $0.path.hasSuffix("/blobs/\(image.blobs[1])") }
            }
            try await WeirProcess.run { _, api in
                for namespace in ["p", "q"] { try await api.createNamespace(namespace) }
                func freeze(_ value: String) async throws {
                    let patch = #"{"metadata":{"annotations":{"weir.dev/registry-read-only":\#(value)}}}"#
                    let answer = try await api.send(
                        "PATCH", "/api/v1/namespaces/p", Array(patch.utf8), type: "application/merge-patch+json")
                    #expect(answer.status == 200, "\(answer.text)")
                }
                let stream = """
                    {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"app","annotations":
                    {"weir.dev/mirror":"always"}},"spec":{"tags":[
                    {"name":"1","from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
                    "importPolicy":{"insecure":true},"referencePolicy":{"type":"Local"}}]}}
                    """
                try await freeze(#""true""#)
                #expect(try await api.post(API.streams("p"), stream).status == 201)
                try await eventually("it is imported") { try await api.manifest("1", of: "p/app").status == 200 }
                for _ in 0..<2 {
                    let blob = try await api.get("/v2/p/app/blobs/\(image.blobs[1])")
                    #expect(blob.status == 200 && blob.text == "a layer")
                    #expect(blob.headers.first(name: "Warning") == Self.warning)
                }
                // For clients alone: nothing was copied.
                #expect(fetches() == 2)
                let refused = try await api.send("POST", "/v2/p/app/blobs/uploads/", [])
                try Self.expectRefused(refused)
                #expect(refused.text.contains("namespace p is read-only"), "\(refused.text)")
                try await api.pushImage([1], to: "q/app", tag: "v1")
                try await freeze("null")
                try await eventually("it is copied", within: .seconds(60)) {
                    try await api.get("/metrics").text.contains(#"weir_mirror_images{state="complete"} 1"#)
                }
                try await api.pushImage([1], to: "p/own", tag: "v1")
            }
        }
    }

    @Test("the schedule of the collector is paused and resumed, and has hours")
    func schedule() async throws {
        let scratch = try Scratch()
        let data = scratch.path + "/data"
        let settings = ["--gc-interval-seconds", "1", "--gc-grace-seconds", "1", "--gc-unsafe-grace"]
        func runs(_ api: API) async throws -> Int {
            let line = try await api.get("/metrics").text.split(separator: "\n").first {
                $0.hasPrefix(#"imageregistry_gc_runs_total{result="success"}"#)
            }
            return line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        }
        try await WeirProcess.run(data, settings) { _, api in
            try await eventually("it runs") { try await runs(api) > 1 }
            #expect(try await weir(["gc", "--pause", "--data-dir", data]).output == "paused\n")
        }
        try await WeirProcess.run(data, settings) { _, api in
            try await api.createNamespace("p")
            let garbage = try await api.pushBlob([1, 2, 3], to: "p/app")
            // Who asks gets a run all the same.
            var asked = 0
            try await eventually("what is asked for is done") {
                asked += 1
                return try await weir(["gc", "--data-dir", data]).output.contains("\nremoved: 1 blob")
            }
            #expect(try await api.get("/v2/p/app/blobs/\(garbage)").status == 404)
            #expect(try await runs(api) == asked, "nothing runs by itself")
            #expect(try await weir(["gc", "--resume", "--data-dir", data]).output == "resumed\n")
            try await eventually("it runs again") { try await runs(api) > asked }
        }
        let failure = await #expect(throws: TestFailure.self) {
            try await WeirProcess.run(scratch.path + "/wrong", ["--gc-window", "1-5"]) { _, _ in }
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains("gc-window must be HH:MM-HH:MM in UTC"))
    }
}
