import Foundation
import JSON
import Testing

@Suite("weir export and weir import-bundle")
struct BundleTests {
    /// Runs `body` with a server that has streams, and one that is empty.
    private static func withServers(
        _ body: (_ source: (WeirProcess, API), _ target: (WeirProcess, API), _ folder: String) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        try await WeirProcess.run { first, source in
            try await WeirProcess.run { second, target in
                try await body((first, source), (second, target), scratch.path)
            }
        }
    }

    private static func stream(_ name: String, _ api: API) async throws -> JSONValue {
        let parts = name.split(separator: "/")
        return try await api.get("\(API.streams(String(parts[0])))/\(parts[1])").json()
    }

    /// The newest image of every tag.
    private static func tags(_ name: String, _ api: API) async throws -> [String: String] {
        var tags: [String: String] = [:]
        for tag in try await stream(name, api)["status"]?["tags"]?.arrayValue ?? [] {
            tags[tag["tag"]?.stringValue ?? ""] = tag["items"]?.arrayValue?.first?["image"]?.stringValue
        }
        return tags
    }

    private static func lines(_ result: ProgramResult) throws -> [JSONValue] {
        try result.output.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
    }

    @Test("a stream comes to another server with its tags, images, labels, policies and what refers to them, once")
    func whole() async throws {
        try await Self.withServers { source, target, folder in
            let (api, other) = (source.1, target.1)
            try await api.createNamespace("p")
            let amd = try await api.pushImage([1, 2, 3], to: "p/app", tag: nil)
            let arm = try await api.pushImage([4, 5, 6], to: "p/app", tag: nil, architecture: "arm64")
            let index = try await api.pushIndex(
                [("amd64", amd.digest, amd.manifest.count), ("arm64", arm.digest, arm.manifest.count)], to: "p/app",
                tag: "v1")
            let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
            try await api.pushImage(large, to: "p/app", tag: "v2")
            let signature = try await api.pushImage([7], to: "p/app", tag: nil, subject: index)
            let patch = """
                {"metadata":{"labels":{"team":"a"},"annotations":{"note":"b"}},"spec":{"lookupPolicy":{"local":true},
                "tags":[{"name":"v1","annotations":{"c":"d"},"referencePolicy":{"type":"Local"}},
                {"name":"live","from":{"kind":"ImageStreamTag","name":"v1"}}]}}
                """
            let patched = try await api.send(
                "PATCH", API.streams("p") + "/app", Array(patch.utf8), type: "application/merge-patch+json")
            #expect(patched.status == 200, "\(patched.text)")
            let file = folder + "/bundle.tar"
            let export = try await weir([
                "export", "p/app", "--referrers", "--file", file, "--data-dir", source.0.directory,
            ])
            #expect(export.exit == 0, "\(export.output) \(export.errors)")
            let importing = ["import-bundle", file, "--kubeconfig", target.0.kubeconfig]
            let refused = try await weir(importing)
            #expect(refused.exit == 1 && refused.errors.contains("there is no namespace p"))
            let result = try await weir(importing + ["--create-namespaces"])
            #expect(result.exit == 0, "\(result.output) \(result.errors)")
            let expected = try await Self.tags("p/app", api)
            #expect(expected.count == 3)
            try await eventually("the tag follows") { try await Self.tags("p/app", other) == expected }
            let (mine, theirs) = (try await Self.stream("p/app", other), try await Self.stream("p/app", api))
            #expect(mine["metadata"]?["labels"] == theirs["metadata"]?["labels"])
            #expect(mine["metadata"]?["annotations"]?["note"] == "b")
            #expect(mine["spec"]?["lookupPolicy"] == ["local": true])
            func tag(_ stream: JSONValue, _ name: String) -> JSONValue? {
                stream["spec"]?["tags"]?.arrayValue?.first { $0["name"]?.stringValue == name }
            }
            #expect(tag(mine, "v1")?["annotations"] == ["c": "d"])
            #expect(tag(mine, "v1")?["referencePolicy"]?["type"] == "Local")
            #expect(tag(mine, "live")?["from"]?["name"] == "v1")
            for digest in [index, amd.digest, arm.digest, signature.digest] {
                let (one, two) = (
                    try await api.manifest(digest, of: "p/app"), try await other.manifest(digest, of: "p/app")
                )
                #expect(two.status == 200 && one.body == two.body, "\(digest)")
            }
            #expect(try await other.get("/v2/p/app/blobs/\(API.digest(large))").body == large)
            #expect(try await other.get("/v2/p/app/referrers/\(index)").text.contains(signature.digest))
            #expect(try await weir(["verify", "--data-dir", target.0.directory]).exit == 0)
            // A second time there is nothing to do.
            let revision = try await Self.stream("p/app", other)["metadata"]?["resourceVersion"]
            let again = try Self.lines(try await weir(importing + ["--create-namespaces", "-o", "json"]))
            #expect(again.last?["result"]?["bytes"] == 0 && again.last?["result"]?["tags"] == 0)
            #expect(try await Self.stream("p/app", other)["metadata"]?["resourceVersion"] == revision)
        }
    }

    @Test("a difference has only the blobs that are new, and needs the bundle before it")
    func differences() async throws {
        try await Self.withServers { source, target, folder in
            let (api, other) = (source.1, target.1)
            try await api.createNamespace("p")
            let old = [UInt8](repeating: 1, count: 500_000)
            try await api.pushImage(old, to: "p/app", tag: "v1")
            func export(_ name: String, _ rest: [String] = []) async throws -> Int {
                let result = try await weir(
                    ["export", "p", "--file", "\(folder)/\(name)", "--data-dir", source.0.directory] + rest)
                guard result.exit == 0 else { throw TestFailure("export: \(result.errors)") }
                return try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")).count
            }
            #expect(try await export("one.tar") > 500_000)
            try await api.pushImage([UInt8](repeating: 2, count: 40_000), to: "p/app", tag: "v2")
            #expect((40_000..<60_000).contains(try await export("two.tar", ["--since", folder + "/one.tar"])))
            try await api.pushImage([UInt8](repeating: 3, count: 30_000), to: "p/app", tag: "v1")
            #expect((30_000..<50_000).contains(try await export("three.tar", ["--since", folder + "/two.tar"])))
            func bring(_ name: String) async throws -> ProgramResult {
                try await weir([
                    "import-bundle", "\(folder)/\(name)", "--create-namespaces", "--data-dir", target.0.directory,
                ])
            }
            let early = try await bring("two.tar")
            #expect(early.exit == 1 && early.errors.contains("of p/app is neither in the bundle"))
            // Nothing was made of it.
            #expect(try await other.get(API.streams("p") + "/app").status == 404)
            for name in ["one.tar", "two.tar", "three.tar"] {
                let result = try await bring(name)
                #expect(result.exit == 0, "\(name): \(result.errors)")
            }
            #expect(try await Self.tags("p/app", other) == Self.tags("p/app", api))
            #expect(try await weir(["verify", "--data-dir", target.0.directory]).exit == 0)
        }
    }

    @Test("one tag, one platform, another place, and the tags where cosign keeps signatures")
    func parts() async throws {
        try await Self.withServers { source, target, folder in
            let (api, other) = (source.1, target.1)
            try await api.createNamespace("p")
            let amd = try await api.pushImage([1], to: "p/app", tag: nil)
            let arm = try await api.pushImage([2], to: "p/app", tag: nil, architecture: "arm64")
            let index = try await api.pushIndex(
                [("amd64", amd.digest, amd.manifest.count), ("arm64", arm.digest, arm.manifest.count)], to: "p/app",
                tag: "v1")
            let signature = index.replacing(":", with: "-") + ".sig"
            try await api.pushImage([3], to: "p/app", tag: signature)
            try await api.pushImage([4], to: "p/app", tag: "v2")
            let arguments = [
                "p/app:v1", "--platform", "linux/arm64", "--signature-tags", "--data-dir", source.0.directory,
            ]
            let export = try await weir(["export"] + arguments + ["--file", folder + "/b.tar"])
            #expect(export.exit == 0, "\(export.errors)")
            let result = try await weir([
                "import-bundle", folder + "/b.tar", "--to", "q/other", "--create-namespaces", "--data-dir",
                target.0.directory,
            ])
            #expect(result.exit == 0, "\(result.errors)")
            #expect(try await Self.tags("q/other", other).keys.sorted() == [signature, "v1"].sorted())
            #expect(try await other.manifest(arm.digest, of: "q/other").status == 200)
            #expect(try await other.manifest(amd.digest, of: "q/other").status == 404)
            let missing = try await weir(
                ["export", "p/app:none", "p/app:v2", "--file", folder + "/c.tar", "--data-dir", source.0.directory])
            #expect(missing.exit == 3 && missing.output.contains("left out: p/app:none"))
            let nothing = try await weir(
                ["export", "empty", "--file", folder + "/d.tar", "--data-dir", source.0.directory])
            #expect(nothing.exit == 1)
            for name in ["d.tar", "d.tar.partial"] {
                #expect(!FileManager.default.fileExists(atPath: folder + "/" + name))
            }
        }
    }

    @Test("an image that lacks something is told and left out, and the rest comes, on both sides")
    func problems() async throws {
        try await Self.withServers { source, target, folder in
            let (api, other) = (source.1, target.1)
            try await api.createNamespace("p")
            func push(_ text: String, _ type: String, to name: String) async throws {
                let answer = try await api.send("PUT", "/v2/p/\(name)", Array(text.utf8), type: type)
                guard answer.status == 201 else { throw TestFailure("\(name): \(answer.text)") }
            }
            func entry(_ type: String, _ digest: String, _ size: Int) -> String {
                #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(size)}"#
            }
            let layer = "application/vnd.oci.image.layer.v1.tar"
            let good = try await api.pushImage([1, 2, 3], to: "p/a", tag: "good")
            // Lists may name what is not here, and say of what is here that it is larger.
            let absent = "sha256:" + String(repeating: "5", count: 64)
            let list =
                #"{"schemaVersion":2,"manifests":[\#(entry(API.manifestType, good.digest, good.manifest.count)),"#
            for tag in ["absent", "absent-too"] {
                try await push(list + entry(layer, absent, 5) + "]}", API.indexType, to: "a/manifests/\(tag)")
            }
            try await push(
                list + entry(layer, API.digest([1, 2, 3]), 5) + "]}", API.indexType, to: "a/manifests/larger")
            let foreign = "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8"
            try await push(list + entry(API.manifestType, foreign, 5) + "]}", API.indexType, to: "a/manifests/foreign")
            // What an artifact of an unknown type names in `blobs` goes along.
            let note = try await api.pushBlob(Array("a note".utf8), to: "p/b")
            let odd = #"{"config":"none","annotations":{"a":1},"blobs":[\#(entry("text/plain", note, 6))]}"#
            try await push(odd, "application/vnd.example.notes+json", to: "b/manifests/notes")
            try await api.pushImage([4], to: "p/b", tag: "v1")
            let file = folder + "/b.tar"
            let export = try await weir(["export", "--all", "--file", file, "--data-dir", source.0.directory])
            #expect(export.exit == 3, "\(export.output) \(export.errors)")
            for tag in ["absent", "absent-too", "larger"] {
                #expect(export.output.contains("left out: p/a:\(tag): "), "\(export.output)")
            }
            try await other.createNamespace("p")
            let result = try await weir(["import-bundle", file, "--data-dir", target.0.directory])
            #expect(result.exit == 0, "\(result.output) \(result.errors)")
            #expect(try await Self.tags("p/a", other).keys.sorted() == ["foreign", "good"])
            #expect(try await Self.tags("p/b", other) == Self.tags("p/b", api))
            #expect(try await other.manifest("notes", of: "p/b").text == odd)
            #expect(try await other.get("/v2/p/b/blobs/\(note)").text == "a note")
            #expect(try await weir(["verify", "--data-dir", target.0.directory]).exit == 0)
            // A server that does not take one of the images gets the others.
            try await other.createNamespace("q")
            let limits = """
                {"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"small"},"spec":{"limits":[
                {"type":"openshift.io/Image","max":{"storage":"120"}}]}}
                """
            #expect(try await other.post("/api/v1/namespaces/q/limitranges", limits).status == 201)
            try await api.pushImage([UInt8](repeating: 5, count: 500), to: "p/b", tag: "large")
            #expect(
                try await weir(["export", "p/b", "--file", file + "2", "--data-dir", source.0.directory]).exit == 0)
            let limited = try await weir([
                "import-bundle", file + "2", "--to", "q", "--data-dir", target.0.directory,
            ])
            #expect(limited.exit == 3, "\(limited.output) \(limited.errors)")
            #expect(limited.output.contains("left out: q/b:large: "), "\(limited.output)")
            #expect(try await Self.tags("q/b", other).keys.sorted() == ["notes", "v1"])
        }
    }

    @Test("users bring what they may, and no more; a damaged bundle changes nothing")
    func rights() async throws {
        try await Self.withServers { source, target, folder in
            let (api, other) = (source.1, target.1)
            try await api.createNamespace("p")
            try await api.pushImage([UInt8](repeating: 9, count: 5_000), to: "p/app", tag: "v1")
            let file = folder + "/b.tar"
            #expect(try await weir(["export", "--all", "--file", file, "--data-dir", source.0.directory]).exit == 0)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            let place = try #require(bytes.firstRange(of: Data(repeating: 9, count: 5_000)))
            bytes[place.lowerBound + 2_000] = 8
            try bytes.write(to: URL(fileURLWithPath: folder + "/damaged.tar"))
            try await other.createNamespace("p")
            let damaged = try await weir(["import-bundle", folder + "/damaged.tar", "--data-dir", target.0.directory])
            #expect(damaged.exit == 1 && damaged.errors.contains("is damaged: its bytes are"))
            #expect(try await other.get(API.streams("p")).names().isEmpty)
            #expect(try await other.get("/v2/_catalog").text.contains("p/app") == false)
            let token = try await weir(["token", "create", "--user", "dev", "--data-dir", target.0.directory])
            try Data(token.output.utf8).write(to: URL(fileURLWithPath: folder + "/token"))
            let asUser = [
                "import-bundle", file, "--server", target.0.url, "--token-file", folder + "/token",
                "--certificate-authority", target.0.authority,
            ]
            let refused = try await weir(asUser)
            #expect(refused.exit == 1 && refused.errors.contains("cannot"), "\(refused.errors)")
            let kubectl = try await Kubectl(target.0)
            _ = try await kubectl(
                "create", "rolebinding", "dev", "--namespace", "p", "--clusterrole", "admin", "--user", "dev")
            let result = try await weir(asUser)
            #expect(result.exit == 0, "\(result.errors)")
            #expect(try await Self.tags("p/app", other).count == 1)
        }
    }
}
