import APIMachinery
import Foundation
import JSON
import JWTKit

/// Public keys that tokens are verified with. There are no secrets among them, and no algorithm that takes one: a public
/// key can not be passed off as one (RFC 8725, 2.1).
struct VerificationKeys: Sendable {
    private struct Key: Sendable {
        var keyID: String?
        /// By the name of the algorithm, those that the key is meant for.
        var algorithms: [String: any JWTAlgorithm]
    }

    /// Of a set that is longer, only the first keys are taken.
    private static let maximumKeys = 64

    private var keys: [Key] = []

    /// No keys.
    init() {}

    /// Reads a key set (RFC 7517). Keys that are not for signatures, or of an unknown kind, or too weak, are left out.
    /// - Throws: where the text is no key set.
    init(jwks text: [UInt8]) async throws {
        let document = try JSONValue.parse(text, limits: JSONLimits(depth: 32, bytes: 1 << 20))
        guard let listed = document["keys"]?.arrayValue else { throw Unreadable() }
        for value in listed.prefix(Self.maximumKeys) {
            if let key = await Self.key(value) { keys.append(key) }
        }
    }

    struct Unreadable: Error {}

    /// One key of the server's own.
    init(keyID: String, _ algorithm: any JWTAlgorithm) {
        keys = [Key(keyID: keyID, algorithms: [algorithm.name: algorithm])]
    }

    var isEmpty: Bool { keys.isEmpty }

    func contains(keyID: String) -> Bool { keys.contains { $0.keyID == keyID } }

    /// Whether one of the keys made the token's signature. The key that the token names is tried alone, if it is known.
    func verify(_ token: JSONWebToken) -> Bool {
        let named = token.keyID.map { id in keys.filter { $0.keyID == id } } ?? []
        return (named.isEmpty ? keys : named).contains { key in
            guard let algorithm = key.algorithms[token.algorithm] else { return false }
            return (try? algorithm.verify(token.signature, signs: token.signedBytes)) == true
        }
    }

    // MARK: Keys of a set

    private static let rsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
    private static let curveAlgorithms = ["P-256": "ES256", "P-384": "ES384", "P-521": "ES512"]

    private static func key(_ value: JSONValue) async -> Key? {
        guard value["use"] == nil || value["use"]?.stringValue == "sig" else { return nil }
        let possible: [String]
        switch value["kty"]?.stringValue {
        case "RSA":
            // 2048 bits (RFC 7518, 3.3): the modulus may have a zero in front.
            guard let modulus = value["n"]?.stringValue.flatMap(Base64URL.decode),
                modulus.drop(while: { $0 == 0 }).count >= 256, modulus.count <= 2048
            else { return nil }
            possible = rsaAlgorithms
        case "EC": possible = value["crv"]?.stringValue.flatMap { curveAlgorithms[$0] }.map { [$0] } ?? []
        default: return nil
        }
        let wanted = value["alg"]?.stringValue.map { name in possible.filter { $0 == name } } ?? possible
        var algorithms: [String: any JWTAlgorithm] = [:]
        for name in wanted { algorithms[name] = await algorithm(name, value) }
        return algorithms.isEmpty ? nil : Key(keyID: value["kid"]?.stringValue, algorithms: algorithms)
    }

    private static func algorithm(_ name: String, _ value: JSONValue) async -> (any JWTAlgorithm)? {
        // Only what makes a public key is handed on; a private key in a public set stays unused.
        var members: [(String, JSONValue)] = [("kid", "key"), ("alg", .string(name))]
        for part in ["kty", "crv", "n", "e", "x", "y"] {
            if let text = value[part]?.stringValue { members.append((part, .string(text))) }
        }
        let text = String(decoding: JSONValue.object(JSONObject(members: members)).jsonBytes(), as: UTF8.self)
        guard let key = try? JWK(json: text), let collection = try? await JWTKeyCollection().add(jwk: key) else {
            return nil
        }
        return try? await collection.getKey(for: "key", alg: name)
    }
}
