import Crypto
import Foundation
import JSON
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

    @Test("too short a grace keeps the server from starting; no server is a failure with a reason")
    func refusals() async throws {
        let scratch = try Scratch()
        let failure = await #expect(throws: TestFailure.self) {
            try await WeirProcess.run(scratch.path + "/data", ["--gc-grace-seconds", "60"]) { _, _ in }
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains("gc-grace-seconds must be 3600 to 31536000, not 60"))
        let none = try await IntegrationTests.run(
            try WeirProcess.executable(), ["gc", "--data-dir", scratch.path + "/none"])
        #expect(none.exit == 1 && none.errors.contains("no data directory"))
    }
}
