import Foundation
import JSON
import OCI
import RegistryTesting
import Testing

/// spec/registry.md 3.2, 3.7, 3.8.
@Suite("What is to be seen in repositories")
struct VisibilityTests {
    private static let image = "/apis/image.openshift.io/v1/namespaces"

    /// What `oc tag FROM STREAM:TAG` does, `from` being `namespace/name@digest`.
    private static func tag(_ from: String, as name: String, in namespace: String, _ api: API) async throws {
        let parts = from.split(separator: "/", maxSplits: 1)
        let answer = try await api.post(
            "\(image)/\(namespace)/imagestreamtags",
            """
            {"kind":"ImageStreamTag","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(name)"},
            "tag":{"from":{"kind":"ImageStreamImage","namespace":"\(parts[0])","name":"\(parts[1])"}}}
            """)
        #expect(answer.status == 201, "\(answer.text)")
    }

    private static func untag(_ name: String, in namespace: String, _ api: API) async throws {
        let answer = try await api.send("DELETE", "\(image)/\(namespace)/imagestreamtags/\(name)")
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// Names an image in a stream as one that the stream's owner never had.
    private static func map(_ digest: String, into stream: String, in namespace: String, _ api: API) async throws {
        let answer = try await api.post(
            "\(image)/\(namespace)/imagestreammappings",
            """
            {"kind":"ImageStreamMapping","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(stream)"},
            "tag":"v1","image":{"metadata":{"name":"\(digest)"},"dockerImageReference":"registry/x/y@\(digest)"}}
            """)
        #expect(answer.status == 201, "\(answer.text)")
    }

    private static func blob(_ digest: String, of repository: String, _ api: API) async throws -> Int {
        try await api.send("HEAD", "/v2/\(repository)/blobs/\(digest)").status
    }

    private static func delete(_ path: String, _ api: API) async throws {
        let answer = try await api.send("DELETE", "/v2/\(path)")
        #expect(answer.status == 202, "\(path): \(answer.text)")
    }

    /// The digests of an image's layer and config.
    private static func blobs(_ manifest: [UInt8]) throws -> [String] {
        let document = try JSONValue.parse(manifest)
        return ["layers.0.digest", "config.digest"].compactMap { document.text(at: $0) }
    }

    /// Pushes an index of one image, with the tag `v1`.
    private static func pushIndex(
        _ layer: [UInt8], to repository: String, _ api: API
    ) async throws -> (index: String, child: String, blobs: [String]) {
        let child = try await api.pushImage(layer, to: repository, tag: nil)
        let index = try await api.pushIndex(
            [("amd64", child.digest, child.manifest.count)], to: repository, tag: "v1")
        return (index, child.digest, try blobs(child.manifest))
    }

    // MARK: Much of it

    @Test("lists that all name the next ones are walked once, whoever may see them")
    func lists() async throws {
        try await WeirProcess.run { _, api in
            for namespace in ["p", "q"] { try await api.createNamespace(namespace) }
            func push(
                _ children: [(digest: String, size: Int)], _ note: String, tag: String? = nil
            ) async throws -> (String, Int) {
                let entries = children.map {
                    #"{"mediaType":"\#(API.indexType)","digest":"\#($0.digest)","size":\#($0.size)}"#
                }
                let bytes = Array(
                    (#"{"schemaVersion":2,"mediaType":"\#(API.indexType)","manifests":["#
                        + entries.joined(separator: ",") + #"],"annotations":{"note":"\#(note)"}}"#).utf8)
                let digest = API.digest(bytes)
                let answer = try await api.send(
                    "PUT", "/v2/p/dag/manifests/\(tag ?? digest)", bytes, type: API.indexType)
                #expect(answer.status == 201, "\(answer.text)")
                return (digest, bytes.count)
            }
            var level = [try await push([], "leaf")]
            let leaf = level[0].0
            // Ten million ways lead from the top to the leaf.
            for depth in 0..<7 {
                var next: [(String, Int)] = []
                for number in 0..<10 { next.append(try await push(level, "\(depth) \(number)")) }
                level = next
            }
            let top = try await push(level, "top", tag: "v1").0
            let stream = #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"dag"}}"#
            #expect(try await api.post(API.streams("q"), stream).status == 201)
            try await Self.map(top, into: "dag", in: "q", api)
            #expect(try await api.manifest(leaf, of: "q/dag").status == 404)
            #expect(try await Self.blob(leaf, of: "q/dag", api) == 404)
            try await Self.tag("p/dag@\(top)", as: "given:v1", in: "q", api)
            #expect(try await api.manifest(leaf, of: "q/given").status == 200)
            #expect(try await Self.blob(leaf, of: "q/given", api) == 200)
        }
    }

    @Test("a list of very many that are not here costs little more than another one, and so do pushes over it")
    func wide() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("p")
            func digests(_ count: Int) -> String {
                (1...count).map {
                    let hex = String($0, radix: 16)
                    return #"{"digest":"sha256:\#(String(repeating: "0", count: 64 - hex.count))\#(hex)","size":1}"#
                }.joined(separator: ",")
            }
            let list = Array(#"{"schemaVersion":2,"manifests":[\#(digests(20_000))]}"#.utf8)
            let pushed = try await api.send("PUT", "/v2/p/wide/manifests/v1", list, type: API.indexType)
            #expect(pushed.status == 201, "\(pushed.text)")
            let none = "sha256:" + String(repeating: "0", count: 64)
            for count in [50, 42_000] {
                let image = Array(
                    #"{"schemaVersion":2,"config":{"digest":"\#(none)","size":1},"layers":[\#(digests(count))]}"#.utf8)
                let answer = try await api.send("PUT", "/v2/p/wide/manifests/v2", image, type: API.manifestType)
                #expect(answer.status == 400)
                let errors = try answer.json()["errors"]?.arrayValue ?? []
                #expect(errors.count == min(count + 1, 100))
                #expect(errors.allSatisfy { $0["code"] == "MANIFEST_BLOB_UNKNOWN" })
            }
            #expect(try await Self.blob(none, of: "p/wide", api) == 404)
        }
    }

    // MARK: Deleted, and back again

    @Test("what was pruned comes back with the tag, an image like a list, and goes again when it is deleted again")
    func retagged() async throws {
        try await WeirProcess.run { _, api in
            for namespace in ["p", "q"] { try await api.createNamespace(namespace) }
            let image = try await api.pushImage([1, 2, 3], to: "p/app", tag: "v1")
            try await api.pushImage([1, 2, 3], to: "q/app", tag: "v1")
            let blobs = try Self.blobs(image.manifest)
            for _ in 0..<2 {
                // Links, tag, manifest, as a pruner takes them away.
                for digest in blobs { try await Self.delete("q/app/blobs/\(digest)", api) }
                for digest in blobs { #expect(try await Self.blob(digest, of: "q/app", api) == 404) }
                try await Self.untag("app:v1", in: "q", api)
                let deleted = try await api.send("DELETE", "/v2/q/app/manifests/\(image.digest)")
                #expect([202, 404].contains(deleted.status))
                #expect(try await api.manifest(image.digest, of: "q/app").status == 404)
                for digest in blobs { #expect(try await Self.blob(digest, of: "q/app", api) == 404) }
                try await Self.tag("p/app@\(image.digest)", as: "app:v1", in: "q", api)
                #expect(try await api.manifest("v1", of: "q/app").status == 200)
                for digest in blobs { #expect(try await Self.blob(digest, of: "q/app", api) == 200) }
            }
            let list = try await Self.pushIndex([4, 5], to: "p/multi", api)
            _ = try await Self.pushIndex([4, 5], to: "q/multi", api)
            try await Self.untag("multi:v1", in: "q", api)
            for digest in [list.index, list.child] { try await Self.delete("q/multi/manifests/\(digest)", api) }
            for digest in list.blobs { try await Self.delete("q/multi/blobs/\(digest)", api) }
            #expect(try await api.manifest(list.child, of: "q/multi").status == 404)
            try await Self.tag("p/multi@\(list.index)", as: "multi:v1", in: "q", api)
            #expect(try await api.manifest(list.child, of: "q/multi").status == 200)
            for digest in list.blobs { #expect(try await Self.blob(digest, of: "q/multi", api) == 200) }
            // It is deleted here now: the tag has seen nothing of that.
            try await Self.delete("q/multi/manifests/\(list.child)", api)
            #expect(try await api.manifest(list.child, of: "q/multi").status == 404)
            #expect(try await api.manifest("v1", of: "q/multi").status == 200)
        }
    }

    @Test("a layer that was deleted is told of while its image is there, and back when the image is tagged once more")
    func rolledBack() async throws {
        let scratch = try Scratch()
        let data = scratch.path + "/data"
        let digest = try await WeirProcess.run(data) { server, api in
            try await api.createNamespace("p")
            let old = try await api.pushImage([1], to: "p/app", tag: "v1")
            try await api.pushImage([2], to: "p/app", tag: "v1")
            let layer = API.digest([1])
            try await Self.delete("p/app/blobs/\(layer)", api)
            #expect(try await Self.blob(layer, of: "p/app", api) == 404)
            let verified = try await weir(["verify", "--data-dir", server.directory])
            #expect(verified.exit == 3 && verified.output.contains("Broken link of \"p/app\" to \"\(layer)\""))
            try await Self.tag("p/app@\(old.digest)", as: "app:again", in: "p", api)
            #expect(try await Self.blob(layer, of: "p/app", api) == 200)
            // A push over it makes it a part of the repository again.
            #expect(
                try await api.send(
                    "PUT", "/v2/p/app/manifests/mine", old.manifest, type: API.manifestType
                ).status == 201)
            return layer
        }
        try await WeirProcess.run(data) { (server, api) async throws in
            #expect(try await Self.blob(digest, of: "p/app", api) == 200)
            #expect(try await weir(["verify", "--data-dir", server.directory]).exit == 0)
        }
    }

    @Test("what was pruned of an imported image is fetched again after another import")
    func reimported() async throws {
        try await FakeRegistry.run { registry in
            let image = MirrorTests.putImage(registry, layers: [Array("a layer".utf8)], tag: "1")
            try await WeirProcess.run { _, api in
                try await api.createNamespace("p")
                let order = """
                    {"kind":"ImageStreamImport","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"spec":{
                    "import":true,"images":[{"from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
                    "to":{"name":"v1"},"importPolicy":{"insecure":true}}]}}
                    """
                for _ in 0..<2 {
                    #expect(try await api.post("\(Self.image)/p/imagestreamimports", order).status == 201)
                    #expect(try await api.manifest("v1", of: "p/app").status == 200)
                    let blob = try await api.get("/v2/p/app/blobs/\(image.blobs[1])")
                    #expect(blob.status == 200 && blob.text == "a layer", "\(blob.text)")
                    try await eventually("it is kept") {
                        registry.intercept { _ in TestResponse(503, text: "not now") }
                        defer { registry.intercept { _ in nil } }
                        return try await api.get("/v2/p/app/blobs/\(image.blobs[1])").status == 200
                    }
                    try await Self.untag("app:v1", in: "p", api)
                    try await Self.delete("p/app/blobs/\(image.blobs[1])", api)
                }
            }
        }
    }

    // MARK: Tags that go

    @Test("the image of a tag that is deleted in the registry stays with all that the tag gave out, and with no more")
    func untagged() async throws {
        try await WeirProcess.run { _, api in
            for namespace in ["p", "q"] { try await api.createNamespace(namespace) }
            let list = try await Self.pushIndex([1, 2, 3], to: "p/app", api)
            let image = try await api.pushImage([4], to: "p/app", tag: "one")
            try await Self.tag("p/app@\(list.index)", as: "app:v1", in: "q", api)
            try await Self.tag("p/app@\(image.digest)", as: "app:one", in: "q", api)
            for tag in ["v1", "one"] { try await Self.delete("q/app/manifests/\(tag)", api) }
            for digest in [list.index, list.child, image.digest] {
                #expect(try await api.manifest(digest, of: "q/app").status == 200)
            }
            for digest in try list.blobs + Self.blobs(image.manifest) {
                #expect(try await Self.blob(digest, of: "q/app", api) == 200)
            }
            // Deleted for good, it is gone.
            try await Self.delete("q/app/manifests/\(list.child)", api)
            #expect(try await api.manifest(list.child, of: "q/app").status == 404)

            // A stream may name what nobody gave it.
            let secret = try await Self.pushIndex([9, 9], to: "p/secret", api)
            let stream = #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"spy"}}"#
            #expect(try await api.post(API.streams("q"), stream).status == 201)
            try await Self.map(secret.index, into: "spy", in: "q", api)
            func seen() async throws -> [Int] {
                var statuses: [Int] = []
                for digest in [secret.index, secret.child] {
                    statuses.append(try await api.manifest(digest, of: "q/spy").status)
                }
                for digest in secret.blobs.prefix(1) { statuses.append(try await Self.blob(digest, of: "q/spy", api)) }
                return statuses
            }
            #expect(try await seen() == [404, 404, 404])
            try await Self.delete("q/spy/manifests/v1", api)
            #expect(try await seen() == [404, 404, 404])
        }
    }
}
