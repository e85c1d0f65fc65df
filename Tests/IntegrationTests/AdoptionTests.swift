import Foundation
import JSON
import RegistryTesting
import Testing

@Suite("weir adopt")
struct AdoptCommandTests {
    /// All files below a directory with their bytes.
    private static func snapshot(_ directory: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            let path = directory + "/" + name
            if let data = FileManager.default.contents(atPath: path) { files[name] = data }
        }
        return files
    }

    private static func lines(_ result: ProgramResult) throws -> [JSONValue] {
        try result.output.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
    }

    @Test("what docker-registry has written is served byte for byte, under its tags; its directory stays as it was")
    func dockerRegistry() async throws {
        try await DockerRegistry.run { other in
            let scratch = try Scratch()
            let directory = scratch.path + "/data"
            let arguments = [
                "adopt", other.directory, "--data-dir", directory, "--create-namespaces", "--flatten", "-o", "json",
            ]
            let before = try Self.snapshot(other.directory)
            let dry = try Self.lines(try await weir(arguments + ["--dry-run"]))
            let result = try await weir(arguments)
            let lines = try Self.lines(result)
            #expect(try Self.snapshot(other.directory) == before)
            // Images of the old schema 1 are passed over, and told.
            let problems = lines.compactMap { $0["problem"]?["message"]?.stringValue }
            #expect(problems.allSatisfy { $0.contains("schema 1") }, "\(problems)")
            #expect(result.exit == (problems.isEmpty ? 0 : 3), "\(result.errors)")
            let taken = lines.compactMap { $0["repository"] }
            #expect(taken.count > 3)
            let (promised, done) = (dry.last?["result"], lines.last?["result"])
            for key in ["repositories", "tags", "manifests"] { #expect(promised?[key] == done?[key], "\(key)") }
            try await WeirProcess.run(directory) { server, api in
                var tags = 0
                for repository in taken {
                    let name = try #require(repository["name"]?.stringValue)
                    let stream = try #require(repository["stream"]?.stringValue)
                    let list = try await api.get("/v2/\(stream)/tags/list").json()
                    for tag in list["tags"]?.arrayValue?.elements.compactMap(\.stringValue) ?? [] {
                        let mine = try await api.manifest(tag, of: stream)
                        var theirs = api.request(
                            "GET", "", headers: [("Accept", mine.headers.first(name: "content-type") ?? "")])
                        theirs.url = "http://\(other.host)/v2/\(name)/manifests/\(tag)"
                        theirs.headers.remove(name: "authorization")
                        let answer = try await api.client.execute(theirs, timeout: .seconds(30))
                        let bytes = Array(try await answer.body.collect(upTo: 8 << 20).readableBytesView)
                        #expect(mine.status == 200 && mine.body == bytes, "\(stream):\(tag)")
                        tags += 1
                    }
                }
                #expect(Int64(tags) == done?["tags"]?.integerValue)
                let verified = try await weir(["verify", "--data-dir", directory])
                #expect(verified.exit == 0, "\(verified.output)")
                // Not while it runs.
                #expect(try await weir(arguments).errors.contains("in use"))
            }
            let again = try Self.lines(try await weir(arguments))
            #expect(again.last?["result"]?["manifests"] == 0 && again.last?["result"]?["bytes"] == 0)
        }
    }

    /// A directory with one image under some tags.
    private static func write(_ directory: String, _ repository: String, tags: [String]) throws -> String {
        let base = directory + "/docker/registry/v2"
        func write(_ path: String, _ bytes: [UInt8]) throws {
            let url = URL(fileURLWithPath: "\(base)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
        func blob(_ bytes: [UInt8], _ folder: String) throws -> String {
            let digest = API.digest(bytes)
            let hex = digest.dropFirst(7)
            try write("blobs/sha256/\(hex.prefix(2))/\(hex)/data", bytes)
            try write("repositories/\(repository)/\(folder)/sha256/\(hex)/link", Array(digest.utf8))
            return digest
        }
        let config = try blob(Array("{}".utf8), "_layers")
        let layer = try blob([1, 2, 3], "_layers")
        let manifest = try blob(
            Array(
                """
                {"schemaVersion":2,"mediaType":"\(API.manifestType)",\
                "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(config)","size":2},\
                "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\(layer)","size":3}]}
                """.utf8), "_manifests/revisions")
        for tag in tags {
            try write("repositories/\(repository)/_manifests/tags/\(tag)/current/link", Array(manifest.utf8))
        }
        return manifest
    }

    @Test("streams that are there keep their tags, unless they are to get those they lack")
    func knownStreams() async throws {
        let scratch = try Scratch()
        let (other, directory) = (scratch.path + "/other", scratch.path + "/data")
        let manifest = try Self.write(other, "p/app", tags: ["v1", "v2"])
        let mine = try await WeirProcess.run(directory) { _, api in
            try await api.createNamespace("p")
            return try await api.pushImage([9], to: "p/app", tag: "v1").digest
        }
        func tags() async throws -> [String: String] {
            try await WeirProcess.run(directory) { _, api in
                let stream = try await api.get(API.streams("p") + "/app").json()
                var tags: [String: String] = [:]
                for tag in stream["status"]?["tags"]?.arrayValue ?? [] {
                    tags[tag["tag"]?.stringValue ?? ""] = tag["items"]?.arrayValue?.first?["image"]?.stringValue
                }
                #expect(try await api.manifest(manifest, of: "p/app").status == 200)
                return tags
            }
        }
        #expect(try await weir(["adopt", other, "--data-dir", directory]).exit == 0)
        #expect(try await tags() == ["v1": mine])
        #expect(try await weir(["adopt", other, "--data-dir", directory, "--tags", "all"]).exit == 0)
        #expect(try await tags() == ["v1": mine, "v2": manifest])
    }

    @Test("what cannot be taken is told: no namespace, too short or long a name, damage, no directory")
    func problems() async throws {
        let scratch = try Scratch()
        let (other, directory) = (scratch.path + "/other", scratch.path + "/data")
        for name in ["p/app", "plain", "p/a/b", "bad_ns/app"] { _ = try Self.write(other, name, tags: ["v1"]) }
        let first = try await weir(["adopt", other, "--data-dir", directory])
        #expect(first.exit == 3)
        for text in [
            "p/app: there is no namespace p", "plain: invalid repository name", "p/a/b: invalid repository name",
            "bad_ns/app: invalid repository name",
        ] { #expect(first.output.contains("passed over: \(text)"), "\(text) in \(first.output)") }
        let hex = API.digest([1, 2, 3]).dropFirst(7)
        let layer = "\(other)/docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data"
        try Data([1, 2, 4]).write(to: URL(fileURLWithPath: layer))
        let damaged = try await weir([
            "adopt", other, "--data-dir", directory, "--create-namespaces", "--repository", "p/app",
        ])
        #expect(damaged.exit == 3 && damaged.output.contains("the bytes are sha256:"), "\(damaged.output)")
        #expect(damaged.output.contains("blob unknown to registry"))
        let none = try await weir(["adopt", scratch.path + "/none", "--data-dir", directory])
        #expect(none.exit == 1 && none.errors.contains("No such file"))
        // When it was mended, the rest comes, and the stream that had been begun gets its tags.
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: layer))
        let mended = try await weir([
            "adopt", other, "--data-dir", directory, "--create-namespaces", "--namespace", "library", "--flatten",
        ])
        #expect(mended.exit == 3 && mended.output.contains("1 problems"), "\(mended.output)")
        try await WeirProcess.run(directory) { (_, api) async throws in
            for stream in ["p/app", "library/plain", "p/a.b"] {
                #expect(try await api.manifest("v1", of: stream).status == 200, "\(stream)")
            }
        }
    }
}
