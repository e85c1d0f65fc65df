import APIMachinery
import Crypto
import Foundation
import ImageStreams
import JSON

/// A request that tells a sink of one event. Pure.
///
/// CloudEvents 1.0 by its HTTP binding, or the notifications of a distribution registry.
public struct EventMessage: Sendable, Hashable {
    public var headers: [Header]
    public var body: [UInt8]

    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String
    }

    /// What is known of the server that sends.
    public struct Sender: Sendable, Hashable {
        /// Begins the source of events, such as `https://weir.example`; may be empty.
        public var url: String
        /// `host[:port]` of the registry; empty without one.
        public var registry: String
        public var version: String

        public init(url: String = "", registry: String = "", version: String = "dev") {
            self.url = url
            self.registry = registry
            self.version = version
        }
    }

    static let distributionType = "application/vnd.docker.distribution.events.v1+json"

    /// - Parameter mediaType: of the manifest that a tag has now, for notifications; empty where unknown.
    public init(_ event: OutboxEvent, as format: EventSinkFormat, from sender: Sender, mediaType: String = "") {
        switch format {
        case .cloudEvents:
            var object = JSONObject()
            for (name, value) in Self.attributes(of: event, sender) { object[name] = .string(value) }
            object["datacontenttype"] = "application/json"
            object["data"] = Self.data(of: event)
            body = JSONValue.object(object).jsonBytes()
            headers = [.init(name: "Content-Type", value: "application/cloudevents+json; charset=UTF-8")]
        case .cloudEventsBinary:
            body = Self.data(of: event).jsonBytes()
            headers =
                [.init(name: "Content-Type", value: "application/json")]
                + Self.attributes(of: event, sender).map {
                    .init(name: "ce-\($0)", value: Self.headerValue($1))
                }
        case .distribution:
            body = Self.notification(of: event, sender, mediaType).jsonBytes()
            headers = [.init(name: "Content-Type", value: Self.distributionType)]
        }
    }

    /// Signs the request: a receiver that knows the key can tell that it comes from here, is complete, and is not an
    /// old one again.
    ///
    /// `webhook-signature` is that of Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`, base64, behind `v1,`.
    /// `X-Hub-Signature-256`, which many receivers know, is that of the body alone, in hexadecimal.
    public mutating func sign(id: String, time: Int64, key: [UInt8]) {
        let symmetric = SymmetricKey(data: key)
        let signed = Array("\(id).\(time).".utf8) + body
        let full = HMAC<SHA256>.authenticationCode(for: signed, using: symmetric)
        let plain = HMAC<SHA256>.authenticationCode(for: body, using: symmetric)
        headers += [
            .init(name: "webhook-id", value: id), .init(name: "webhook-timestamp", value: "\(time)"),
            .init(name: "webhook-signature", value: "v1,\(Data(full).base64EncodedString())"),
            .init(
                name: "X-Hub-Signature-256",
                value: "sha256="
                    + plain.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()),
        ]
    }

    // MARK: CloudEvents

    static func type(of kind: OutboxEvent.Kind) -> String {
        switch kind {
        case .tagCreated: "dev.weir.tag.created.v1"
        case .tagMoved: "dev.weir.tag.moved.v1"
        case .tagDeleted: "dev.weir.tag.deleted.v1"
        case .tagsChanged: "dev.weir.tags.changed.v1"
        case .streamDeleted: "dev.weir.stream.deleted.v1"
        case .importFailed: "dev.weir.import.failed.v1"
        case .importRecovered: "dev.weir.import.recovered.v1"
        }
    }

    private static func attributes(of event: OutboxEvent, _ sender: Sender) -> [(String, String)] {
        let path = "/apis/image.openshift.io/v1/namespaces/\(event.namespace)/imagestreams/\(event.stream)"
        return [
            ("specversion", "1.0"), ("id", event.id), ("source", sender.url + path), ("type", type(of: event.kind)),
            ("subject", event.tag.isEmpty ? event.stream : "\(event.stream):\(event.tag)"),
            ("time", event.time.description),
        ]
    }

    private static func data(of event: OutboxEvent) -> JSONValue {
        var data = JSONObject()
        func set(_ name: String, _ value: String) { if !value.isEmpty { data[name] = .string(value) } }
        set("namespace", event.namespace)
        set("imageStream", event.stream)
        set("imageStreamUID", event.streamUID)
        set("tag", event.tag)
        set("actor", event.actor)
        set("client", event.client)
        set("cause", event.cause)
        set("request", event.request)
        set("reason", event.reason)
        set("message", event.message)
        for (name, state) in [("from", event.from), ("to", event.to)] {
            guard let state else { continue }
            data[name] = [
                "digest": .string(state.image), "dockerImageReference": .string(state.dockerImageReference),
                "created": .string(state.created.description),
            ]
        }
        return .object(data)
    }

    /// What is no visible ASCII, and quotes and percent signs, are percent-encoded (HTTP binding, 3.1.3.2).
    static func headerValue(_ text: String) -> String {
        var value = ""
        for byte in text.utf8 {
            if byte > 0x20, byte < 0x7F, byte != 0x22, byte != 0x25 {
                value.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                value += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return value
    }

    // MARK: Notifications

    private static func notification(of event: OutboxEvent, _ sender: Sender, _ mediaType: String) -> JSONValue {
        let repository = "\(event.namespace)/\(event.stream)"
        let state = event.to ?? event.from
        var target = JSONObject()
        if !mediaType.isEmpty { target["mediaType"] = .string(mediaType) }
        if let digest = state?.image, !digest.isEmpty { target["digest"] = .string(digest) }
        target["repository"] = .string(repository)
        if !sender.registry.isEmpty, let digest = state?.image, !digest.isEmpty {
            target["url"] = .string("https://\(sender.registry)/v2/\(repository)/manifests/\(digest)")
        }
        target["tag"] = .string(event.tag)
        let entry: JSONValue = [
            "id": .string(event.id), "timestamp": .string(event.time.description),
            "action": .string(event.kind == .tagDeleted ? "delete" : "push"), "target": .object(target),
            "request": ["id": .string(event.request), "useragent": .string(event.client)],
            "actor": ["name": .string(event.actor)],
            "source": ["addr": .string(sender.registry), "instanceID": .string(event.streamUID)],
        ]
        return ["events": .array([entry])]
    }
}
