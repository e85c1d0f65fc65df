import APIMachinery
import JSON

/// Encodes the events of one watch: one JSON document a line, or one protobuf message behind its length
/// (spec/api-machinery.md 5.1, 1.7).
struct WatchEventEncoder<Object: APIObject>: Sendable {
    enum Form: Sendable {
        case plain
        case table(TableRenderer<Object>)
        case partial(version: String)
    }

    enum Framing: Sendable {
        case json
        case protobuf
    }

    private let form: Form
    private let framing: Framing
    /// What bookmarks show beside their version.
    private let empty: @Sendable () -> Object
    private var hasShownColumns = false

    init(_ form: Form, framing: Framing = .json, empty: @escaping @Sendable () -> Object) {
        self.form = form
        self.framing = framing
        self.empty = empty
    }

    mutating func encode(_ events: [WatchEvent<Object>]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for event in events { try append(event.kind.rawValue, body(of: event.object), schema, to: &bytes) }
        return bytes
    }

    /// The event that ends a watch with an error.
    func encode(_ error: APIError) -> [UInt8] {
        var bytes: [UInt8] = []
        // A Status always has a protobuf form.
        try? append("ERROR", error.status.jsonBytes(), Status.schema, to: &bytes)
        return bytes
    }

    /// - Parameter endsInitialEvents: marks that all of the initial state was sent.
    mutating func bookmark(_ revision: Int64, endsInitialEvents: Bool) throws -> [UInt8] {
        var object = empty()
        object.metadata.resourceVersion = String(revision)
        if endsInitialEvents { object.metadata.annotations["k8s.io/initial-events-end"] = "true" }
        var bytes: [UInt8] = []
        try append("BOOKMARK", body(of: Output(object)), schema, to: &bytes)
        return bytes
    }

    private mutating func body(of object: Output<Object>) throws -> [UInt8] {
        switch form {
        case .plain:
            return object.encoded.json
        case .partial(let version):
            return PartialMetadata.object(try object.object().metadata, version: version)
        case .table(let renderer):
            let metadata = ListMeta(resourceVersion: try object.object().metadata.resourceVersion)
            defer { hasShownColumns = true }
            return try renderer.table([object], metadata: metadata, showsColumns: !hasShownColumns)
        }
    }

    /// The type of what an event shows. Tables have no protobuf form; negotiation sees to it that none gets here.
    private var schema: TypeSchema {
        switch form {
        case .plain, .table: Object.schema
        case .partial: PartialObjectMetadata.schema
        }
    }

    private func append(
        _ type: String, _ object: [UInt8], _ schema: TypeSchema, to bytes: inout [UInt8]
    ) throws(APIError) {
        switch framing {
        case .json: Self.append(type, object, to: &bytes)
        case .protobuf:
            do {
                let envelope = try ProtobufEnvelope(json: object, schema: schema)
                bytes += ProtobufWatchFrame.bytes(type: type, object: envelope.bytes)
            } catch {
                throw .internalError("\(schema.name) has no protobuf form: \(error.message)")
            }
        }
    }

    private static func append(_ type: String, _ object: [UInt8], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + object.count + 40)
        bytes += #"{"type":""#.utf8
        bytes += type.utf8
        bytes += #"","object":"#.utf8
        bytes += object
        bytes += "}\n".utf8
    }
}
