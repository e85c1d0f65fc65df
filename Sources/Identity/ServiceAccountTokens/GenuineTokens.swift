import Crypto
import Store
import Synchronization

/// Tokens whose signatures were found good lately: that does not change, and to find it out costs more than all the rest
/// of a request. Everything else about a token is looked at each time.
///
/// Known by their hashes. A class because all requests share it.
final class GenuineTokens: Sendable {
    /// A token that was read, and whether it is what its signature says.
    struct Token: Sendable {
        var claims: JSONWebClaims
        var isGenuine: Bool
    }

    private let known = Mutex(BoundedCache<SHA256.Digest, JSONWebClaims>(maximumBytes: 1 << 20))

    /// - Parameters:
    ///   - verify: whether the signature is good.
    ///   - isOurs: whether the token says that it is from here: others are none of ours.
    /// - Returns: nil for what is no token, or not ours.
    func token(
        _ text: String, verify: (JSONWebToken) -> Bool, isOurs: (JSONWebToken) -> Bool
    ) -> Token? {
        var text = text
        let hash = text.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) }
        if let claims = known.withLock({ $0.value(for: hash) }) { return Token(claims: claims, isGenuine: true) }
        guard let token = JSONWebToken(text), isOurs(token) else { return nil }
        guard verify(token) else { return Token(claims: token.claims, isGenuine: false) }
        let claims = token.claims
        let bytes = text.utf8.count * 2
        known.withLock { _ = $0.set(hash, claims, bytes: bytes) }
        return Token(claims: claims, isGenuine: true)
    }
}
