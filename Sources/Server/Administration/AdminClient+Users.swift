import APIMachinery
import Foundation
import Identity
import JSON

extension AdminClient {
    private static let users = "/apis/user.openshift.io/v1/users"
    private static let groups = "/apis/user.openshift.io/v1/groups"
    private static let identities = "/apis/user.openshift.io/v1/identities"
    private static let tokens = "/apis/oauth.openshift.io/v1/oauthaccesstokens"

    /// A token as lists show it.
    public struct Token: Sendable {
        public var name: String
        public var user: String
        public var client: String
        public var created: String
        /// Nil for one that lasts for ever.
        public var expires: String?
    }

    /// Removes a user with its identity: all its tokens are void from then on.
    /// - Returns: whether there was such a user.
    public func removeUser(_ name: String) async throws -> Bool {
        // The identity first: one without its user would keep the name from coming back.
        let identity = try await find(.DELETE, "\(Self.identities)/\(Self.segment("htpasswd:\(name)"))")
        let user = try await find(.DELETE, "\(Self.users)/\(Self.segment(name))")
        return identity != nil || user != nil
    }

    /// A token of a user, who is made where it is missing.
    /// - Parameters:
    ///   - groups: the user is put into these, which are made where they are missing.
    ///   - lifetime: in seconds; 0 for ever.
    /// - Returns: the token, which nothing keeps.
    public func createToken(user name: String, groups: [String], lifetime: Int64) async throws -> String {
        var user = try await find(.GET, "\(Self.users)/\(Self.segment(name))")
        if user == nil {
            user = try await send(
                .POST, Self.users, Self.object([("metadata", Self.object([("name", .string(name))]))]))
        }
        guard let uid = user?["metadata"]?["uid"]?.stringValue else {
            throw Failure(description: "the server shows no uid of \(name)")
        }
        for group in groups { try await join(name, group) }
        let (token, tokenName) = OAuthTokenName.make()
        try await send(
            .POST, Self.tokens,
            Self.object([
                ("metadata", Self.object([("name", .string(tokenName))])), ("clientName", "weir-command"),
                ("expiresIn", .integer(lifetime)), ("scopes", ["user:full"]), ("userName", .string(name)),
                ("userUID", .string(uid)),
            ]))
        return token
    }

    private func join(_ user: String, _ group: String) async throws {
        let path = "\(Self.groups)/\(Self.segment(group))"
        for _ in 0..<5 {
            do {
                guard let known = try await find(.GET, path) else {
                    try await send(
                        .POST, Self.groups,
                        Self.object([
                            ("metadata", Self.object([("name", .string(group))])), ("users", .array([.string(user)])),
                        ]))
                    return
                }
                var members = known["users"]?.arrayValue?.compactMap(\.stringValue) ?? []
                if members.contains(user) { return }
                members.append(user)
                try await send(
                    .PUT, path,
                    Self.object([
                        ("metadata", known["metadata"] ?? .null), ("users", .array(members.map { .string($0) })),
                    ]))
                return
            } catch let failure as Failure where failure.code == 409 {
                // Somebody else changed the group meanwhile.
                continue
            }
        }
        throw Failure(description: "the group \(group) changes all the time")
    }

    /// - Parameter user: nil for those of all.
    public func listTokens(user: String?) async throws -> [Token] {
        let selector = user.map { "?fieldSelector=userName%3D\(Self.segment($0))" } ?? ""
        let list = try await send(.GET, Self.tokens + selector)
        return (list["items"]?.arrayValue ?? []).map { item in
            let created = item["metadata"]?["creationTimestamp"]?.stringValue ?? ""
            let lifetime = item["expiresIn"]?.integerValue ?? 0
            let end = (try? Timestamp(parsing: created)).map {
                Timestamp(secondsSince1970: $0.secondsSince1970 &+ lifetime).description
            }
            return Token(
                name: item["metadata"]?["name"]?.stringValue ?? "", user: item["userName"]?.stringValue ?? "",
                client: item["clientName"]?.stringValue ?? "", created: created, expires: lifetime > 0 ? end : nil)
        }
    }

    /// Takes a token back.
    /// - Parameter text: the token itself, or its name.
    /// - Returns: whether there was one.
    public func revokeToken(_ text: String) async throws -> Bool {
        // A name has the form of a token, and the hash of a name is no name.
        for name in [text, OAuthTokenName.name(of: text)].compactMap({ $0 }) {
            if try await find(.DELETE, "\(Self.tokens)/\(Self.segment(name))") != nil { return true }
        }
        return false
    }

    static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(members: members)) }
}
