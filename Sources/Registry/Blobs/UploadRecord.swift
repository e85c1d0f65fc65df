import JSON
import OCI

/// What the registry wants to know of an upload again (spec/registry.md U-1, U-2). Goes with its bytes.
public struct UploadRecord: Hashable, Sendable {
    var path: RepositoryPath
    /// The incarnation of the repository: an upload ends with it.
    var id: String
    /// Who began it.
    var user: String

    init(_ repository: Incarnation, user: String) {
        path = repository.path
        id = repository.id
        self.user = Self.short(user)
    }

    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes),
            let path = value["repository"]?.stringValue.flatMap({ try? RepositoryPath(parsing: $0) }),
            let id = value["id"]?.stringValue
        else { return nil }
        self.path = path
        self.id = id
        user = value["user"]?.stringValue ?? ""
    }

    /// A very long name is cut, and told from others by its digest.
    private static func short(_ user: String) -> String {
        guard user.unicodeScalars.count > 64 else { return user }
        return "\(String(user.unicodeScalars.prefix(47)))~\(Digest.sha256(of: Array(user.utf8)).hex.prefix(16))"
    }

    var encoded: [UInt8] {
        let value: JSONValue = [
            "repository": .string(path.description), "id": .string(id), "user": .string(user),
        ]
        return value.jsonBytes()
    }

    var incarnation: Incarnation { Incarnation(path: path, id: id) }
}
