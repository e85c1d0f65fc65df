import APIMachinery
import APIServer
import Crypto
import HTTPTypes

/// Bearer tokens that the server was started with. Only their digests are kept.
public struct BearerTokens: Authenticator {
    private let users: [[UInt8]: UserInfo]

    /// - Parameter users: by token.
    public init(_ users: [String: UserInfo]) {
        self.users = Dictionary(uniqueKeysWithValues: users.map { (Self.digest($0.key), $0.value) })
    }

    public func authenticate(_ request: ServerRequest) async throws -> UserInfo? {
        guard let header = request.header(.authorization) else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].filter { $0 != " " }
        guard !token.isEmpty else { return nil }
        // Looked up by digest: how long that takes says nothing about the tokens.
        guard var user = users[Self.digest(String(token))] else { throw APIError.unauthorized }
        user.groups.append(UserInfo.authenticated)
        return user
    }

    private static func digest(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }

    /// A new token of 256 random bits.
    public static func generate() -> String {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<4 { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
        return "weir~" + Base64URL.encode(bytes)
    }
}
