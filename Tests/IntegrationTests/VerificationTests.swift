import Foundation
import JSON
import RegistryTesting
import Testing

@Suite("weir verify")
struct VerificationTests {
    private static func file(_ digest: String, _ server: WeirProcess) -> URL {
        let hex = digest.dropFirst("sha256:".count)
        return URL(
            fileURLWithPath:
                "\(server.directory)/registry/docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data")
    }

    @Test("finds damage while the server works, puts it aside, and is content when it was pushed again")
    func damage() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            let layer = [UInt8](repeating: 7, count: 300_000)
            let image = try await api.pushImage(layer, to: "p/app", tag: "v1")
            let directory = ["--data-dir", server.directory]
            let good = try await weir(["verify"] + directory)
            #expect(good.exit == 0 && good.output.contains("nothing is broken"), "\(good.output) \(good.errors)")
            var bytes = layer
            bytes[1_000] = 8
            let digest = API.digest(layer)
            try Data(bytes).write(to: Self.file(digest, server))
            // A look at what is there does not read it.
            #expect(try await weir(["verify", "--quick"] + directory).exit == 0)
            let bad = try await weir(["verify", "-o", "json"] + directory)
            #expect(bad.exit == 3)
            let lines = try bad.output.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
            #expect(lines.first?["finding"]?["kind"] == "DamagedBlob")
            #expect(lines.first?["finding"]?["digest"] == .string(digest))
            #expect(lines.last?["result"]?["broken"] == 1)
            let repaired = try await weir(["verify", "--quarantine"] + directory)
            #expect(repaired.exit == 3)
            #expect(
                repaired.output.contains(
                    "Broken imagestream tag \"p/app:v1\" in position 0: image blob \"\(digest)\": not found"))
            #expect(repaired.output.contains("Broken image \"\(image.digest)\""))
            #expect(try await api.get("/v2/p/app/blobs/\(digest)").status == 404)
            try await api.pushImage(layer, to: "p/app", tag: "v1")
            let again = try await weir(["verify"] + directory)
            #expect(again.exit == 0, "\(again.output)")
            #expect(try await api.get("/v2/p/app/blobs/\(digest)").body == layer)
        }
    }

    @Test("what a scrub puts aside is 404 where it was pushed, and fetched again where it came from elsewhere")
    func scrub() async throws {
        try await FakeRegistry.run { registry in
            let image = MirrorTests.putImage(registry, layers: [Array("a layer".utf8)], tag: "1")
            let settings = ["--scrub-interval-seconds", "1", "--gc-interval-seconds", "0"]
            try await WeirProcess.run(nil, settings) { server, api in
                try await api.createNamespace("p")
                let stream = """
                    {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"spec":{"tags":[
                    {"name":"1","from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
                    "importPolicy":{"insecure":true}}]}}
                    """
                #expect(try await api.post(API.streams("p"), stream).status == 201)
                try await eventually("it is imported") { try await api.manifest("1", of: "p/app").status == 200 }
                let pushed = try await api.pushImage([1, 2, 3], to: "p/own", tag: "v1")
                let fetched = ["\(image.digest)", "\(image.blobs[1])"]
                _ = try await api.get("/v2/p/app/blobs/\(image.blobs[1])")
                let own = [pushed.digest, API.digest([1, 2, 3])]
                for digest in fetched + own {
                    let file = Self.file(digest, server)
                    try await eventually("it is kept") { FileManager.default.fileExists(atPath: file.path) }
                    try Data("damaged".utf8).write(to: file)
                }
                try await eventually("all of it is put aside") {
                    try await api.get("/metrics").text.contains(#"weir_scrub_blobs_total{result="damaged"} 4"#)
                }
                #expect(try await api.manifest("v1", of: "p/own").status == 404)
                #expect(try await api.get("/v2/p/own/blobs/\(own[1])").status == 404)
                let events = try await api.get("/api/v1/namespaces/p/events").text
                #expect(events.contains("DamagedBlob") && events.contains(own[1]), "\(events)")
                #expect(try await api.manifest("1", of: "p/app").status == 200)
                let blob = try await api.get("/v2/p/app/blobs/\(image.blobs[1])")
                #expect(blob.status == 200 && blob.text == "a layer")
                try await eventually("they are kept again") {
                    fetched.allSatisfy { FileManager.default.fileExists(atPath: Self.file($0, server).path) }
                }
                try await api.pushImage([1, 2, 3], to: "p/own", tag: "v1")
                let verified = try await weir(["verify", "--data-dir", server.directory])
                #expect(verified.exit == 0, "\(verified.output)")
            }
        }
    }

    @Test("lost files are told; with --repair their records go, so that a push brings them back")
    func loss() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("p")
            let layer = Array("the layer".utf8)
            try await api.pushImage(layer, to: "p/app", tag: "v1")
            try FileManager.default.removeItem(at: Self.file(API.digest(layer), server))
            let directory = ["--data-dir", server.directory]
            let found = try await weir(["verify"] + directory)
            #expect(found.exit == 3 && found.output.contains("there is no file with its bytes"))
            let repaired = try await weir(["verify", "--repair"] + directory)
            #expect(repaired.exit == 3 && repaired.output.contains("the record was removed"))
            try await api.pushBlob(layer, to: "p/app")
            #expect(try await weir(["verify"] + directory).exit == 0)
        }
    }

    @Test("works on the directory of a stopped server, and only on that")
    func offline() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        try await WeirProcess.run(directory) { server, api in
            try await api.createNamespace("p")
            try await api.pushImage([1, 2, 3], to: "p/app", tag: "v1")
            let busy = try await weir(["verify", "--offline", "--data-dir", directory])
            #expect(busy.exit == 1 && busy.errors.contains("in use"))
        }
        let result = try await weir(["verify", "--offline", "--data-dir", directory])
        #expect(result.exit == 0 && result.output.contains("3 blobs"), "\(result.output) \(result.errors)")
        let online = try await weir(["verify", "--data-dir", directory])
        #expect(online.exit == 1 && online.errors.contains("no server answers"))
        let none = try await weir(["verify", "--offline", "--data-dir", scratch.path + "/none"])
        #expect(none.exit == 1 && none.errors.contains("is no data directory"))
    }

    @Test("is for administrators")
    func rights() async throws {
        try await WeirProcess.run { (_, api) async throws in
            var nobody = api
            nobody.token = nil
            #expect(try await nobody.send("POST", "/registry/verification").status == 403)
            #expect(try await api.get("/registry/verification").status == 405)
            #expect(try await api.send("POST", "/registry/verification").text.contains(#"{"result":{"#))
        }
    }
}

@Suite("Settings of the registry")
struct RegistrySettingsTests {
    @Test(
        "false means false, wherever it is said",
        arguments: [["--registry-deletion", "false"], ["--registry-deletion=false"]])
    func booleans(_ arguments: [String]) async throws {
        try await WeirProcess.run(nil, arguments) { _, api in
            try await api.createNamespace("p")
            let image = try await api.pushImage([1], to: "p/app", tag: "v1")
            let answer = try await api.send("DELETE", "/v2/p/app/manifests/\(image.digest)")
            #expect(answer.status == 405 && answer.text.contains("deletion is disabled"))
        }
    }

    @Test("what is no boolean keeps the server from starting")
    func words() async throws {
        let scratch = try Scratch()
        let flag = try await weir(["serve", "--data-dir", scratch.path + "/a", "--registry-mirror", "maybe"])
        #expect(flag.exit != 0)
        let file = scratch.path + "/weir.yaml"
        try Data("registryPullThrough: sometimes\n".utf8).write(to: URL(fileURLWithPath: file))
        let configured = try await weir(["serve", "--data-dir", scratch.path + "/b", "--config", file])
        #expect(configured.exit == 1)
        #expect(configured.errors.contains("registry-pull-through must be true or false, not \"sometimes\""))
    }

    @Test("unfinished uploads take no more room than they may")
    func staged() async throws {
        try await WeirProcess.run(nil, ["--registry-max-staged-bytes", "300000"]) { _, api in
            try await api.createNamespace("p")
            try await api.pushBlob([UInt8](repeating: 1, count: 200_000), to: "p/app")
            let bytes = [UInt8](repeating: 2, count: 2_000_000)
            let answer = try await api.send(
                "POST", "/v2/p/app/blobs/uploads/?digest=\(API.digest(bytes))", bytes,
                type: "application/octet-stream")
            #expect(answer.status == 503 && answer.text.contains("UNAVAILABLE"), "\(answer.text)")
            try await api.pushBlob([UInt8](repeating: 3, count: 200_000), to: "p/app")
        }
    }
}
