import APIMachinery
import APIServer
import Crypto
import Foundation
import HTTPTypes
import Testing

@testable import ImageStreams

@Suite("Calls of registries")
struct WebhookPayloadTests {
    private typealias Hint = WebhookPayload.Hint

    private static func hints(_ format: WebhookPayload.Format, _ body: String) -> [Hint]? {
        WebhookPayload.hints(Array(body.utf8), format)
    }

    @Test("of every vendor say what was pushed")
    func vendors() {
        #expect(
            Self.hints(
                .dockerhub,
                #"{"push_data":{"pushed_at":1,"tag":"v1","pusher":"p"},"repository":{"repo_name":"team/app","namespace":"team"}}"#
            ) == [Hint(host: "docker.io", path: "team/app", tag: "v1")])
        #expect(
            Self.hints(.quay, #"{"docker_url":"quay.io/team/app","repository":"team/app","updated_tags":["v1","v2"]}"#)
                == [
                    Hint(host: "quay.io", path: "team/app", tag: "v1"),
                    Hint(host: "quay.io", path: "team/app", tag: "v2"),
                ])
        #expect(
            Self.hints(
                .harbor,
                #"{"type":"PUSH_ARTIFACT","event_data":{"resources":[{"digest":"sha256:1","tag":"v1","resource_url":"h.example/p/app:v1"}]}}"#
            ) == [Hint(host: "h.example", path: "p/app", tag: "v1")])
        #expect(
            Self.hints(
                .ghcr,
                #"{"action":"published","registry_package":{"name":"App","namespace":"Team","package_version":{"container_metadata":{"tag":{"name":"v1"}}}}}"#
            ) == [Hint(host: "ghcr.io", path: "team/app", tag: "v1")])
        #expect(
            Self.hints(
                .ecr,
                #"{"account":"1234","region":"eu-west-1","detail":{"action-type":"PUSH","result":"SUCCESS","repository-name":"team/app","image-tag":"v1"}}"#
            ) == [Hint(host: "1234.dkr.ecr.eu-west-1.amazonaws.com", path: "team/app", tag: "v1")])
        for format in [WebhookPayload.Format.distribution, .gitlab] {
            #expect(
                Self.hints(
                    format,
                    #"{"events":[{"action":"pull","target":{"repository":"x","tag":"y"}},{"action":"push","target":{"repository":"team/app","tag":"v1"},"request":{"host":"r.example:5000"}},{"action":"push","target":{"repository":"team/app"}}]}"#
                ) == [Hint(host: "r.example:5000", path: "team/app", tag: "v1")])
        }
        #expect(
            Self.hints(
                .cloudevents,
                #"{"specversion":"1.0","type":"dev.weir.tag.moved.v1","data":{"tag":"v1","to":{"dockerImageReference":"r.example/team/app@sha256:\#(String(repeating: "a", count: 64))"}}}"#
            ) == [Hint(host: "r.example", path: "team/app", tag: "v1")])
        #expect(
            Self.hints(.generic, #"{"images":["r.example/team/app:v1","nginx"]}"#) == [
                Hint(host: "r.example", path: "team/app", tag: "v1"), Hint(host: "docker.io", path: "library/nginx"),
            ])
        #expect(
            Self.hints(.generic, #"{"repository":"r.example/team/app","tag":"v1"}"#)
                == [Hint(host: "r.example", path: "team/app", tag: "v1")])
    }

    @Test("of another kind say nothing; what is no object is no call", arguments: WebhookPayload.Format.allCases)
    func hostile(format: WebhookPayload.Format) {
        for body in ["{}", #"{"events":5,"repository":[],"event_data":"x","updated_tags":{},"images":{},"data":1}"#] {
            #expect(Self.hints(format, body) == [])
        }
        for body in ["", "[]", "null", "{", "\u{0}", String(repeating: "[", count: 10_000)] {
            #expect(Self.hints(format, body) == nil)
        }
        let many = (0..<500).map { "\"r.example/a/b:t\($0)\"" }.joined(separator: ",")
        #expect((Self.hints(.generic, "{\"images\":[\(many)]}")?.count ?? 0) == WebhookPayload.maximumHints)
    }

    @Test("mean the tags that follow the same image, and no others")
    func matching() {
        let hint = Hint(host: "docker.io", path: "library/nginx", tag: "latest")
        #expect(hint.matches("nginx", registry: "") && hint.matches("docker.io/library/nginx:latest", registry: ""))
        #expect(!hint.matches("nginx:1", registry: "") && !hint.matches("quay.io/library/nginx", registry: ""))
        #expect(!hint.matches("nginx@sha256:\(String(repeating: "a", count: 64))", registry: ""))
        #expect(Hint(path: "team/app", tag: "1").matches("any.example/team/app:1", registry: ""))
        #expect(
            Hint(host: "inner:5000", path: "team/app").matches("outer.example/team/app:7", registry: "outer.example"))
        #expect(!Hint(host: "inner:5000", path: "team/app").matches("inner:5000/team/app:7", registry: "outer.example"))
    }

    @Test("are signed in one of the ways there are, or refused")
    func signatures() {
        let body = Array("{}".utf8)
        let key = Array("key".utf8)
        let now = Timestamp(secondsSince1970: 1_700_000_000)
        func isSigned(_ headers: [(String, String)], key: [UInt8] = key) -> Bool {
            var fields = HTTPFields()
            for (name, value) in headers {
                if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
            }
            return WebhookHandler.isSigned(
                ServerRequest(method: "POST", path: "/", headers: fields), body, key: key, now: now)
        }
        func hex(_ text: String) -> String {
            HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key))
                .map { String(format: "%02x", $0) }.joined()
        }
        func standard(_ time: Int64) -> [(String, String)] {
            let code = HMAC<SHA256>.authenticationCode(
                for: Array("id.\(time).{}".utf8), using: SymmetricKey(data: key))
            return [
                ("webhook-id", "id"), ("webhook-timestamp", "\(time)"),
                ("webhook-signature", "v1,old v1,\(Data(code).base64EncodedString())"),
            ]
        }
        #expect(isSigned([("X-Hub-Signature-256", "sha256=\(hex("{}"))")]))
        #expect(!isSigned([("X-Hub-Signature-256", "sha256=\(hex("{ }"))")]))
        #expect(isSigned([("X-Gitlab-Token", "key")]) && !isSigned([("X-Gitlab-Token", "kez")]))
        #expect(isSigned([("X-Weir-Token", "key")]) && !isSigned([]))
        #expect(isSigned(standard(1_700_000_100)) && !isSigned(standard(1_699_000_000)))
        for time in [Int64.min, Int64.min + now.secondsSince1970, Int64.max, -1] {
            #expect(
                !isSigned([("webhook-id", "id"), ("webhook-timestamp", "\(time)"), ("webhook-signature", "v1,")]))
        }
        #expect(!isSigned([("X-Weir-Token", "")], key: []), "a missing key opens nothing")
    }

    @Test("name their receiver in the token")
    func tokens() throws {
        let token = WebhookToken.make(namespace: "demo", name: "a.b-c")
        let names = try #require(WebhookToken.names(token))
        #expect(names == ("demo", "a.b-c"))
        #expect(token != WebhookToken.make(namespace: "demo", name: "a.b-c"))
        #expect(token.utf8.count == "demo.a.b-c.".utf8.count + 64)
        for wrong in ["", ".", "a", "a.b"] { #expect(WebhookToken.names(wrong) == nil) }
    }
}
