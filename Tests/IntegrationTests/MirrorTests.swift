import Foundation
import JSON
import OCI
import RegistryTesting
import Synchronization
import Testing

/// spec/registry.md PT-17, PT-18, 4.13: copies that are made without waiting for a pull.
@Suite("Eager copies of images")
struct MirrorTests {
    /// An image whose layers are there, unlike those of `FakeRegistry.putImage`.
    static func putImage(
        _ registry: FakeRegistry, layers: [[UInt8]], architecture: String = "amd64", tag: String? = nil
    ) -> (digest: Digest, blobs: [Digest]) {
        let path = "team/app"
        let text =
            #"{"architecture":"\#(architecture)","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#
        let config = registry.put(blob: text, in: path)
        let blobs = layers.map { registry.put(blob: $0, in: path) }
        let list = zip(blobs, layers).map { blob, layer in
            #"{"mediaType":"\#(MediaType.ociLayer)","digest":"\#(blob)","size":\#(layer.count)}"#
        }
        let manifest =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","config":{"mediaType":"#
            + #""application/vnd.oci.image.config.v1+json","digest":"\#(config)","size":\#(text.utf8.count)},"#
            + #""layers":[\#(list.joined(separator: ","))]}"#
        let digest = registry.put(manifest: manifest, type: MediaType.ociManifest, in: path, tag: tag)
        return (digest, [config] + blobs)
    }

    private static func stream(
        _ registry: FakeRegistry, policy: String = "Local", mode: String = "PreserveOriginal"
    ) -> String {
        """
        {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"app","annotations":
        {"weir.dev/mirror":"always"}},"spec":{"tags":[{"name":"1","from":{"kind":"DockerImage",
        "name":"\(registry.host)/team/app:1"},"importPolicy":{"insecure":true,"importMode":"\(mode)"},
        "referencePolicy":{"type":"\(policy)"}}]}}
        """
    }

    private static func metric(_ api: API, _ name: String) async throws -> Int {
        let lines = try await api.get("/metrics").text.split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
    }

    private static func complete(_ api: API) async throws -> Int {
        try await metric(api, #"weir_mirror_images{state="complete"}"#)
    }

    private static func isGone(_ request: TestRequest) -> TestResponse? { TestResponse(503, text: "gone") }

    @Test("all of an imported image is copied by itself, and then pulled without the other registry, after a crash too")
    func offline() async throws {
        try await FakeRegistry.run { registry in
            let amd = Self.putImage(registry, layers: [Array("one".utf8), Array(repeating: 7, count: 700_000)])
            let arm = Self.putImage(registry, layers: [Array("two".utf8)], architecture: "arm64")
            let index = registry.putIndex(
                [(amd.digest, "amd64"), (arm.digest, "arm64")], in: "team/app", tag: "1")
            let scratch = try Scratch()
            let data = scratch.path + "/data"
            func pullAll(_ api: API) async throws {
                for digest in [index, amd.digest, arm.digest] {
                    #expect(try await api.manifest("\(digest)", of: "demo/app").status == 200, "\(digest)")
                }
                #expect(try await api.manifest("1", of: "demo/app").status == 200)
                for digest in Set(amd.blobs + arm.blobs) {
                    let answer = try await api.get("/v2/demo/app/blobs/\(digest)")
                    #expect(answer.status == 200 && digest.matches(answer.body), "\(digest)")
                }
            }
            var server = try await WeirProcess.start(data)
            try await API.with(server) { api in
                try await api.createNamespace("demo")
                #expect(try await api.post(API.streams("demo"), Self.stream(registry)).status == 201)
                try await eventually("it is copied") { try await Self.complete(api) == 1 }
                #expect(try await Self.metric(api, "weir_mirror_bytes_total") >= 700_000)
                for digest in [index, amd.digest, arm.digest] {
                    let image = try await api.get("/apis/image.openshift.io/v1/images/\(digest)").text
                    #expect(image.contains(#""image.openshift.io/mirrored":"true""#), "PT-19: \(image)")
                }
                registry.intercept(Self.isGone)
                try await pullAll(api)
            }
            try await server.crash()
            server = try await WeirProcess.start(data)
            try await API.with(server) { api in
                let asked = registry.server.requests.count
                try await eventually("it is found to be there") { try await Self.complete(api) == 1 }
                try await pullAll(api)
                #expect(registry.server.requests.count == asked, "nobody is asked for what is here")
                #expect(try await Self.metric(api, "weir_mirror_items_total") == 0)
            }
            try await server.stop()
        }
    }

    @Test("a crash in the middle of a layer loses only that: what is missing comes after the restart")
    func crash() async throws {
        try await FakeRegistry.run { registry in
            let layers: [[UInt8]] = [Array("first".utf8), Array(repeating: 1, count: 300_000)]
            let image = Self.putImage(registry, layers: layers, tag: "1")
            let (small, large) = (image.blobs[1], image.blobs[2])
            let isHeld = Mutex(true)
            let began = Mutex(false)
            registry.intercept { request in
                guard request.method == "GET", request.path.hasSuffix("/blobs/\(large)") else { return nil }
                began.withLock { $0 = true }
                // The bytes do not come before the server has crashed.
                while isHeld.withLock({ $0 }) {
                    do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
                }
                return nil
            }
            let scratch = try Scratch()
            let data = scratch.path + "/data"
            var server = try await WeirProcess.start(data)
            try await API.with(server) { api in
                try await api.createNamespace("demo")
                #expect(try await api.post(API.streams("demo"), Self.stream(registry)).status == 201)
                try await eventually("the large layer is being fetched") { began.withLock { $0 } }
                try await eventually("the others are here") { try await Self.holds(small, data) }
                #expect(try await Self.complete(api) == 0)
            }
            try await server.crash()
            isHeld.withLock { $0 = false }
            let before = Self.gets(registry, small)
            server = try await WeirProcess.start(data)
            try await API.with(server) { api in
                try await eventually("the rest is copied") { try await Self.complete(api) == 1 }
                #expect(Self.gets(registry, small) == before, "what was here is not fetched again")
                registry.intercept(Self.isGone)
                for (digest, bytes) in zip(image.blobs.dropFirst(), layers) {
                    #expect(try await api.get("/v2/demo/app/blobs/\(digest)").body == bytes)
                }
            }
            try await server.stop()
        }
    }

    @Test("a connection that breaks in the middle of a layer is made again for the rest")
    func resumed() async throws {
        try await FakeRegistry.run { registry in
            let layer = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 / 5) }
            let image = Self.putImage(registry, layers: [layer], tag: "1")
            let ranges = Mutex<[String]>([])
            registry.intercept { request in
                guard request.method == "GET", request.path.hasSuffix("/blobs/\(image.blobs[1])") else { return nil }
                let range = request.header("range").first ?? ""
                ranges.withLock { $0.append(range) }
                let start = Int(range.dropFirst("bytes=".count).prefix { $0 != "-" }) ?? 0
                var answer = TestResponse(start > 0 ? 206 : 200, body: Array(layer[start...]))
                if start > 0 {
                    answer.headers = [("Content-Range", "bytes \(start)-\(layer.count - 1)/\(layer.count)")]
                }
                guard ranges.withLock({ $0.count }) <= 2 else { return answer }
                answer.claimedLength = answer.body.count
                answer.body = Array(answer.body.prefix(200_000))
                return answer
            }
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                #expect(try await api.post(API.streams("demo"), Self.stream(registry)).status == 201)
                try await eventually("it is copied", within: .seconds(50)) { try await Self.complete(api) == 1 }
                #expect(try await api.get("/v2/demo/app/blobs/\(image.blobs[1])").body == layer)
                let seen = ranges.withLock { $0 }
                #expect(seen.first == "" && seen.count >= 3 && seen.dropFirst().allSatisfy { $0 != "" }, "\(seen)")
                #expect(try await Self.metric(api, #"weir_mirror_copies_total{result="failed"}"#) == 0)
            }
        }
    }

    /// Requests for the bytes of a blob.
    private static func gets(_ registry: FakeRegistry, _ digest: Digest) -> Int {
        registry.server.requests.count { $0.method == "GET" && $0.path.hasSuffix("/blobs/\(digest)") }
    }

    /// Whether the file of a blob is in the storage of a server.
    private static func holds(_ digest: Digest, _ data: String) async throws -> Bool {
        guard let files = FileManager.default.enumerator(atPath: data) else { return false }
        while let path = files.nextObject() as? String {
            if path.contains("/blobs/") && path.contains("\(digest.hex)/data") { return true }
        }
        return false
    }

    @Test(
        "who wants a layer while it is copied reads along; a failure is told, and tags that do not ask are left alone")
    func others() async throws {
        try await FakeRegistry.run { registry in
            let layer = [UInt8](repeating: 3, count: 400_000)
            let image = Self.putImage(registry, layers: [layer], tag: "1")
            let isHeld = Mutex(true)
            let count = Mutex(0)
            registry.intercept { request in
                guard request.method == "GET", request.path.hasSuffix("/blobs/\(image.blobs[1])") else { return nil }
                count.withLock { $0 += 1 }
                while isHeld.withLock({ $0 }) {
                    do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
                }
                return nil
            }
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                try await api.createNamespace("plain")
                // Pulled from there: nothing is copied.
                #expect(try await api.post(API.streams("plain"), Self.stream(registry, policy: "Source")).status == 201)
                #expect(try await api.post(API.streams("demo"), Self.stream(registry, mode: "Legacy")).status == 201)
                try await eventually("it is being copied") { count.withLock { $0 } == 1 }
                async let pulled = api.get("/v2/demo/app/blobs/\(image.blobs[1])")
                isHeld.withLock { $0 = false }
                #expect(try await pulled.body == layer)
                try await eventually("it is copied") { try await Self.complete(api) == 1 }
                #expect(count.withLock { $0 } == 1, "one transfer for both")

                let next = Self.putImage(registry, layers: [[9]], tag: "1")
                registry.intercept { request in
                    request.path.hasSuffix("/blobs/\(next.blobs[1])") ? .error(404, "BLOB_UNKNOWN", "lost") : nil
                }
                let again = """
                    {"kind":"ImageStreamImport","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},
                    "spec":{"import":true,"images":[{"from":{"kind":"DockerImage","name":"\(registry.host)/team/app:1"},
                    "to":{"name":"1"},"importPolicy":{"insecure":true}}]}}
                    """
                #expect(
                    try await api.post("/apis/image.openshift.io/v1/namespaces/demo/imagestreamimports", again).status
                        == 201)
                try await eventually("the failure is told") {
                    try await api.get("/api/v1/namespaces/demo/events").text.contains("MirrorFailed")
                }
                #expect(try await Self.metric(api, #"weir_mirror_copies_total{result="failed"}"#) >= 1)
                #expect(try await Self.metric(api, #"weir_mirror_images{state="failed"}"#) == 1)
                let events = try await api.get("/api/v1/namespaces/plain/events").text
                #expect(!events.contains("Mirror"))
            }
        }
    }
}
