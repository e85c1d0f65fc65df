import AsyncHTTPClient
import Foundation
import JSON
import OCI
import RegistryTesting
import Synchronization
import Testing

/// spec/registry.md 4.3, 4.6, 4.12, 9.4.
@Suite("Blobs from elsewhere")
struct PullThroughTests {
    private static let layer = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 5) }

    /// Requests for the bytes of a blob wait until it is opened.
    private final class Gate: Sendable {
        private let isClosed = Mutex(true)
        private let count = Mutex(0)
        var asked: Int { count.withLock { $0 } }
        func open() { isClosed.withLock { $0 = false } }

        func hold(_ registry: FakeRegistry, _ blob: Digest) {
            registry.intercept { [self] request in
                guard request.method == "GET", request.path.hasSuffix("/blobs/\(blob)") else { return nil }
                count.withLock { $0 += 1 }
                while isClosed.withLock({ $0 }) {
                    do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
                }
                return nil
            }
        }
    }

    private static func makeStream(_ name: String, _ registry: FakeRegistry, _ api: API, tag: String = "1") async throws
    {
        let stream = """
            {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(name)"},"spec":{"tags":[
            {"name":"1","from":{"kind":"DockerImage","name":"\(registry.host)/team/app:\(tag)"},
            "importPolicy":{"insecure":true}}]}}
            """
        let answer = try await api.post(API.streams("demo"), stream)
        guard answer.status == 201 else { throw TestFailure("stream: \(answer.text)") }
        try await eventually("it is imported") { try await api.manifest("1", of: "demo/\(name)").status == 200 }
    }

    private static func gets(_ registry: FakeRegistry, _ blob: Digest) -> [TestRequest] {
        registry.server.requests.filter { $0.method == "GET" && $0.path.hasSuffix("/blobs/\(blob)") }
    }

    private static func freeze(_ api: API) async throws {
        let patch = #"{"metadata":{"annotations":{"weir.dev/registry-read-only":"true"}}}"#
        let answer = try await api.send(
            "PATCH", "/api/v1/namespaces/demo", Array(patch.utf8), type: "application/merge-patch+json")
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test("Two repositories that want a layer at the same time share its transfer, and both have it afterwards")
    func shared() async throws {
        try await FakeRegistry.run { registry in
            let blob = MirrorTests.putImage(registry, layers: [Self.layer], tag: "1").blobs[1]
            let gate = Gate()
            gate.hold(registry, blob)
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                for name in ["a", "b"] { try await Self.makeStream(name, registry, api) }
                async let first = api.get("/v2/demo/a/blobs/\(blob)")
                try await eventually("it is asked for") { gate.asked == 1 }
                async let second = api.get("/v2/demo/b/blobs/\(blob)")
                try await eventually("the other one has looked for it") {
                    registry.server.requests.count { $0.method == "HEAD" && $0.path.hasSuffix("\(blob)") } == 2
                }
                gate.open()
                #expect(try await first.body == Self.layer)
                #expect(try await second.body == Self.layer)
                registry.intercept { _ in TestResponse(503, text: "gone") }
                for name in ["a", "b"] {
                    #expect(try await api.get("/v2/demo/\(name)/blobs/\(blob)").body == Self.layer, "\(name)")
                }
            }
        }
    }

    @Test(
        "What is on its way when its stream, or namespace, is deleted is no part of the next one",
        arguments: [true, false])
    func deleted(isNamespace: Bool) async throws {
        try await FakeRegistry.run { registry in
            let blob = MirrorTests.putImage(registry, layers: [Self.layer], tag: "1").blobs[1]
            let gate = Gate()
            gate.hold(registry, blob)
            try await WeirProcess.run { server, api in
                try await api.createNamespace("demo")
                try await Self.makeStream("app", registry, api)
                let path = "/v2/demo/app/blobs/\(blob)"
                let pull = Task { try await api.get(path) }
                try await eventually("it is asked for") { gate.asked == 1 }
                pull.cancel()
                _ = await pull.result
                if isNamespace {
                    #expect(try await api.send("DELETE", "/api/v1/namespaces/demo").status == 200)
                    try await eventually("the namespace is gone") {
                        try await api.get("/api/v1/namespaces/demo").status == 404
                    }
                    try await api.createNamespace("demo")
                } else {
                    #expect(try await api.send("DELETE", API.streams("demo") + "/app").status == 200)
                }
                #expect(try await api.createStream("app", in: "demo").status == 201)
                gate.open()
                try await eventually("the transfer is over") {
                    server.child.errors.contains("a blob could not be fetched")
                }
                #expect(try await api.send("HEAD", path).status == 404)
            }
        }
    }

    @Test("What is not kept is verified on its way, resumed where it breaks off, and given in parts")
    func passed() async throws {
        try await FakeRegistry.run { registry in
            let blob = MirrorTests.putImage(registry, layers: [Self.layer], tag: "1").blobs[1]
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                try await Self.makeStream("app", registry, api)
                try await Self.freeze(api)
                let path = "/v2/demo/app/blobs/\(blob)"
                registry.intercept { request in
                    guard request.method == "GET", request.path.hasSuffix("\(blob)") else { return nil }
                    return TestResponse(200, body: [UInt8](repeating: 1, count: Self.layer.count))
                }
                // All but the end of it, and then nothing more.
                await #expect(throws: (any Error).self) { try await api.get(path) }

                registry.intercept { request in
                    guard request.method == "GET", request.path.hasSuffix("\(blob)") else { return nil }
                    let range = request.header("range").first?.dropFirst("bytes=".count).split(separator: "-")
                    guard let ends = range?.compactMap({ Int($0) }), ends.count == 2 else {
                        var answer = TestResponse(200, body: Array(Self.layer.prefix(100_000)))
                        answer.claimedLength = Self.layer.count
                        return answer
                    }
                    return TestResponse(
                        206, [("Content-Range", "bytes \(ends[0])-\(ends[1])/\(Self.layer.count)")],
                        body: Array(Self.layer[ends[0]...ends[1]]))
                }
                let whole = try await api.get(path)
                #expect(whole.status == 200 && whole.body == Self.layer)
                let part = try await api.send("GET", path, headers: [("Range", "bytes=1000-1999")])
                #expect(part.status == 206 && part.body == Array(Self.layer[1000..<2000]))
                #expect(part.headers["Content-Range"] == ["bytes 1000-1999/\(Self.layer.count)"])
                #expect(part.headers["Cache-Control"] == ["no-store"])
                #expect(Self.gets(registry, blob).last?.header("range") == ["bytes=1000-1999"])
                let none = try await api.send("GET", path, headers: [("Range", "bytes=400000-")])
                #expect(none.status == 416)
            }
        }
    }

    @Test("Many slow downloads from one registry keep nobody from another image of it")
    func slow() async throws {
        try await FakeRegistry.run { registry in
            let layers = (0..<20).map { number in [UInt8](repeating: UInt8(number), count: 100_000) }
            let slow = MirrorTests.putImage(registry, layers: layers, tag: "slow")
            let other = MirrorTests.putImage(registry, layers: [Self.layer], tag: "other")
            registry.intercept { request in
                guard request.method == "GET",
                    let number = slow.blobs.firstIndex(where: {
                        request.path.hasSuffix("/blobs/\($0)")
                    }), number > 0
                else { return nil }
                var answer = TestResponse(200, body: layers[number - 1])
                answer.drip = .milliseconds(100)
                return answer
            }
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                try await Self.makeStream("slow", registry, api, tag: "slow")
                try await Self.makeStream("other", registry, api, tag: "other")
                var heads: [HTTPClientResponse] = []
                for blob in slow.blobs.dropFirst() {
                    let request = api.request("GET", "/v2/demo/slow/blobs/\(blob)")
                    heads.append(try await api.client.execute(request, timeout: .seconds(120)))
                }
                #expect(heads.allSatisfy { $0.status == .ok })
                let pulled = try await api.get("/v2/demo/other/blobs/\(other.blobs[1])")
                #expect(pulled.status == 200 && pulled.body == Self.layer)
                withExtendedLifetime(heads) {}
            }
        }
    }

    @Test("A registry that says another size than the manifest is not believed; too large a blob is not kept")
    func sizes() async throws {
        try await FakeRegistry.run { registry in
            let image = MirrorTests.putImage(registry, layers: [Self.layer, Array(Self.layer.dropLast())], tag: "1")
            let (large, small) = (image.blobs[1], image.blobs[2])
            let limit = ["--registry-max-mirror-bytes", "\(Self.layer.count - 1)"]
            try await WeirProcess.run(nil, limit) { _, api in
                try await api.createNamespace("demo")
                try await Self.makeStream("app", registry, api)
                registry.intercept { request in
                    guard request.method == "HEAD", request.path.hasSuffix("\(large)") else { return nil }
                    var answer = TestResponse(200, [("Content-Length", "\(1 << 49)")])
                    answer.chunked = true
                    return answer
                }
                for method in ["HEAD", "GET"] {
                    let answer = try await api.send(method, "/v2/demo/app/blobs/\(large)")
                    #expect(answer.status == 404)
                    #expect(method == "HEAD" || answer.text.contains("others by its manifest"), "\(answer.text)")
                }
                #expect(Self.gets(registry, large).isEmpty)
                registry.intercept { _ in nil }
                for blob in [large, small] {
                    for _ in 0..<2 {
                        let answer = try await api.get("/v2/demo/app/blobs/\(blob)")
                        #expect(answer.status == 200 && blob.matches(answer.body))
                    }
                }
                #expect(Self.gets(registry, large).count == 2)
                #expect(Self.gets(registry, small).count == 1)
            }
        }
    }
}
