import APIMachinery
import JSON

/// A body in the form the log has it: compact JSON, or the reason why it is not there.
enum AuditBody {
    case json([UInt8])
    case none
    case omitted(String)

    /// The largest body that is logged; larger ones are only told of.
    static let maximumBytes = 1 << 20

    /// - Parameters:
    ///   - schemas: the types of what may come as protobuf.
    init(
        _ bytes: [UInt8], mediaType: String, schemas: [GroupVersionKind: TypeSchema], omitsManagedFields: Bool
    ) {
        guard !bytes.isEmpty else {
            self = .none
            return
        }
        guard bytes.count <= Self.maximumBytes else {
            self = .tooLarge(bytes.count)
            return
        }
        guard var document = Self.document(bytes, mediaType: mediaType, schemas: schemas) else {
            self = .omitted("\(bytes.count) bytes are no document of type \(goQuoted(String(mediaType.prefix(100))))")
            return
        }
        guard !AuditSecrecy.covers(document) else {
            self = .omitted("the document is secret")
            return
        }
        if omitsManagedFields { document.removeManagedFields() }
        self = .json(document.jsonBytes())
    }

    static func tooLarge(_ length: Int) -> AuditBody { .omitted("\(length) bytes are more than \(maximumBytes)") }

    private static func document(
        _ bytes: [UInt8], mediaType: String, schemas: [GroupVersionKind: TypeSchema]
    ) -> JSONValue? {
        switch mediaType {
        case ProtobufEnvelope.mediaType:
            guard let envelope = try? ProtobufEnvelope(parsing: bytes),
                let version = GroupVersion(envelope.apiVersion),
                let schema = schemas[
                    GroupVersionKind(group: version.group, version: version.version, kind: envelope.kind)],
                let json = try? envelope.json(schema).json
            else { return nil }
            return try? JSONValue.parse(json)
        case "application/yaml", PatchFormat.apply.rawValue:
            return (try? YAML.parse(String(decoding: bytes, as: UTF8.self)))?.value
        default:
            return try? JSONValue.parse(bytes)
        }
    }

    /// The members of `metadata` that tell which object a document is.
    static func identity(of json: [UInt8]) -> (name: String, uid: String, resourceVersion: String) {
        let metadata = (try? JSONValue.parse(json))?["metadata"]
        return (
            metadata?["name"]?.stringValue ?? "", metadata?["uid"]?.stringValue ?? "",
            metadata?["resourceVersion"]?.stringValue ?? ""
        )
    }
}

extension JSONValue {
    /// Takes the managed fields out of an object, or out of the items of a list.
    fileprivate mutating func removeManagedFields() {
        if self["metadata"]?["managedFields"] != nil { self["metadata"]?["managedFields"] = nil }
        guard let items = self["items"]?.arrayValue else { return }
        self["items"] = .array(
            items.map { item in
                var item = item
                if item["metadata"]?["managedFields"] != nil { item["metadata"]?["managedFields"] = nil }
                return item
            })
    }
}
