import APIMachinery
import Crypto

/// Names of OAuth tokens: the store never holds a token, only its hash (spec/clients.md 2.5).
public enum OAuthTokenName {
    /// What tokens and their names begin with.
    public static let prefix = "sha256~"
    /// Bytes of the longest token worth hashing: those given out here have 50.
    private static let maximumBytes = 1024

    /// A new token and the name under which it is stored.
    public static func make() -> (token: String, name: String) {
        let secret = RandomToken.secret()
        return (prefix + secret, name(ofSecret: secret))
    }

    /// The name of a token: `sha256~` and the hash of what follows that in the token.
    /// - Returns: nil where it is no token of this form.
    public static func name(of token: String) -> String? {
        guard token.hasPrefix(prefix), token.utf8.count > prefix.utf8.count, token.utf8.count <= maximumBytes else {
            return nil
        }
        return name(ofSecret: String(token.dropFirst(prefix.count)))
    }

    private static func name(ofSecret secret: String) -> String {
        prefix + Base64URL.encode(Array(SHA256.hash(data: Array(secret.utf8))))
    }
}
