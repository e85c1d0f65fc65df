import Crypto
import Foundation
import JSON
import RegistryTesting
import Synchronization
import Testing

/// spec/users-want.md, section 6, 4: what happens to tags is told to those who asked, over real sockets.
@Suite("Event sinks of a server")
struct EventSinkTests {
    private static let sinks = "/apis/weir.dev/v1alpha1/namespaces/demo/eventsinks"

    private static func sink(_ name: String, _ url: String, _ more: String = "") -> String {
        """
        {"kind":"EventSink","apiVersion":"weir.dev/v1alpha1","metadata":{"name":"\(name)"},
        "spec":{"url":"\(url)"\(more)}}
        """
    }

    private static func push(_ api: API, _ tag: String, _ letter: Character) async throws {
        let image = "sha256:" + String(repeating: letter, count: 64)
        let answer = try await api.post(
            "/apis/image.openshift.io/v1/namespaces/demo/imagestreammappings",
            """
            {"kind":"ImageStreamMapping","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"tag":"\(tag)",
            "image":{"metadata":{"name":"\(image)"},"dockerImageReference":"r.example/a/b@\(image)"}}
            """)
        #expect(answer.status == 201, "\(answer.text)")
    }

    private static func prepare(_ api: API) async throws {
        try await api.createNamespace("demo")
        #expect(try await api.createStream("app", in: "demo").status == 201)
    }

    @Test("CloudEvents in both modes and notifications arrive, signed, and the status says so")
    func delivery() async throws {
        let receiver = try await TestServer.start { _ in TestResponse(202) }
        try await WeirProcess.run(nil, ["--event-sink-loopback"]) { _, api in
            try await Self.prepare(api)
            let secret =
                #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"hook"},"stringData":{"secret":"key"}}"#
            #expect(try await api.post("/api/v1/namespaces/demo/secrets", secret).status == 201)
            let base = "http://\(receiver.host)"
            for (name, more) in [
                ("structured", #","secret":{"name":"hook"}"#), ("binary", #","format":"CloudEventsBinary""#),
                ("notes", #","format":"Distribution""#), ("deletions", #","events":["TagDeleted"]"#),
            ] {
                let made = try await api.post(Self.sinks, Self.sink(name, "\(base)/\(name)", more))
                #expect(made.status == 201, "\(made.text)")
            }
            try await Self.push(api, "v1", "1")
            try await Self.push(api, "v1", "2")
            for name in ["structured", "binary", "notes"] {
                try await eventually("\(name) has both") { receiver.requests(to: "/\(name)").count == 2 }
            }
            let structured = try #require(receiver.requests(to: "/structured").last)
            #expect(structured.method == "POST")
            #expect(structured.header("content-type") == ["application/cloudevents+json; charset=UTF-8"])
            let event = try JSONValue.parse(structured.body)
            #expect(event["type"] == "dev.weir.tag.moved.v1" && event["subject"] == "app:v1")
            let code = HMAC<SHA256>.authenticationCode(
                for: structured.body, using: SymmetricKey(data: Data("key".utf8)))
            #expect(
                structured.header("x-hub-signature-256")
                    == ["sha256=" + code.map { String(format: "%02x", $0) }.joined()])
            #expect(structured.header("webhook-id") == [event["id"]?.stringValue ?? ""])
            let binary = try #require(receiver.requests(to: "/binary").first)
            #expect(
                binary.header("ce-type") == ["dev.weir.tag.created.v1"] && binary.header("x-hub-signature-256").isEmpty)
            let note = try JSONValue.parse(try #require(receiver.requests(to: "/notes").first).body)
            #expect(note["events"]?.arrayValue?.first?["target"]?["tag"] == "v1")
            #expect(receiver.requests(to: "/deletions").isEmpty)
            try await eventually("the status says so") {
                let status = try await api.get(Self.sinks + "/structured")["status"]
                return status?["state"] == "Delivering"
            }
            #expect(try await api.get("/metrics").text.contains(#"weir_event_deliveries_total{result="delivered"} 6"#))
            // A wrong one is refused with its field.
            try await api.post(Self.sinks, Self.sink("x", "ftp://a/")).expectInvalid("spec.url", nil, "must begin with")
            try await api.post(Self.sinks, Self.sink("x", "https://u:p@a/")).expectInvalid(
                "spec.url", nil, "sign with a secret")
        }
        await receiver.stop()
    }

    @Test("what was committed before a crash is delivered after it, at least once and in order")
    func crash() async throws {
        let isUp = Mutex(false)
        let receiver = try await TestServer.start { _ in TestResponse(isUp.withLock { $0 } ? 200 : 503) }
        let scratch = try Scratch()
        let data = scratch.path + "/data"
        let flags = ["--event-sink-loopback", "--history-seconds", "1"]
        let server = try await WeirProcess.start(data, flags)
        try await API.with(server) { api in
            try await Self.prepare(api)
            let made = try await api.post(Self.sinks, Self.sink("s", "http://\(receiver.host)/s"))
            #expect(made.status == 201)
            for letter in "123456" { try await Self.push(api, "v1", letter) }
            try await eventually("it was tried") { !receiver.requests(to: "/s").isEmpty }
        }
        try await server.crash()
        isUp.withLock { $0 = true }
        let before = receiver.requests(to: "/s").count
        try await WeirProcess.run(data, flags) { _, api in
            func digests() throws -> [String] {
                try receiver.requests(to: "/s").dropFirst(before).map {
                    let event = try JSONValue.parse($0.body)
                    return String(event["data"]?["to"]?["digest"]?.stringValue?.suffix(1) ?? "")
                }
            }
            try await eventually("all six have come") { try Set(digests()).count == 6 }
            #expect(try digests() == "123456".map(String.init))
            try await Self.push(api, "v1", "7")
            try await eventually("and the next") { try digests().last == "7" }
        }
        await receiver.stop()
    }

    @Test("loopback, link-local and redirects lead nowhere")
    func forbidden() async throws {
        let receiver = try await TestServer.start { request in
            request.path == "/elsewhere" ? TestResponse(307, [("Location", "/target")]) : TestResponse(200)
        }
        try await WeirProcess.run { _, api in
            try await Self.prepare(api)
            let places = [
                "loopback": "http://\(receiver.host)/x", "name": "http://localhost:\(receiver.port)/x",
                "mapped": "http://[::ffff:127.0.0.1]:\(receiver.port)/x", "clouds": "http://169.254.169.254/latest",
            ]
            for (name, url) in places {
                #expect(try await api.post(Self.sinks, Self.sink(name, url)).status == 201)
            }
            try await Self.push(api, "v1", "1")
            for name in places.keys {
                try await eventually("\(name) is refused") {
                    try await api.get(Self.sinks + "/\(name)").text(at: "status.message")?
                        .contains("is not one that events are sent to") == true
                }
            }
            #expect(receiver.requests.isEmpty)
        }
        try await WeirProcess.run(nil, ["--event-sink-loopback"]) { _, api in
            try await Self.prepare(api)
            let url = "http://\(receiver.host)/elsewhere"
            #expect(try await api.post(Self.sinks, Self.sink("redirect", url)).status == 201)
            try await Self.push(api, "v1", "1")
            try await eventually("it fails") {
                try await api.get(Self.sinks + "/redirect").text(at: "status.message") == "the sink answered 307"
            }
            #expect(receiver.requests(to: "/target").isEmpty)
        }
        await receiver.stop()
    }
}
