import APIMachinery
import JSON

/// A signed JSON Web Token in its compact form (RFC 7519, RFC 7515), taken apart and not yet believed.
struct JSONWebToken: Sendable {
    let algorithm: String
    let keyID: String?
    /// The claims. Nothing in them is true before the signature was verified.
    let claims: JSONWebClaims
    /// What is signed.
    let signedBytes: [UInt8]
    let signature: [UInt8]

    /// - Returns: nil where the text is no such token: not three parts, a part that does not decode, members twice, or
    ///   header parameters that must be understood and are not (`crit`).
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty,
            let header = Self.object(parts[0]), let payload = Self.object(parts[1]),
            let signature = Base64URL.decode(String(decoding: parts[2], as: UTF8.self)),
            let algorithm = header["alg"]?.stringValue, header["crit"] == nil, header["b64"] == nil
        else { return nil }
        if let keyID = header["kid"] {
            guard let text = keyID.stringValue else { return nil }
            self.keyID = text
        } else {
            keyID = nil
        }
        self.algorithm = algorithm
        self.signature = signature
        claims = JSONWebClaims(payload)
        signedBytes = Array(parts[0]) + [UInt8(ascii: ".")] + Array(parts[1])
    }

    private static func object(_ part: Substring.UTF8View) -> JSONValue? {
        var issues: [JSONIssue] = []
        guard let bytes = Base64URL.decode(String(decoding: part, as: UTF8.self)),
            let value = try? JSONValue.parse(bytes, limits: JSONLimits(depth: 32, bytes: bytes.count), issues: &issues),
            // Of two members with one name others may believe the other one.
            issues.isEmpty, case .object = value
        else { return nil }
        return value
    }
}
