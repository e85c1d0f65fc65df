import APIMachinery
import Crypto
import JSON
import JWTKit

/// The key that service-account tokens are signed with: P-256 (spec/api-machinery.md 9.3).
public struct SigningKey: Sendable {
    /// Base64url of the SHA-256 of the public key in PKIX form.
    public let keyID: String
    let algorithm: any JWTAlgorithm
    private let point: [UInt8]

    /// A new key, as PEM.
    public static func generate() -> String { P256.Signing.PrivateKey().pemRepresentation }

    /// - Throws: where the text is no private key of this kind.
    public init(pem: String) async throws {
        let key = try P256.Signing.PrivateKey(pemRepresentation: pem)
        keyID = Base64URL.encode(Array(SHA256.hash(data: key.publicKey.derRepresentation)))
        point = Array(key.publicKey.rawRepresentation)
        let collection = await JWTKeyCollection().add(ecdsa: try ES256PrivateKey(pem: pem))
        algorithm = try await collection.getKey()
    }

    var verificationKeys: VerificationKeys { VerificationKeys(keyID: keyID, algorithm) }

    /// The compact form of a token with these claims.
    func sign(_ claims: JSONValue) throws -> String {
        let header: JSONValue = .object(
            JSONObject(members: [("alg", .string(algorithm.name)), ("kid", .string(keyID))]))
        let signed = Base64URL.encode(header.jsonBytes()) + "." + Base64URL.encode(claims.jsonBytes())
        return signed + "." + Base64URL.encode(try algorithm.sign(Array(signed.utf8)))
    }

    /// The public key as a key set (RFC 7517).
    var keySet: JSONValue {
        let members: [(String, JSONValue)] = [
            ("use", "sig"), ("kty", "EC"), ("kid", .string(keyID)), ("crv", "P-256"),
            ("alg", .string(algorithm.name)), ("x", .string(Base64URL.encode(Array(point.prefix(32))))),
            ("y", .string(Base64URL.encode(Array(point.suffix(32))))),
        ]
        return .object(JSONObject(members: [("keys", .array([.object(JSONObject(members: members))]))]))
    }
}
