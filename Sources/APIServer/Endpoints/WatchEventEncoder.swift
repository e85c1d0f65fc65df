import APIMachinery
import JSON

/// Encodes the events of one watch: one JSON document a line (spec/api-machinery.md 5.1).
struct WatchEventEncoder<Object: APIObject>: Sendable {
    enum Form: Sendable {
        case plain
        case table(TableRenderer<Object>)
        case partial(version: String)
    }

    private let form: Form
    /// What bookmarks show beside their version.
    private let empty: Object
    private var hasShownColumns = false

    init(_ form: Form, empty: Object) {
        self.form = form
        self.empty = empty
    }

    mutating func encode(_ events: [WatchEvent<Object>]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for event in events { append(event.kind.rawValue, try body(of: event.object), to: &bytes) }
        return bytes
    }

    /// The event that ends a watch with an error.
    func encode(_ error: APIError) -> [UInt8] {
        var bytes: [UInt8] = []
        append("ERROR", error.status.jsonBytes(), to: &bytes)
        return bytes
    }

    /// - Parameter endsInitialEvents: marks that all of the initial state was sent.
    mutating func bookmark(_ revision: Int64, endsInitialEvents: Bool) throws -> [UInt8] {
        var object = empty
        object.metadata.resourceVersion = String(revision)
        if endsInitialEvents { object.metadata.annotations["k8s.io/initial-events-end"] = "true" }
        var bytes: [UInt8] = []
        append("BOOKMARK", try body(of: Output(object)), to: &bytes)
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

    private func append(_ type: String, _ object: [UInt8], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + object.count + 40)
        bytes += Array(#"{"type":""#.utf8)
        bytes += Array(type.utf8)
        bytes += Array(#"","object":"#.utf8)
        bytes += object
        bytes += Array("}\n".utf8)
    }
}
