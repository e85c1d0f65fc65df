import APIMachinery
import Crypto

/// What a client that asked for a code must prove to get a token for it (RFC 7636).
struct CodeChallenge: Sendable, Hashable {
    enum Method: String, Sendable {
        case plain
        case s256 = "S256"
    }

    var challenge: String
    var method: Method

    /// - Parameter method: as the request names it; `plain` where it does not.
    /// - Returns: nil for an unknown method, and for a challenge that no verifier has.
    init?(challenge: String, method: String?) {
        guard let method = Method(rawValue: method ?? Method.plain.rawValue), Self.isVerifier(challenge) else {
            return nil
        }
        self.challenge = challenge
        self.method = method
    }

    func isMet(by verifier: String) -> Bool {
        guard Self.isVerifier(verifier) else { return false }
        let proof =
            method == .plain ? verifier : Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
        return ConstantTime.areEqual(proof.utf8, challenge.utf8)
    }

    /// 43 to 128 unreserved characters; a hash has the same form.
    private static func isVerifier(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: "_"), UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }
}
