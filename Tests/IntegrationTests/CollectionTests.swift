import Crypto
import Foundation
import JSON
import RegistryTesting
import Testing

@Suite("weir gc")
struct CollectionTests {
    private static func weir(_ server: WeirProcess, _ arguments: String...) async throws -> ProgramResult {
        try await IntegrationTests.run(
            try WeirProcess.executable(), ["gc", "--data-dir", server.directory] + arguments)
    }

    private static func upload(_ api: API, _ text: String) async throws -> String {
        let bytes = Array(text.utf8)
        let digest = "sha256:" + SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
        let answer = try await api.send(
            "POST", "/v2/p/app/blobs/uploads/?digest=\(digest)", bytes, type: "application/octet-stream")
        guard answer.status == 201 else { throw TestFailure("upload: \(answer.status) \(answer.text)") }
        return digest
    }

    @Test("says what would go, removes it in two steps, and leaves runs behind for people to see")
    func run() async throws {
        let settings = ["--gc-interval-seconds", "0", "--gc-grace-seconds", "1", "--gc-unsafe-grace"]
        try await WeirProcess.run(nil, settings) { server, api in
            try await api.createNamespace("p")
            let used = try await Self.upload(api, #"{"used":1}"#)
            let garbage = try await Self.upload(api, "garbage")
            let type = "application/vnd.oci.image.manifest.v1+json"
            let manifest =
                #"{"schemaVersion":2,"mediaType":"\#(type)","config":{"mediaType":"application/vnd.oci.image.config.v1+json","#
                + #""digest":"\#(used)","size":10},"layers":[]}"#
            let pushed = try await api.send("PUT", "/v2/p/app/manifests/v1", Array(manifest.utf8), type: type)
            #expect(pushed.status == 201, "\(pushed.text)")
            let kubectl = try await Kubectl(server)
            try await eventually("the blob is given up") {
                let dry = try await Self.weir(server, "--dry-run")
                #expect(dry.exit == 0, "\(dry.errors)")
                return dry.output.contains("would be given up now: 1 blob, 7 bytes") && dry.output.contains(garbage)
            }
            try await eventually("the blob is removed") {
                try await Self.weir(server).output.contains("\nremoved: 1 blob, 7 bytes")
            }
            #expect(try await api.get("/v2/p/app/blobs/\(garbage)").status == 404)
            #expect(try await api.get("/v2/p/app/blobs/\(used)").status == 200)
            let runs = try await kubectl("get", "blobcollections")
            #expect(runs.contains("Complete") && runs.hasPrefix("NAME"))
            #expect(try await api.get("/metrics").text.contains("imageregistry_gc_swept_blobs_total 1"))
        }
    }

    @Test("what was fetched goes when nobody has pulled it for a while, and is fetched again (PT-20)")
    func cache() async throws {
        let settings = [
            "--gc-interval-seconds", "0", "--gc-grace-seconds", "1", "--gc-cache-seconds", "2", "--gc-unsafe-grace",
        ]
        try await FakeRegistry.run { registry in
            let image = MirrorTests.putImage(registry, layers: [Array("a layer".utf8)], tag: "1")
            let path = "/v2/p/app/blobs/\(image.blobs[1])"
            func fetches() -> Int {
                registry.server.requests.count { $0.method == "GET" && $0.path.hasSuffix("/blobs/\(image.blobs[1])") }
            }
            try await WeirProcess.run(nil, settings) { server, api in
                try await api.createNamespace("p")
                let stream = """
                    {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"spec":{"tags":[
                    {"name":"1","from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
                    "importPolicy":{"insecure":true}}]}}
                    """
                #expect(try await api.post(API.streams("p"), stream).status == 201)
                try await eventually("it is imported") { try await api.manifest("1", of: "p/app").status == 200 }
                // The copy is complete when the registry answers without the other one.
                try await eventually("it is fetched") {
                    let before = registry.server.requests.count
                    return try await api.get(path).status == 200 && registry.server.requests.count == before
                }
                let first = fetches()
                try await eventually("it goes") {
                    try await Self.weir(server).output.contains("\nremoved: 1 blob, 7 bytes")
                }
                let again = try await api.get(path)
                #expect(again.status == 200 && again.text == "a layer")
                #expect(fetches() == first + 1)
                let verified = try await IntegrationTests.run(
                    try WeirProcess.executable(), ["verify", "--data-dir", server.directory])
                #expect(verified.exit == 0, "\(verified.output)")
            }
        }
    }

    @Test("too short a grace keeps the server from starting; no server is a failure with a reason")
    func refusals() async throws {
        let scratch = try Scratch()
        let failure = await #expect(throws: TestFailure.self) {
            try await WeirProcess.run(scratch.path + "/data", ["--gc-grace-seconds", "60"]) { _, _ in }
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains("gc-grace-seconds must be 3600 to 31536000, not 60"))
        let cache = await #expect(throws: TestFailure.self) {
            try await WeirProcess.run(scratch.path + "/cache", ["--gc-cache-seconds", "60"]) { _, _ in }
        }
        #expect("\(cache.map { "\($0)" } ?? "")".contains("gc-cache-seconds must be 0 or 3600 to 315360000, not 60"))
        let none = try await IntegrationTests.run(
            try WeirProcess.executable(), ["gc", "--data-dir", scratch.path + "/none"])
        #expect(none.exit == 1 && none.errors.contains("no data directory"))
    }
}
