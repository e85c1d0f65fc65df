import Foundation
import JSON
import OCI
import RegistryTesting
import Testing

/// spec/users-want.md, section 6, 2: a registry says that something was pushed, and the tags that follow it move at once.
@Suite("Webhook receivers of a server")
struct WebhookTests {
    private static let receivers = "/apis/weir.dev/v1alpha1/namespaces/demo/webhookreceivers"

    /// The path and query of a new receiver.
    private static func create(_ api: API, _ name: String, _ spec: String) async throws -> String {
        let made = try await api.post(
            receivers,
            #"{"kind":"WebhookReceiver","apiVersion":"weir.dev/v1alpha1","metadata":{"name":"\#(name)"},"spec":\#(spec)}"#
        )
        guard made.status == 201, let url = made.text(at: "status.url"), let start = url.range(of: "/hooks/") else {
            throw TestFailure("\(made.status) \(made.text)")
        }
        return String(url[start.lowerBound...])
    }

    private static func stream(
        _ api: API, _ name: String, _ from: String, in namespace: String = "demo"
    ) async throws {
        let answer = try await api.post(
            API.streams(namespace),
            """
            {"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"\(name)"},"spec":{"tags":[
            {"name":"1","from":{"kind":"DockerImage","name":"\(from)"},"importPolicy":{"insecure":true}}]}}
            """)
        #expect(answer.status == 201)
    }

    private static func anonymous(_ api: API) -> API {
        var caller = api
        caller.token = nil
        return caller
    }

    private static func image(_ api: API, _ name: String, in namespace: String = "demo") async throws -> String? {
        try await api.get(API.streams(namespace) + "/" + name).text(at: "status.tags.0.items.0.image")
    }

    @Test(
        "a call has only the matching tags looked at and moved, at once; a storm of calls is few looks")
    func calls() async throws {
        try await FakeRegistry.run { registry in
            let first = registry.putImage("first", in: "team/app", tag: "v1")
            registry.putImage("other", in: "team/app", tag: "v2")
            let scratch = try Scratch()
            let log = scratch.path + "/audit.log"
            try await WeirProcess.run(scratch.path + "/data", ["--audit-log", log]) { _, api in
                try await api.createNamespace("demo")
                try await Self.stream(api, "app", "\(registry.host)/team/app:v1")
                try await Self.stream(api, "other", "\(registry.host)/team/app:v2")
                for name in ["app", "other"] {
                    try await eventually("\(name) is imported") { try await Self.image(api, name) != nil }
                }
                let path = try await Self.create(api, "hub", #"{"type":"distribution"}"#)
                let caller = Self.anonymous(api)
                @Sendable func call(_ tag: String, _ path: String = path) async throws -> Int {
                    let body =
                        #"{"events":[{"action":"push","target":{"repository":"team/app","tag":"\#(tag)"},"request":{"host":"\#(registry.host)"}}]}"#
                    return try await caller.post(path, body).status
                }
                func requests(_ tag: String, _ method: String) -> Int {
                    registry.server.requests.count { $0.method == method && $0.path.hasSuffix("/manifests/\(tag)") }
                }
                // Nothing has changed: one look, nothing fetched.
                #expect(try await call("v1") == 202)
                try await eventually("it is looked at") { requests("v1", "HEAD") == 1 }
                #expect(requests("v1", "GET") == 1 && requests("v2", "HEAD") == 0)
                let second = registry.putImage("second", in: "team/app", tag: "v1")
                #expect(try await call("v1") == 202)
                try await eventually("it moves") { try await Self.image(api, "app") == second.description }
                #expect(first != second)
                let history = try await api.get("/apis/weir.dev/v1alpha1/namespaces/demo/taghistories/app:1")
                #expect(history.text(at: "entries.0.cause") == "webhook")

                let before = requests("v1", "HEAD")
                let storm = ContinuousClock.now
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<200 { group.addTask { try await call("v1") } }
                    for try await status in group { #expect(status == 202) }
                }
                let seconds = Int((ContinuousClock.now - storm).components.seconds)
                #expect(requests("v1", "HEAD") - before <= 2 + seconds)
                // What nobody follows is no work, and who does not know the address is told nothing.
                #expect(try await call("v9") == 202)
                #expect(
                    try await call("v1", "/hooks/images?token=demo.hub.\(String(repeating: "0", count: 64))") == 404)
                #expect(try await call("v1", "/hooks/images") == 404)
                try await caller.post(path, "no JSON").expect(400)
                let looked = try await caller.get(path).status
                #expect(looked >= 400)
                #expect(requests("v9", "HEAD") == 0)
                let token = try #require(path.split(separator: "=").last)
                try await eventually("it is in the audit log") {
                    try String(contentsOfFile: log, encoding: .utf8).contains("token=REDACTED")
                }
                #expect(try !String(contentsOfFile: log, encoding: .utf8).contains("?token=\(token)"))
            }
        }
    }

    @Test("many tags of one stream that move at once all get their new image")
    func together() async throws {
        let tags = (0..<40).map { "t\($0)" }
        try await FakeRegistry.run { registry in
            for tag in tags { registry.putImage("old \(tag)", in: "team/app", tag: tag) }
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                let list = tags.map { tag in
                    #"{"name":"\#(tag)","from":{"kind":"DockerImage","name":"\#(registry.host)/team/app:\#(tag)"},"#
                        + #""importPolicy":{"insecure":true}}"#
                }
                let made = try await api.post(
                    API.streams("demo"),
                    #"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"app"},"#
                        + #""spec":{"tags":[\#(list.joined(separator: ","))]}}"#)
                #expect(made.status == 201)
                func images() async throws -> Set<String> {
                    let stream = try await api.get(API.streams("demo") + "/app").json()
                    return Set(
                        (stream["status"]?["tags"]?.arrayValue?.elements ?? []).compactMap {
                            $0["items"]?.arrayValue?.elements.first?["image"]?.stringValue
                        })
                }
                try await eventually("all are imported") { try await images().count == tags.count }
                let path = try await Self.create(api, "hub", #"{"type":"generic"}"#)
                let new = Set(tags.map { registry.putImage("new \($0)", in: "team/app", tag: $0).description })
                let caller = Self.anonymous(api)
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for tag in tags {
                        group.addTask {
                            try await caller.post(path, #"{"image":"\#(registry.host)/team/app:\#(tag)"}"#).status
                        }
                    }
                    for try await status in group { #expect(status == 202) }
                }
                try await eventually("all have moved") { try await images() == new }
            }
        }
    }

    @Test("a receiver of an administrator is for the namespaces that it names; nobody else makes such a one")
    func namespaces() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("first", in: "team/app", tag: "v1")
            try await WeirProcess.run { _, api in
                let names = ["demo", "team-a", "team-b", "apart"]
                for name in names {
                    try await api.createNamespace(name)
                    try await Self.stream(api, "app", "\(registry.host)/team/app:v1", in: name)
                    try await eventually("it is imported") { try await Self.image(api, "app", in: name) != nil }
                }
                try await api.bind("carol", to: "admin", in: "demo")
                let carol = [
                    ("Impersonate-User", "carol"), ("Impersonate-Group", "system:authenticated"),
                    ("Content-Type", "application/json"),
                ]
                func receiver(_ spec: String) -> [UInt8] {
                    Array(
                        #"{"kind":"WebhookReceiver","apiVersion":"weir.dev/v1alpha1","metadata":{"name":"own"},"spec":\#(spec)}"#
                            .utf8)
                }
                let wide = receiver(#"{"type":"generic","namespaces":["team-*"]}"#)
                let refused = try await api.send("POST", Self.receivers, wide, headers: carol)
                #expect(refused.status == 403)
                #expect(
                    refused.message.hasSuffix("imagestreamimports in all namespaces can name any"), "\(refused.text)")
                let narrow = receiver(#"{"type":"generic"}"#)
                #expect(try await api.send("POST", Self.receivers, narrow, headers: carol).status == 201)
                #expect(try await api.send("PUT", Self.receivers + "/own", wide, headers: carol).status == 403)

                let path = try await Self.create(api, "wide", #"{"type":"generic","namespaces":["team-*"]}"#)
                let second = registry.putImage("second", in: "team/app", tag: "v1").description
                let body = #"{"image":"\#(registry.host)/team/app:v1"}"#
                #expect(try await Self.anonymous(api).post(path, body).status == 202)
                for name in names.dropLast() {
                    try await eventually("\(name) has it") { try await Self.image(api, "app", in: name) == second }
                }
                #expect(try await Self.image(api, "app", in: "apart") != second)
            }
        }
    }

    @Test("a receiver with a secret takes only calls that show it")
    func secret() async throws {
        try await FakeRegistry.run { registry in
            registry.putImage("first", in: "team/app", tag: "v1")
            try await WeirProcess.run { _, api in
                try await api.createNamespace("demo")
                try await Self.stream(api, "app", "\(registry.host)/team/app:v1")
                try await eventually("it is imported") { try await Self.image(api, "app") != nil }
                let path = try await Self.create(api, "signed", #"{"type":"generic","secret":{"name":"hook"}}"#)
                let body = Array(#"{"image":"\#(registry.host)/team/app:v1"}"#.utf8)
                let caller = Self.anonymous(api)
                #expect(try await caller.send("POST", path, body).status == 401)
                let secret =
                    #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"hook"},"stringData":{"secret":"key"}}"#
                #expect(try await api.post("/api/v1/namespaces/demo/secrets", secret).status == 201)
                #expect(try await caller.send("POST", path, body, headers: [("X-Weir-Token", "kex")]).status == 401)
                #expect(registry.server.requests.allSatisfy { $0.method != "HEAD" })
                for wrong in [
                    "kex", "Bearer kex", "Basic \(Data("user:kex".utf8).base64EncodedString())", "Basic key", "",
                ] {
                    #expect(
                        try await caller.send("POST", path, body, headers: [("Authorization", wrong)]).status == 401)
                }
                #expect(registry.server.requests.allSatisfy { $0.method != "HEAD" })
                // Harbor sends the secret alone, EventBridge a password.
                for good in ["key", "Bearer key", "Basic \(Data("user:key".utf8).base64EncodedString())"] {
                    #expect(try await caller.send("POST", path, body, headers: [("Authorization", good)]).status == 202)
                }
                #expect(try await caller.send("POST", path, body, headers: [("X-Weir-Token", "key")]).status == 202)
                try await eventually("it is looked at") { registry.server.requests.contains { $0.method == "HEAD" } }
            }
        }
    }
}
