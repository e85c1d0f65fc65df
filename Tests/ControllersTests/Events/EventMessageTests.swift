import APIMachinery
import Crypto
import Foundation
import ImageAPI
import ImageStreams
import JSON
import RegistryClient
import Store
import Testing

@testable import Controllers

@Suite("Events as sinks get them")
struct EventMessageTests {
    private static let sender = EventMessage.Sender(url: "https://weir.example", registry: "r.example", version: "1")

    private static func event(tag: String = "v1") throws -> OutboxEvent {
        let row = """
            {"kind":"TagMoved","time":"2026-11-22T08:00:00Z","namespace":"p","stream":"app","streamUID":"u-1","tag":"\(tag)",
            "actor":"alice","client":"oc/4","cause":"push","request":"req-1",
            "from":{"created":"2026-11-21T08:00:00Z","dockerImageReference":"r/a@sha256:1","image":"sha256:1","generation":1},
            "to":{"created":"2026-11-22T08:00:00Z","dockerImageReference":"r/a@sha256:2","image":"sha256:2","generation":2}}
            """
        return try #require(OutboxEvent(key: "/weir.dev/outbox/01ABC", value: Array(row.utf8)))
    }

    @Test("in structured mode the body is the event")
    func structured() throws {
        let message = EventMessage(try Self.event(), as: .cloudEvents, from: Self.sender)
        #expect(message.headers.map(\.value) == ["application/cloudevents+json; charset=UTF-8"])
        let event = try JSONValue.parse(message.body)
        #expect(event["specversion"] == "1.0")
        #expect(event["id"] == "01ABC")
        #expect(event["type"] == "dev.weir.tag.moved.v1")
        #expect(event["source"] == "https://weir.example/apis/image.openshift.io/v1/namespaces/p/imagestreams/app")
        #expect(event["subject"] == "app:v1")
        #expect(event["time"] == "2026-11-22T08:00:00Z")
        #expect(event["datacontenttype"] == "application/json")
        #expect(event["data"]?["from"]?["digest"] == "sha256:1")
        #expect(event["data"]?["to"]?["digest"] == "sha256:2")
        #expect(event["data"]?["actor"] == "alice" && event["data"]?["cause"] == "push")
    }

    @Test("in binary mode the attributes are headers, and the body is the data")
    func binary() throws {
        let message = EventMessage(try Self.event(tag: "ü \\\" %"), as: .cloudEventsBinary, from: Self.sender)
        let headers = Dictionary(uniqueKeysWithValues: message.headers.map { ($0.name, $0.value) })
        #expect(headers["Content-Type"] == "application/json")
        #expect(headers["ce-specversion"] == "1.0")
        #expect(headers["ce-id"] == "01ABC")
        #expect(headers["ce-type"] == "dev.weir.tag.moved.v1")
        #expect(headers["ce-subject"] == "app:%C3%BC%20%22%20%25")
        #expect(headers["ce-time"] == "2026-11-22T08:00:00Z")
        let structured = EventMessage(try Self.event(tag: "ü \\\" %"), as: .cloudEvents, from: Self.sender)
        #expect(try JSONValue.parse(message.body) == JSONValue.parse(structured.body)["data"])
    }

    @Test("as notification of a registry")
    func notification() throws {
        let message = EventMessage(
            try Self.event(), as: .distribution, from: Self.sender,
            mediaType: "application/vnd.oci.image.manifest.v1+json")
        #expect(message.headers.first?.value == "application/vnd.docker.distribution.events.v1+json")
        let event = try #require(try JSONValue.parse(message.body)["events"]?.arrayValue?.elements.first)
        #expect(event["action"] == "push")
        #expect(event["target"]?["repository"] == "p/app" && event["target"]?["tag"] == "v1")
        #expect(event["target"]?["digest"] == "sha256:2")
        #expect(event["target"]?["url"] == "https://r.example/v2/p/app/manifests/sha256:2")
        #expect(event["actor"]?["name"] == "alice")
    }

    @Test("the signature is that of Standard Webhooks, with its published example")
    func signature() throws {
        // The example of the specification: secret, id, time, payload, signature.
        let key = try #require(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        var message = EventMessage(try Self.event(), as: .cloudEvents, from: Self.sender)
        message.headers = []
        message.body = Array(#"{"test": 2432232314}"#.utf8)
        message.sign(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", time: 1_614_265_330, key: Array(key))
        let headers = Dictionary(uniqueKeysWithValues: message.headers.map { ($0.name, $0.value) })
        #expect(headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        let plain = HMAC<SHA256>.authenticationCode(for: message.body, using: SymmetricKey(data: key))
        #expect(headers["X-Hub-Signature-256"] == "sha256=" + plain.map { String(format: "%02x", $0) }.joined())
    }

    @Test(
        "answers decide",
        arguments: [
            (200, SinkAnswer.Verdict.taken), (204, .taken), (302, .failed), (400, .rejected), (401, .failed),
            (404, .failed), (410, .rejected), (422, .rejected), (429, .failed), (500, .failed), (503, .failed),
        ])
    func verdicts(status: Int, verdict: SinkAnswer.Verdict) {
        #expect(SinkAnswer(status: status).verdict == verdict)
    }

    @Test("the pauses grow up to a bound, and obey Retry-After")
    func backoff() {
        var backoff = SinkBackoff()
        let pauses = (0..<12).map { _ in backoff.failed(retryAfter: nil, jitter: 0) }
        #expect(pauses.prefix(4) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        #expect(pauses.last == .seconds(300))
        backoff.succeeded()
        #expect(backoff.failed(retryAfter: .seconds(60), jitter: 0) == .seconds(60))
        #expect(backoff.failed(retryAfter: .seconds(99_999), jitter: 0) == .seconds(3_600))
        #expect(backoff.failed(retryAfter: nil, jitter: 1) == .seconds(5))
    }
}

@Suite("Addresses of sinks")
struct SinkAddressTests {
    private static func scope(_ text: String) -> AddressScope {
        if text.contains(":") {
            var address = in6_addr()
            inet_pton(AF_INET6, text, &address)
            return AddressScope(withUnsafeBytes(of: address) { Array($0) })
        }
        var address = in_addr()
        inet_pton(AF_INET, text, &address)
        return AddressScope(withUnsafeBytes(of: address) { Array($0) })
    }

    @Test(
        "those of other machines are let through",
        arguments: ["8.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "2001:db8::1", "fd12::1", "::ffff:10.0.0.1"])
    func allowed(address: String) {
        #expect(SinkAddress.isAllowed(Self.scope(address), allowsLoopback: false))
    }

    @Test(
        "those of this machine, of clouds' credentials, and of no single host are not",
        arguments: [
            "0.0.0.0", "127.0.0.1", "127.8.8.8", "169.254.169.254", "224.0.0.1", "255.255.255.255", "100.100.100.200",
            "::", "::1", "fe80::1", "febf::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "2002:7f00:1::", "fd00:ec2::254", "::127.0.0.1",
        ])
    func refused(address: String) {
        #expect(!SinkAddress.isAllowed(Self.scope(address), allowsLoopback: false))
    }

    @Test("loopback is for operators to allow, the rest is not")
    func loopback() {
        #expect(SinkAddress.isAllowed(Self.scope("127.0.0.1"), allowsLoopback: true))
        #expect(SinkAddress.isAllowed(Self.scope("::1"), allowsLoopback: true))
        #expect(!SinkAddress.isAllowed(Self.scope("169.254.169.254"), allowsLoopback: true))
    }
}
