import APIMachinery
import HTTPTypes
import ImageAPI
import JSON
import Testing

@testable import APIServer

@Suite("Audit events")
struct AuditEventTests {
    @Test("An event is one line, its members in the order of the format")
    func encoding() {
        var event = AuditEvent(
            level: .requestResponse, auditID: "id-1", stage: .responseComplete, requestURI: "/apis/x?limit=5",
            verb: "list", user: UserInfo(name: "alice", uid: "u", groups: ["g"], extra: ["b": ["2"], "a": ["1"]]),
            received: MicroTime(microsecondsSince1970: 1_767_323_045_123_456),
            time: MicroTime(microsecondsSince1970: 1_767_323_045_130_000))
        event.impersonatedUser = UserInfo(name: "bob")
        event.sourceIPs = ["10.1.2.3"]
        event.userAgent = "oc/4.15"
        event.object = .init(
            resource: "imagestreams", namespace: "p", name: "a", uid: "u1", apiGroup: "image.openshift.io",
            apiVersion: "v1", resourceVersion: "7", subresource: "layers")
        event.outcome = .init(code: 404, status: "Failure", message: "line\nbreak", reason: "NotFound")
        event.requestObject = Array(#"{"a":1}"#.utf8)
        event.responseObject = Array(#"{"b":2}"#.utf8)
        event.annotations = [
            "authorization.k8s.io/reason": "", "authorization.k8s.io/decision": "allow",
        ]
        #expect(
            text(event.line)
                == #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"id-1","stage":"ResponseComplete","requestURI":"/apis/x?limit=5","verb":"list","user":{"username":"alice","uid":"u","groups":["g"],"extra":{"a":["1"],"b":["2"]}},"impersonatedUser":{"username":"bob"},"sourceIPs":["10.1.2.3"],"userAgent":"oc/4.15","objectRef":{"resource":"imagestreams","namespace":"p","name":"a","uid":"u1","apiGroup":"image.openshift.io","apiVersion":"v1","resourceVersion":"7","subresource":"layers"},"responseStatus":{"metadata":{},"status":"Failure","message":"line\nbreak","reason":"NotFound","code":404},"requestObject":{"a":1},"responseObject":{"b":2},"requestReceivedTimestamp":"2026-01-02T03:04:05.123456Z","stageTimestamp":"2026-01-02T03:04:05.130000Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}"#
                + "\n")
    }

    @Test("What is not known is left out")
    func sparse() {
        let time = MicroTime(microsecondsSince1970: 0)
        let event = AuditEvent(
            level: .metadata, auditID: "i", stage: .requestReceived, requestURI: "/", verb: "get", received: time,
            time: time)
        #expect(
            text(event.line)
                == #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"i","stage":"RequestReceived","requestURI":"/","verb":"get","user":{},"requestReceivedTimestamp":"1970-01-01T00:00:00.000000Z","stageTimestamp":"1970-01-01T00:00:00.000000Z"}"#
                + "\n")
    }

    @Test(
        "Credentials in a query do not get into the log",
        arguments: [
            ("", "/x"), ("limit=5&watch=1", "/x?limit=5&watch=1"), ("access_token=CANARY", "/x?access_token=REDACTED"),
            ("a=1&Access_Token=CANARY&b=2", "/x?a=1&Access_Token=REDACTED&b=2"),
            ("access%5Ftoken=CANARY", "/x?access%5Ftoken=REDACTED"), ("token", "/x?token"),
            ("client_secret=CANARY&code=CANARY", "/x?client_secret=REDACTED&code=REDACTED"), ("a==&&", "/x?a==&&"),
        ])
    func uris(_ query: String, _ expected: String) {
        #expect(AuditSecrecy.uri(ServerRequest(method: "GET", path: "/x", query: query)) == expected)
    }

    @Test(
        "What an error quotes of a body is left out",
        arguments: [
            ("imagestreams \"a (b)\" not found", "imagestreams \"a (b)\" not found"),
            (
                "the object provided is unrecognized (must be of type X): yaml: (CANARY) (CANARY)",
                "the object provided is unrecognized (must be of type X)"
            ),
        ])
    func quotations(_ message: String, _ expected: String) {
        #expect(AuditSecrecy.withoutQuotation(message) == expected)
    }

    @Test(
        "Addresses: what proxies say, the peer last, each once in a row, and addresses only",
        arguments: [
            ([], nil, ["10.0.0.9"]), (["10.1.2.3"], nil, ["10.1.2.3", "10.0.0.9"]),
            (["10.1.2.3, fe80::1 ,nonsense,10.0.0.9"], nil, ["10.1.2.3", "fe80::1", "10.0.0.9"]),
            (["10.1.2.3", "10.1.2.4"], "10.1.2.5", ["10.1.2.3", "10.1.2.4", "10.1.2.5", "10.0.0.9"]),
            (["10.1.2.3"], "10.1.2.3", ["10.1.2.3", "10.0.0.9"]), ([], "<script>", ["10.0.0.9"]),
        ] as [([String], String?, [String])])
    func sources(_ forwarded: [String], _ real: String?, _ expected: [String]) throws {
        var headers: HTTPFields = [:]
        for value in forwarded {
            headers.append(HTTPField(name: try #require(HTTPField.Name("X-Forwarded-For")), value: value))
        }
        if let real { headers[try #require(HTTPField.Name("X-Real-Ip"))] = real }
        let request = ServerRequest(method: "GET", path: "/", headers: headers, remoteAddress: "10.0.0.9")
        #expect(AuditSource.addresses(of: request) == expected)
    }

    @Test("A client's name is bounded")
    func agents() {
        let request = ServerRequest(
            method: "GET", path: "/", headers: [.userAgent: String(repeating: "x", count: 5_000)])
        let agent = AuditSource.userAgent(of: request)
        #expect(agent.count == 1_024 + "...TRUNCATED".count)
        #expect(agent.hasSuffix("x...TRUNCATED"))
    }

    private static func body(_ text: String, _ type: String = "application/json", omits: Bool = false) -> AuditBody {
        AuditBody(
            Array(text.utf8), mediaType: type,
            schemas: [ImageStream.groupVersionKind: ImageStream.schema], omitsManagedFields: omits)
    }

    private static func logged(_ body: AuditBody) -> String? {
        if case .json(let json) = body { text(json) } else { nil }
    }

    @Test("Bodies are logged as compact JSON, whatever they came as")
    func bodies() throws {
        #expect(Self.logged(Self.body("{\n  \"a\": [1, 2]\n}")) == #"{"a":[1,2]}"#)
        #expect(Self.logged(Self.body("a: [1, 2]\n", "application/yaml")) == #"{"a":[1,2]}"#)
        #expect(Self.logged(Self.body("a: b\n", "application/apply-patch+yaml")) == #"{"a":"b"}"#)
        #expect(Self.logged(Self.body(#"[{"op":"remove","path":"/x"}]"#, "application/json-patch+json")) != nil)
        let envelope = try ProtobufEnvelope(json: TestAPI.stream("a").jsonBytes(), schema: ImageStream.schema)
        let decoded = AuditBody(
            envelope.bytes, mediaType: ProtobufEnvelope.mediaType,
            schemas: [ImageStream.groupVersionKind: ImageStream.schema], omitsManagedFields: false)
        #expect(Self.logged(decoded)?.contains(#""name":"a""#) ?? false)
        for (text, type) in [
            ("{", "application/json"), ("x", ProtobufEnvelope.mediaType), ("a: [", "application/yaml"),
        ] {
            guard case .omitted(let reason) = Self.body(text, type) else {
                Issue.record("\(text) was logged")
                continue
            }
            #expect(reason.contains("no document"))
        }
        guard case .none = Self.body("") else {
            Issue.record("an empty body is nothing")
            return
        }
    }

    @Test("A body that is too large is only told of")
    func large() {
        let text = #"{"a":"\#(String(repeating: "x", count: AuditBody.maximumBytes))"}"#
        guard case .omitted(let reason) = Self.body(text) else {
            Issue.record("it was logged")
            return
        }
        #expect(reason == "\(text.utf8.count) bytes are more than 1048576")
    }

    @Test("Managed fields are left out on demand, of objects and of the items of lists")
    func managedFields() {
        let object = #"{"metadata":{"name":"a","managedFields":[{"manager":"m"}]}}"#
        #expect(Self.logged(Self.body(object)) == object)
        #expect(Self.logged(Self.body(object, omits: true)) == #"{"metadata":{"name":"a"}}"#)
        #expect(
            Self.logged(Self.body(#"{"items":[\#(object)]}"#, omits: true)) == #"{"items":[{"metadata":{"name":"a"}}]}"#
        )
    }

    @Test(
        "Documents that are secret are not logged wherever they are sent",
        arguments: [
            #"{"kind":"Secret","data":{"a":"CANARY"}}"#, #"{"kind":"SecretList","items":[{"data":"CANARY"}]}"#,
            #"{"kind":"List","items":[{"kind":"Secret","data":"CANARY"}]}"#, #"{"kind":"TokenReview","spec":"CANARY"}"#,
            #"{"kind":"tokenrequest","status":"CANARY"}"#,
        ])
    func secretDocuments(_ text: String) {
        #expect(Self.logged(Self.body(text)) == nil)
    }

    @Test(
        "Resources whose bodies are never logged",
        arguments: [
            ("/api/v1/namespaces/p/secrets/a", true), ("/api/v1/namespaces/p/secrets", true),
            ("/apis/authentication.k8s.io/v1/tokenreviews", true),
            ("/api/v1/namespaces/p/serviceaccounts/a/token", true),
            ("/apis/image.openshift.io/v1/namespaces/p/imagestreams/a/secrets", true),
            ("/apis/oauth.openshift.io/v1/oauthaccesstokens", true), ("/api/v1/namespaces/p/SECRETS", true),
            ("/api/v1/namespaces/p/configmaps/a", false),
            ("/apis/image.openshift.io/v1/namespaces/p/imagestreams/secrets", false), ("/version", false),
        ])
    func secretResources(_ path: String, _ isSecret: Bool) {
        #expect(
            AuditSecrecy.covers(RequestInfo(method: "GET", path: path, query: QueryParameters(""))) == isSecret)
    }
}
