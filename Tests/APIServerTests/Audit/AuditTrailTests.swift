import APIMachinery
import HTTPTypes
import ImageAPI
import JSON
import Synchronization
import Testing

@testable import APIServer

/// Keeps what it gets.
private final class Memory: AuditSink {
    private let events = Mutex<[AuditEvent]>([])
    var all: [AuditEvent] { events.withLock { $0 } }
    var lines: [String] { all.map { text($0.line) } }
    func append(_ event: AuditEvent) async { events.withLock { $0.append(event) } }
}

/// A known token, an unknown one, and nobody.
private struct Tokens: Authenticator {
    func authenticate(_ request: ServerRequest) async throws -> UserInfo? {
        switch request.header(.authorization) {
        case "Bearer alice": UserInfo(name: "alice", groups: ["devs"])
        case nil: nil
        default: throw APIError.unauthorized
        }
    }
}

private struct Devs: Authorizer {
    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
        user.groups.contains("devs") || user.name == "bob"
            ? AccessDecision(isAllowed: true, reason: "RBAC: allowed by devs") : .denied
    }
}

@Suite("The audit trail of requests")
struct AuditTrailTests {
    private static let headers: HTTPFields = [.authorization: "Bearer alice", .auditID: "id-1", .userAgent: "oc/4"]

    private static func api(_ policy: String, _ memory: Memory, others: [any Resource] = []) throws -> TestAPI {
        let policy = try AuditPolicy(yaml: "apiVersion: audit.k8s.io/v1\nkind: Policy\n" + policy)
        return TestAPI(others: others, authenticator: Tokens(), authorizer: Devs()) {
            $0.auditor = Auditor(policy: policy, sink: memory)
            $0.maximumReadsInFlight = 1
        }
    }

    @Test("A read: received and complete, with who, what, and what came of it")
    func read() async throws {
        let memory = Memory()
        let api = try Self.api("rules: [{level: Metadata}]", memory)
        let answer = try await api.send("GET", TestAPI.path + "/a", query: "pretty=1", headers: Self.headers)
        #expect(answer.headers[.auditID] == "id-1")
        #expect(memory.all.map(\.stage) == [.requestReceived, .responseComplete])
        #expect(memory.all.allSatisfy { $0.auditID == "id-1" && $0.level == .metadata })
        let event = try #require(memory.all.last)
        #expect(event.requestURI == TestAPI.path + "/a?pretty=1")
        #expect(event.verb == "get")
        #expect(event.user?.name == "alice")
        #expect(event.userAgent == "oc/4")
        #expect(event.outcome == .init(code: 200))
        #expect(
            event.object
                == .init(
                    resource: "imagestreams", namespace: "p", name: "a", apiGroup: "image.openshift.io",
                    apiVersion: "v1"))
        #expect(
            event.annotations == [
                "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed by devs",
            ])
        #expect(event.requestObject == nil && event.responseObject == nil)
    }

    @Test("Refusals: 401 without a user, 403 with the decision, 404 with the reason, 429 without a decision")
    func refusals() async throws {
        let memory = Memory()
        let gate = Gate()
        let api = try Self.api(
            "omitStages: [RequestReceived]\nrules: [{level: Metadata}]", memory, others: [GatedBuilds(gate: gate)])
        #expect(try await api.send("GET", headers: [.authorization: "Bearer wrong"]).status == 401)
        let unknown = try #require(memory.all.last)
        #expect(text(unknown.line).contains(#""user":{},"#))
        #expect(unknown.outcome?.code == 401)
        #expect(unknown.outcome?.message == "Authentication failed, attempted: bearer")
        #expect(unknown.stage == .responseStarted)
        #expect(try await api.send("GET").status == 403)
        let denied = try #require(memory.all.last)
        #expect(denied.user?.name == "system:anonymous")
        #expect(denied.outcome?.reason == "Forbidden")
        #expect(denied.annotations["authorization.k8s.io/decision"] == "forbid")
        #expect(try await api.send("GET", TestAPI.path + "/x", headers: Self.headers).status == 404)
        let missing = try #require(memory.all.last)
        #expect(missing.outcome?.status == "Failure" && missing.outcome?.reason == "NotFound")
        #expect(missing.annotations["authorization.k8s.io/decision"] == "allow")
        async let blocked = api.send("GET", GatedBuilds.path, headers: Self.headers)
        await gate.entered()
        #expect(try await api.send("GET", query: "timeout=1ms", headers: Self.headers).status == 429)
        let rejected = try #require(memory.all.last)
        #expect(rejected.outcome == .init(code: 429))
        #expect(rejected.annotations.isEmpty)
        gate.open()
        _ = try await blocked
        #expect(memory.all.count == 5)
    }

    @Test("Acting as somebody else: the policy sees who asks, the event names both")
    func impersonation() async throws {
        let memory = Memory()
        let api = try Self.api("rules: [{level: Metadata, users: [alice], omitStages: [RequestReceived]}]", memory)
        var headers = Self.headers
        headers[.impersonateUser] = "bob"
        #expect(try await api.send("GET", headers: headers).status == 200)
        headers[.impersonateUser] = nil
        headers[.impersonateGroup] = "g"
        #expect(try await api.send("GET", headers: headers).status == 400)
        #expect(memory.all.map { $0.impersonatedUser?.name } == ["bob", nil])
        #expect(memory.all.allSatisfy { $0.user?.name == "alice" })
    }

    @Test("Bodies at the levels that ask for them, and only there")
    func bodies() async throws {
        for (level, hasRequest, hasResponse) in [
            ("Metadata", false, false), ("Request", true, false), ("RequestResponse", true, true),
        ] {
            let memory = Memory()
            let api = try Self.api("rules: [{level: \(level), omitStages: [RequestReceived]}]", memory)
            let stream = #"{"metadata":{"name":"new","uid":"u1"}}"#
            let answer = try await api.send("POST", headers: Self.headers, body: Array(stream.utf8))
            #expect(answer.status == 201)
            let event = try #require(memory.all.last)
            #expect(event.requestObject.map(text) == (hasRequest ? stream : nil))
            #expect((event.responseObject != nil) == hasResponse)
            // Also without the body: the name of what was created.
            #expect(event.object?.name == "new")
            #expect(event.object?.uid == (hasRequest ? "u1" : ""))
        }
    }

    @Test("A body that is too large is told of, that of the request as well as that of the answer")
    func largeBodies() async throws {
        let memory = Memory()
        let api = try Self.api("rules: [{level: RequestResponse, omitStages: [RequestReceived]}]", memory)
        let padding = String(repeating: "x", count: AuditBody.maximumBytes)
        let stream = #"{"metadata":{"name":"new","annotations":{"a":"\#(padding)"}}}"#
        _ = try await api.send("POST", headers: Self.headers, body: Array(stream.utf8))
        let event = try #require(memory.all.last)
        #expect(event.requestObject == nil && event.responseObject == nil)
        for which in ["request", "response"] {
            let reason = event.annotations["audit.weir.dev/\(which)-object-omitted"]
            #expect(reason?.hasSuffix("bytes are more than 1048576") ?? false, "\(which)")
        }
        #expect(event.object?.name == "new")
    }

    @Test("A watch: its start, and its end when it comes")
    func watches() async throws {
        let memory = Memory()
        let api = try Self.api("rules: [{level: RequestResponse}]", memory)
        let response = await api.pipeline.respond(
            to: ServerRequest(method: "GET", path: TestAPI.path, query: "watch=1", headers: Self.headers))
        #expect(memory.all.map(\.stage) == [.requestReceived, .responseStarted])
        guard case .stream(let write) = response.body else {
            Issue.record("no stream")
            return
        }
        try await write(CollectingWriter())
        #expect(memory.all.map(\.stage) == [.requestReceived, .responseStarted, .responseComplete])
        #expect(memory.all.last?.outcome?.code == 200)
        #expect(memory.all.last?.responseObject == nil)
    }

    @Test("Nothing is written where the policy says so")
    func silence() async throws {
        let memory = Memory()
        let api = try Self.api("rules: [{level: None}]", memory)
        _ = try await api.send("GET", headers: Self.headers)
        _ = try await api.send("GET", headers: [.authorization: "Bearer wrong"])
        #expect(memory.all.isEmpty)
    }

    @Test("Secrets and tokens stay out of the log, whatever the policy says and wherever they are put")
    func canary() async throws {
        let memory = Memory()
        let api = try Self.api("rules: [{level: RequestResponse}]", memory)
        let secret = #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"stringData":{"p":"CANARY"}}"#
        let token = #"{"kind":"TokenReview","spec":{"token":"CANARY"}}"#
        for (method, path, query, body) in [
            ("POST", TestAPI.path, "", secret), ("POST", "/api/v1/namespaces/p/secrets", "", secret),
            ("PUT", TestAPI.path + "/a", "access_token=CANARY", secret),
            ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", "", token),
            ("GET", TestAPI.path, "token=CANARY&watch=0", ""), ("POST", TestAPI.path, "", "{CANARY"),
            ("PATCH", TestAPI.path + "/a/secrets", "", #"{"data":"CANARY"}"#),
        ] {
            _ = try await api.send(method, path, query: query, headers: Self.headers, body: Array(body.utf8))
        }
        _ = try await api.send("GET", headers: [.authorization: "Bearer CANARY"])
        #expect(memory.all.count == 15)
        for line in memory.lines {
            #expect(!line.contains("CANARY"), "\(line)")
            #expect(!line.contains("Bearer"), "\(line)")
            #expect((try? JSONValue.parse(line)) != nil)
        }
    }
}
