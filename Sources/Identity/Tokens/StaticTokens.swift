import APIServer
import Crypto

/// Bearer tokens that the server was started with. Only their digests are kept.
public struct StaticTokens: TokenAuthenticator {
    private let users: [[UInt8]: UserInfo]

    /// - Parameter users: by token.
    public init(_ users: [String: UserInfo]) {
        self.users = Dictionary(
            users.map { (Self.digest($0.key), $0.value) }, uniquingKeysWith: { _, later in later })
    }

    public func authenticate(
        _ token: String, audiences: TokenAudiences, expiredWithin seconds: Int64
    ) async throws -> AuthenticatedToken? {
        // Looked up by digest: how long that takes says nothing about the tokens.
        guard let user = users[Self.digest(token)] else { return nil }
        return audiences.whereUnnamed(user)
    }

    private static func digest(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
}
