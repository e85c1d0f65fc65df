import ImageStreams
import JSON

/// The present incarnation of a repository (row `repositories/<namespace>/<stream>`).
struct RepositoryRecord: Hashable, Sendable {
    static let prefix = LedgerKeys.repositories

    /// Under which everything is linked that was pushed; a UUID.
    var id: String
    /// The namespace it was made in: one of the same name that was made later does not see what is in here
    /// (spec/registry.md E-7).
    var namespaceUID: String
    /// Milliseconds since 1970.
    var created: Int64

    init(id: String, namespaceUID: String, created: Int64) {
        self.id = id
        self.namespaceUID = namespaceUID
        self.created = created
    }

    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let id = value["id"]?.stringValue else { return nil }
        self.init(
            id: id, namespaceUID: value["namespaceUID"]?.stringValue ?? "",
            created: value["created"]?.integerValue ?? 0)
    }

    var encoded: [UInt8] {
        let value: JSONValue = [
            "id": .string(id), "namespaceUID": .string(namespaceUID), "created": .integer(created),
        ]
        return value.jsonBytes()
    }
}

/// A repository as it is now: what is linked in here is linked nowhere else, and not in a later one of the same name.
struct Incarnation: Hashable, Sendable {
    var path: RepositoryPath
    var id: String
}
