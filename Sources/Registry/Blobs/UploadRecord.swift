import APIServer
import HTTPTypes
import JSON
import OCI

/// What the registry wants to know of an upload again (spec/registry.md U-1, U-2). Goes with its bytes.
public struct UploadRecord: Hashable, Sendable {
    var path: RepositoryPath
    /// The incarnation of the repository: an upload ends with it.
    var id: String
    /// Who began it.
    var user: String
    /// The hash of the token that it was begun with; nil where that was another proof of who it is.
    var token: String?

    /// - Parameter request: the one that begins it.
    init(_ repository: Incarnation, user: String, _ request: ServerRequest? = nil) {
        path = repository.path
        id = repository.id
        self.user = Self.short(user)
        token = request.flatMap { Self.tokenHash(in: $0) }
    }

    /// Whether a request comes from who began it, with the same token.
    func isOf(_ user: UserInfo, _ request: ServerRequest) -> Bool {
        token != nil && token == Self.tokenHash(in: request) && self.user == Self.short(user.name)
    }

    static func tokenHash(in request: ServerRequest) -> String? {
        guard case .token(let token) = Credentials(request.header(.authorization)) else { return nil }
        return Digest.sha256(of: Array(token.utf8)).hex
    }

    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes),
            let path = value["repository"]?.stringValue.flatMap({ try? RepositoryPath(parsing: $0) }),
            let id = value["id"]?.stringValue
        else { return nil }
        self.path = path
        self.id = id
        user = value["user"]?.stringValue ?? ""
        token = value["token"]?.stringValue
    }

    /// A very long name is cut, and told from others by its digest.
    private static func short(_ user: String) -> String {
        guard user.unicodeScalars.count > 64 else { return user }
        return "\(String(user.unicodeScalars.prefix(47)))~\(Digest.sha256(of: Array(user.utf8)).hex.prefix(16))"
    }

    var encoded: [UInt8] {
        var value: JSONValue = [
            "repository": .string(path.description), "id": .string(id), "user": .string(user),
        ]
        if let token { value["token"] = .string(token) }
        return value.jsonBytes()
    }

    var incarnation: Incarnation { Incarnation(path: path, id: id) }
}
