import Foundation
import JSON
import Testing

@Suite("The audit log of a server")
struct AuditTests {
    private static let policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        rules:
        - level: None
          nonResourceURLs: ["/healthz*"]
        - level: RequestResponse
        """

    private static func events(_ path: String) throws -> [JSONValue] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { try JSONValue.parse(String($0)) }
    }

    @Test("Each request is a line with the answer's id, the verb, the object and the decision")
    func requests() async throws {
        let scratch = try Scratch()
        let (log, policy) = (scratch.path + "/audit.log", scratch.path + "/policy.yaml")
        try Data(Self.policy.utf8).write(to: URL(fileURLWithPath: policy))
        struct Expected {
            var verb: String
            var code: Int64
            var object: [String: String]
            var decision: String? = "allow"
            var stage = "ResponseComplete"
        }
        let stream = ["resource": "imagestreams", "namespace": "p", "apiGroup": "image.openshift.io"]
        func named(_ name: String, _ subresource: String? = nil) -> [String: String] {
            stream.merging(["name": name]) { $1 }.merging(subresource.map { ["subresource": $0] } ?? [:]) { $1 }
        }
        let arguments = ["--audit-log", log, "--audit-policy", policy]
        let expected = try await WeirProcess.run(scratch.path + "/data", arguments) { server, api in
            try await api.createNamespace("p")
            var expected: [String: Expected] = [:]
            func expect(_ answer: API.Answer, _ expectation: Expected) throws {
                #expect(Int64(answer.status) == expectation.code, "\(answer.text)")
                let id = answer.headers.first(name: "Audit-ID")
                let previous = expected.updateValue(expectation, forKey: try #require(id))
                #expect(previous == nil)
            }
            try expect(
                try await api.createStream("a", in: "p"), .init(verb: "create", code: 201, object: named("a")))
            try expect(
                try await api.createStream("a", in: "p"), .init(verb: "create", code: 409, object: named("a")))
            try expect(try await api.get(API.streams("p")), .init(verb: "list", code: 200, object: stream))
            try expect(
                try await api.get(API.streams("p") + "/a/layers"),
                .init(verb: "get", code: 200, object: named("a", "layers")))
            try expect(try await api.get(API.streams("p") + "/b"), .init(verb: "get", code: 404, object: named("b")))
            try expect(
                try await api.send(
                    "PATCH", API.streams("p") + "/a", Array(#"{"metadata":{"labels":{"x":"y"}}}"#.utf8),
                    type: "application/merge-patch+json"),
                .init(verb: "patch", code: 200, object: named("a")))
            try expect(
                try await api.send("DELETE", API.streams("p") + "/a"),
                .init(verb: "delete", code: 200, object: named("a")))
            try expect(try await api.get("/version"), .init(verb: "get", code: 200, object: [:]))
            var stranger = api
            stranger.token = nil
            try expect(
                try await stranger.get(API.streams("p")),
                .init(verb: "list", code: 403, object: stream, decision: "forbid"))
            stranger.token = "CANARY-token"
            try expect(
                try await stranger.get(API.streams("p")),
                .init(verb: "list", code: 401, object: stream, decision: nil, stage: "ResponseStarted"))
            // Secrets at the wrong door, and a token where it does not belong.
            for (path, body) in [
                (API.streams("p"), #"{"kind":"Secret","apiVersion":"v1","data":{"x":"CANARY-data"}}"#),
                ("/api/v1/namespaces/p/secrets", #"{"kind":"Secret","apiVersion":"v1","data":{"x":"CANARY-data"}}"#),
                (API.streams("p") + "?access_token=CANARY-query", "{CANARY-garbage"),
            ] {
                #expect(try await api.post(path, body).status >= 400)
            }
            #expect(try await api.get("/healthz").status == 200)
            // Right before the end: what was answered must be in the log all the same.
            for index in 0..<30 {
                try expect(
                    try await api.get(API.streams("p") + "/x\(index)"),
                    .init(verb: "get", code: 404, object: named("x\(index)")))
            }
            return expected
        }
        let text = try String(contentsOfFile: log, encoding: .utf8)
        #expect(!text.contains("CANARY"), "a secret is in the log")
        #expect(!text.contains("/healthz"))
        let events = try Self.events(log)
        for (id, expectation) in expected {
            let own = events.filter { $0["auditID"]?.stringValue == id }
            let stages = own.compactMap { $0["stage"]?.stringValue }
            #expect(stages == (expectation.code == 401 ? [] : ["RequestReceived"]) + [expectation.stage])
            let last = try #require(own.last)
            #expect(last["kind"] == "Event" && last["apiVersion"] == "audit.k8s.io/v1")
            #expect(last["verb"]?.stringValue == expectation.verb)
            #expect(last["responseStatus"]?["code"]?.integerValue == expectation.code)
            #expect(last["annotations"]?["authorization.k8s.io/decision"]?.stringValue == expectation.decision)
            for (key, value) in expectation.object {
                #expect(last["objectRef"]?[key]?.stringValue == value, "\(key) of \(last)")
            }
            #expect(last["sourceIPs"] == ["127.0.0.1"])
            let user = last["user"]?["username"]?.stringValue
            #expect(
                user == (expectation.code == 401 ? nil : expectation.code == 403 ? "system:anonymous" : "system:admin"))
        }
        let created = events.filter { $0["verb"] == "create" && $0["responseStatus"]?["code"] == 201 }
        #expect(created.contains { $0["requestObject"]?["metadata"]?["name"] == "a" })
        #expect(created.contains { $0["responseObject"]?["metadata"]?["uid"] != nil })
        let mode = try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
    }

    @Test(
        "Requests to the registry are lines too: who, which stream, which operation, digest or tag, bytes, and why not")
    func registry() async throws {
        let scratch = try Scratch()
        let log = scratch.path + "/audit.log"
        let server = try await WeirProcess.start(scratch.path + "/data", ["--audit-log", log])
        let digest = "sha256:" + String(repeating: "0", count: 64)
        try await API.with(server) { api in
            try await api.createNamespace("p")
            let refused = try await api.send(
                "POST", "/v2/p/app/blobs/uploads/?digest=\(digest)", Array("text".utf8),
                type: "application/octet-stream")
            #expect(refused.status == 400)
            #expect(try await api.get("/v2/p/app/manifests/v1").status == 404)
            #expect(try await api.get("/v2/p/app/blobs/\(digest)").status == 404)
        }
        server.child.signal(SIGTERM)
        #expect(try await server.child.end() == 0)
        let events = try Self.events(log).filter { $0["requestURI"]?.stringValue?.hasPrefix("/v2/p/") ?? false }
        func notes(_ key: String) -> [String?] {
            events.map { $0["annotations"]?["registry.weir.dev/\(key)"]?.stringValue }
        }
        #expect(notes("operation") == ["upload.begin", "manifest.get", "blob.get"])
        #expect(notes("tag") == [nil, "v1", nil])
        #expect(notes("digest") == [nil, nil, digest])
        #expect(notes("bytes").first == "4")
        #expect(events.map { $0["responseStatus"]?["code"]?.integerValue } == [400, 404, 404])
        #expect(
            events.map { $0["responseStatus"]?["reason"]?.stringValue }
                == ["DIGEST_INVALID", "NAME_UNKNOWN", "BLOB_UNKNOWN"])
        for event in events {
            #expect(event["user"]?["username"] == "system:admin")
            #expect(event["objectRef"]?["resource"] == "imagestreams" && event["objectRef"]?["name"] == "app")
            #expect(event["stage"] == "ResponseComplete")
        }
    }

    @Test("A watch is written at its start and at its end, also when the server ends it; kubectl is named")
    func watches() async throws {
        let scratch = try Scratch()
        let log = scratch.path + "/audit.log"
        let server = try await WeirProcess.start(scratch.path + "/data", ["--audit-log", log])
        try await API.with(server) { api in
            let watch = try await api.watch("/api/v1/namespaces?watch=1&timeoutSeconds=1")
            for try await _ in watch.body {}
            let kubectl = try await Kubectl(server)
            try await kubectl("get", "namespaces")
            let open = try await api.watch("/api/v1/namespaces?watch=1")
            var lines = Lines(body: open.body).makeAsyncIterator()
            _ = try await lines.next()
            server.child.signal(SIGTERM)
            while try await lines.next() != nil {}
        }
        #expect(try await server.child.end() == 0)
        let events = try Self.events(log)
        let watches = events.filter { $0["verb"] == "watch" }.compactMap { $0["stage"]?.stringValue }
        #expect(watches == ["ResponseStarted", "ResponseComplete", "ResponseStarted", "ResponseComplete"])
        #expect(events.contains { $0["userAgent"]?.stringValue?.hasPrefix("kubectl/") ?? false })
        #expect(events.allSatisfy { $0["level"] == "Metadata" })
    }

    @Test("A log that cannot be written does not keep requests from their answers, and is complained of")
    func fullDisk() async throws {
        try await WeirProcess.run(nil, ["--audit-log", "/dev/full"]) { server, api in
            try await api.createNamespace("p")
            #expect(try await api.createStream("a", in: "p").status == 201)
            try await eventually("the loss is counted") {
                try MetricFamily.parse(try await api.get("/metrics").text)["apiserver_audit_error_total"]?
                    .samples.first?.value ?? 0 >= 2
            }
            #expect(server.child.errors.contains("audit events are lost"))
        }
    }

    @Test("A policy that is wrong, or that nothing is written by, keeps the server from starting")
    func refusals() async throws {
        let scratch = try Scratch()
        let policy = scratch.path + "/policy.yaml"
        try Data("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Loud, verb: [get]}]".utf8).write(
            to: URL(fileURLWithPath: policy))
        for (arguments, texts) in [
            (
                ["--audit-log", scratch.path + "/log", "--audit-policy", policy],
                [policy, #"rules[0].level: "Loud" is none of"#, "rules[0].verb: unknown field"]
            ),
            (["--audit-policy", policy], ["audit-policy needs audit-log"]),
            (["--audit-log", "/nowhere/log"], ["/nowhere/log: No such file"]),
            (["--audit-log", "-", "--audit-policy", "/nowhere"], ["the audit policy /nowhere cannot be read"]),
            (["--audit-log", "-", "--audit-log-max-size=-1"], ["audit-log-max-size"]),
            (["--max-requests-inflight=-1"], ["must not be negative"]),
            (["--shutdown-delay-duration", "soon"], [#"shutdown-delay-duration must be a duration such as 15s"#]),
        ] {
            let server = try WeirProcess.launch(scratch.path + "/data", arguments)
            #expect(try await server.end() == 1)
            for text in texts { #expect(server.errors.contains(text), "\(server.errors)") }
            #expect(server.output.isEmpty)
        }
    }
}
