import APIMachinery
import APIServer
import Crypto
import HTTPTypes

/// Bearer tokens that the server was started with. Only their digests are kept.
public struct BearerTokens: Authenticator {
    private let users: [[UInt8]: UserInfo]

    /// - Parameter users: by token.
    public init(_ users: [String: UserInfo]) {
        self.users = Dictionary(
            uniqueKeysWithValues: users.map { token, user in
                var user = user
                user.groups.append(UserInfo.authenticated)
                return (Self.digest(token.utf8), user)
            })
    }

    public func authenticate(_ request: ServerRequest) async throws -> UserInfo? {
        guard let header = request.header(.authorization) else { return nil }
        let bytes = header.utf8
        guard let blank = bytes.firstIndex(of: UInt8(ascii: " ")),
            header[..<blank].caseInsensitiveEquals("bearer")
        else { return nil }
        let token = bytes[blank...].filter { $0 != UInt8(ascii: " ") }
        guard !token.isEmpty else { return nil }
        // Looked up by digest: how long that takes says nothing about the tokens.
        guard let user = users[Self.digest(token)] else { throw APIError.unauthorized }
        return user
    }

    private static func digest<Bytes: Sequence<UInt8>>(_ token: Bytes) -> [UInt8] {
        Array(SHA256.hash(data: Array(token)))
    }

    /// A new token of 256 random bits.
    public static func generate() -> String {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<4 { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
        return "weir~" + Base64URL.encode(bytes)
    }
}

extension Substring {
    /// Whether this is `word`, which is in lower case, in any case.
    fileprivate func caseInsensitiveEquals(_ word: String) -> Bool {
        utf8.count == word.utf8.count && zip(utf8, word.utf8).allSatisfy { $0 | 0x20 == $1 }
    }
}
