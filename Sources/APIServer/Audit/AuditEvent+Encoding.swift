import APIMachinery
import JSON

extension AuditEvent {
    /// The event as one line with its newline.
    public var line: [UInt8] {
        var writer = JSONWriter(capacity: 1_024 + (requestObject?.count ?? 0) + (responseObject?.count ?? 0))
        writer.beginObject()
        writer.member("kind", "Event")
        writer.member("apiVersion", "audit.k8s.io/v1")
        writer.member("level", level.rawValue)
        writer.member("auditID", auditID)
        writer.member("stage", stage.rawValue)
        writer.member("requestURI", requestURI)
        writer.member("verb", verb)
        writer.key("user")
        Self.write(user, to: &writer)
        if let impersonatedUser {
            writer.key("impersonatedUser")
            Self.write(impersonatedUser, to: &writer)
        }
        if !sourceIPs.isEmpty { writer.member("sourceIPs", sourceIPs) }
        if !userAgent.isEmpty { writer.member("userAgent", userAgent) }
        if let object { Self.write(object, to: &writer) }
        if let outcome { Self.write(outcome, to: &writer) }
        if let requestObject {
            writer.key("requestObject")
            writer.write(raw: requestObject)
        }
        if let responseObject {
            writer.key("responseObject")
            writer.write(raw: responseObject)
        }
        writer.member("requestReceivedTimestamp", received.description)
        writer.member("stageTimestamp", time.description)
        if !annotations.isEmpty {
            writer.key("annotations")
            writer.write(annotations)
        }
        writer.endObject()
        var line = writer.finish()
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func write(_ user: UserInfo?, to writer: inout JSONWriter) {
        writer.beginObject()
        if let user {
            if !user.name.isEmpty { writer.member("username", user.name) }
            if !user.uid.isEmpty { writer.member("uid", user.uid) }
            if !user.groups.isEmpty { writer.member("groups", user.groups) }
            if !user.extra.isEmpty {
                writer.key("extra")
                writer.beginObject()
                for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) {
                    writer.key(key)
                    writer.write(values)
                }
                writer.endObject()
            }
        }
        writer.endObject()
    }

    private static func write(_ object: ObjectReference, to writer: inout JSONWriter) {
        writer.key("objectRef")
        writer.beginObject()
        if !object.resource.isEmpty { writer.member("resource", object.resource) }
        if !object.namespace.isEmpty { writer.member("namespace", object.namespace) }
        if !object.name.isEmpty { writer.member("name", object.name) }
        if !object.uid.isEmpty { writer.member("uid", object.uid) }
        if !object.apiGroup.isEmpty { writer.member("apiGroup", object.apiGroup) }
        if !object.apiVersion.isEmpty { writer.member("apiVersion", object.apiVersion) }
        if !object.resourceVersion.isEmpty { writer.member("resourceVersion", object.resourceVersion) }
        if !object.subresource.isEmpty { writer.member("subresource", object.subresource) }
        writer.endObject()
    }

    private static func write(_ outcome: Outcome, to writer: inout JSONWriter) {
        writer.key("responseStatus")
        writer.beginObject()
        writer.key("metadata")
        writer.beginObject()
        writer.endObject()
        if !outcome.status.isEmpty { writer.member("status", outcome.status) }
        if !outcome.message.isEmpty { writer.member("message", outcome.message) }
        if !outcome.reason.isEmpty { writer.member("reason", outcome.reason) }
        if let details = outcome.details {
            writer.key("details")
            details.encode(to: &writer)
        }
        writer.key("code")
        writer.write(Int64(outcome.code))
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        write(value)
    }

    fileprivate mutating func member(_ name: StaticString, _ values: [String]) {
        key(name)
        write(values)
    }
}
