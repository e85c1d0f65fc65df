import APIMachinery
import APIServer
import Crypto
import CryptoExtras
import Foundation
import JSON
import JWTKit
import Logging
import Synchronization
import Testing

@testable import Identity

/// An issuer whose documents are in memory.
private final class FakeIssuer: OIDCDocuments {
    private struct State {
        var keys: [JSONValue] = []
        var issuer = OIDCTests.url
        var isDown = false
        var fetches = 0
    }

    private let state = Mutex(State())

    func publish(_ keys: JSONValue...) { state.withLock { $0.keys = keys } }
    func pretend(_ issuer: String) { state.withLock { $0.issuer = issuer } }
    func goDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }
    /// Of the key set.
    var fetches: Int { state.withLock { $0.fetches } }

    func document(at url: String) async throws -> [UInt8] {
        try state.withLock { state in
            guard !state.isDown else { throw CancellationError() }
            if url.hasSuffix("/.well-known/openid-configuration") {
                return Array(#"{"issuer":"\#(state.issuer)","jwks_uri":"https://keys.example/jwks"}"#.utf8)
            }
            state.fetches += 1
            return JSONValue.object(JSONObject(members: [("keys", .array(state.keys))])).jsonBytes()
        }
    }
}

/// A key of an issuer.
private struct IssuerKey {
    var id: String
    var algorithm: any JWTAlgorithm
    var published: JSONValue

    static func curve(_ id: String) async throws -> IssuerKey {
        let key = P256.Signing.PrivateKey()
        let point = Array(key.publicKey.rawRepresentation)
        let collection = await JWTKeyCollection().add(ecdsa: try ES256PrivateKey(pem: key.pemRepresentation))
        return IssuerKey(
            id: id, algorithm: try await collection.getKey(),
            published: [
                "kty": "EC", "crv": "P-256", "kid": .string(id), "x": .string(Base64URL.encode(Array(point[..<32]))),
                "y": .string(Base64URL.encode(Array(point[32...]))),
            ])
    }

    static func rsa(_ id: String, isPSS: Bool) async throws -> IssuerKey {
        let pem = try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
        let key = try Insecure.RSA.PrivateKey(pem: pem)
        let parts = try key.publicKey.getKeyPrimitives()
        let collection =
            isPSS
            ? await JWTKeyCollection().add(pss: key, digestAlgorithm: .sha256)
            : await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256)
        return IssuerKey(
            id: id, algorithm: try await collection.getKey(),
            published: [
                "kty": "RSA", "use": "sig", "kid": .string(id),
                "n": .string(Base64URL.encode(Array(parts.modulus))),
                "e": .string(Base64URL.encode(Array(parts.publicExponent))),
            ])
    }

    func sign(_ claims: String, header: String? = nil) throws -> String {
        let header = header ?? #"{"alg":"\#(algorithm.name)","kid":"\#(id)"}"#
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return signed + "." + Base64URL.encode(try algorithm.sign(Array(signed.utf8)))
    }
}

@Suite("Tokens of other issuers")
struct OIDCTests {
    static let url = "https://login.example"
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)
    private static let audiences = TokenAudiences(api: ["api"])

    private static func settings(_ more: String = "") throws -> OIDCIssuerSettings {
        try #require(
            try OIDCIssuerSettings.list(
                yaml:
                    "issuers:\n- url: \(url)\n  audiences: [weir]\n  groupsClaim: groups\n  groupsPrefix: 'corp:'\n\(more)"
            ).first)
    }

    private static func issuer(
        _ documents: FakeIssuer, _ settings: OIDCIssuerSettings, clock: ManualClock = ManualClock()
    ) -> OIDCIssuer {
        OIDCIssuer(
            settings, keys: OIDCKeys(issuer: url, documents: documents, clock: { clock.now }), clock: { now },
            logger: Logger(label: "test"))
    }

    private static func claims(_ more: String = "", audience: String = #""weir""#, from start: Int64 = 0) -> String {
        let time = now.secondsSince1970 + start
        return
            #"{"iss":"\#(url)","aud":\#(audience),"sub":"42","iat":\#(time),"exp":\#(time + 600),"groups":["dev","system:masters"]\#(more)}"#
    }

    private static func code(_ issuer: OIDCIssuer, _ token: String) async throws -> Int {
        do {
            return try await issuer.authenticate(token, audiences: audiences) == nil ? 0 : 200
        } catch let error as APIError {
            return error.code
        }
    }

    @Test("Keys of all usual kinds: claims become name and groups with their prefixes")
    func kinds() async throws {
        for key in [
            try await IssuerKey.curve("a"), try await .rsa("b", isPSS: false), try await .rsa("c", isPSS: true),
        ] {
            let documents = FakeIssuer()
            documents.publish(key.published)
            let issuer = Self.issuer(documents, try Self.settings())
            let known = try #require(
                try await issuer.authenticate(key.sign(Self.claims()), audiences: Self.audiences),
                "\(key.algorithm.name)")
            #expect(known.user.name == "https://login.example#42")
            #expect(known.user.groups == ["corp:dev", "corp:system:masters"])
            #expect(known.audiences == ["api"])
        }
    }

    @Test("Tokens that are forged, late, early or for others are refused; those of other issuers are somebody else's")
    func refusals() async throws {
        let key = try await IssuerKey.rsa("a", isPSS: false)
        let stranger = try await IssuerKey.rsa("a", isPSS: false)
        let documents = FakeIssuer()
        documents.publish(key.published)
        let issuer = Self.issuer(documents, try Self.settings())
        let good = try key.sign(Self.claims())
        let parts = good.split(separator: ".").map(String.init)
        let modulus = Array((key.published["n"]?.stringValue ?? "").utf8)
        func hmac(_ header: String) -> String {
            let signed = Base64URL.encode(Array(header.utf8)) + "." + parts[1]
            let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: modulus))
            return signed + "." + Base64URL.encode(Array(code))
        }
        let cases: [(String, String, Int)] = [
            ("good", good, 200),
            ("another key of the name", try stranger.sign(Self.claims()), 401),
            ("alg none", Base64URL.encode(Array(#"{"alg":"none","kid":"a"}"#.utf8)) + "." + parts[1] + ".AA", 401),
            ("HMAC", hmac(#"{"alg":"HS256","kid":"a"}"#), 401),
            ("another padding", try key.sign(Self.claims(), header: #"{"alg":"PS256","kid":"a"}"#), 401),
            ("another digest", try key.sign(Self.claims(), header: #"{"alg":"RS512","kid":"a"}"#), 401),
            ("for others", try key.sign(Self.claims(audience: #"["vault","x"]"#)), 401),
            ("for several", try key.sign(Self.claims(audience: #"["vault","weir"]"#)), 200),
            ("late, within the leeway", try key.sign(Self.claims(from: -659)), 200),
            ("late", try key.sign(Self.claims(from: -660)), 401),
            ("early, within the leeway", try key.sign(Self.claims(from: 60)), 200),
            ("early", try key.sign(Self.claims(from: 61)), 401),
            ("without an end", try key.sign(#"{"iss":"\#(Self.url)","aud":"weir","sub":"42"}"#), 401),
            ("without a subject", try key.sign(#"{"iss":"\#(Self.url)","aud":"weir","exp":1900000000}"#), 401),
            ("of another issuer", try key.sign(#"{"iss":"https://other.example","aud":"weir","sub":"42"}"#), 0),
        ]
        for (name, token, code) in cases { #expect(try await Self.code(issuer, token) == code, "\(name)") }
    }

    @Test("Keys that are weak, secret, or for something else are left out of a set")
    func keySets() async throws {
        let key = try await IssuerKey.rsa("a", isPSS: false).published
        func isUsable(_ changes: [(String, JSONValue?)]) async throws -> Bool {
            guard case .object(let object) = key else { return false }
            var members = object.map { ($0.0, $0.1) }.filter { member in !changes.contains { $0.0 == member.0 } }
            members += changes.compactMap { name, value in value.map { (name, $0) } }
            let set: JSONValue = ["keys": [.object(JSONObject(members: members))]]
            return try await !VerificationKeys(jwks: set.jsonBytes()).isEmpty
        }
        #expect(try await isUsable([]))
        #expect(try await isUsable([("use", nil), ("kid", nil), ("alg", "PS384")]))
        let weak = Base64URL.encode([UInt8](repeating: 0, count: 200) + [UInt8](repeating: 0xAB, count: 128))
        #expect(try await !isUsable([("n", .string(weak))]))
        #expect(try await !isUsable([("use", "enc")]))
        #expect(try await !isUsable([("alg", "HS256")]))
        #expect(try await !isUsable([("alg", "none")]))
        #expect(try await !isUsable([("kty", "oct"), ("k", "c2VjcmV0")]))
        #expect(try await !isUsable([("kty", "EC"), ("crv", "P-256"), ("x", "AA"), ("y", "AA")]))
        await #expect(throws: (any Error).self) { try await VerificationKeys(jwks: Array("{}".utf8)) }
    }

    @Test("A new key is fetched when a token names it, once a minute at most, whatever is sent")
    func rotation() async throws {
        let (old, new) = (try await IssuerKey.curve("old"), try await IssuerKey.curve("new"))
        let documents = FakeIssuer()
        documents.publish(old.published)
        let clock = ManualClock()
        let issuer = Self.issuer(documents, try Self.settings(), clock: clock)
        #expect(try await Self.code(issuer, old.sign(Self.claims())) == 200)
        #expect(documents.fetches == 1)
        documents.publish(new.published)
        for _ in 0..<5 { #expect(try await Self.code(issuer, new.sign(Self.claims())) == 401) }
        #expect(documents.fetches == 1)
        clock.advance(.seconds(60))
        // A known key's wrong signature is no reason to ask again.
        let forged = try await IssuerKey.curve("old").sign(Self.claims())
        #expect(try await Self.code(issuer, forged) == 401)
        #expect(documents.fetches == 1)
        #expect(try await Self.code(issuer, new.sign(Self.claims())) == 200)
        #expect(documents.fetches == 2)
        #expect(try await Self.code(issuer, old.sign(Self.claims())) == 401)
        documents.goDown(true)
        clock.advance(.seconds(60))
        #expect(try await Self.code(issuer, new.sign(Self.claims())) == 200, "keys that are there stay")
    }

    @Test("An issuer that is not there, or describes another one, lets nobody in")
    func unusable() async throws {
        let key = try await IssuerKey.curve("a")
        let documents = FakeIssuer()
        documents.publish(key.published)
        documents.goDown(true)
        let clock = ManualClock()
        let issuer = Self.issuer(documents, try Self.settings(), clock: clock)
        let token = try key.sign(Self.claims())
        #expect(try await Self.code(issuer, token) == 503)
        documents.goDown(false)
        documents.pretend("https://evil.example")
        clock.advance(.seconds(60))
        #expect(try await Self.code(issuer, token) == 503)
        documents.pretend(Self.url)
        clock.advance(.seconds(60))
        #expect(try await Self.code(issuer, token) == 200)
    }

    @Test(
        "Names: by claim and prefix, never one of the system's own",
        arguments: [
            ("  usernameClaim: email\n", #","email":"a@b.example""#, "a@b.example"),
            ("  usernameClaim: email\n", #","email":"a@b.example","email_verified":true"#, "a@b.example"),
            ("  usernameClaim: email\n", #","email":"a@b.example","email_verified":false"#, nil),
            ("  usernamePrefix: ''\n  usernameClaim: name\n", #","name":"system:admin""#, nil),
            ("  usernamePrefix: ''\n  usernameClaim: name\n", #","name":"a\u0000b""#, nil),
            ("  usernamePrefix: 'corp:'\n  usernameClaim: name\n", #","name":"ann""#, "corp:ann"),
            ("  usernameClaim: name\n", #","name":7"#, nil),
            ("  usernamePrefix: x\n  requiredClaims: {hd: example.org}\n", "", nil),
            ("  usernamePrefix: x\n  requiredClaims: {hd: example.org}\n", #","hd":"example.org""#, "x42"),
        ] as [(String, String, String?)])
    func names(_ more: String, _ claims: String, _ name: String?) async throws {
        let key = try await IssuerKey.curve("a")
        let documents = FakeIssuer()
        documents.publish(key.published)
        let issuer = Self.issuer(documents, try Self.settings(more))
        let known = try? await issuer.authenticate(key.sign(Self.claims(claims)), audiences: Self.audiences)
        #expect(known?.user.name == name)
    }

    @Test("Groups without a prefix cannot be the system's")
    func groups() async throws {
        let key = try await IssuerKey.curve("a")
        let documents = FakeIssuer()
        documents.publish(key.published)
        let settings = try #require(
            try OIDCIssuerSettings.list(yaml: "issuers: [{url: '\(Self.url)', audiences: [weir], groupsClaim: groups}]")
                .first)
        let known = try await Self.issuer(documents, settings)
            .authenticate(key.sign(Self.claims()), audiences: Self.audiences)
        #expect(known?.user.groups == ["dev"])
    }

    @Test(
        "A configuration that says nothing useful, or misspells it, is refused",
        arguments: [
            "", "issuers: []", "issuers: [{url: 'http://a', audiences: [x]}]", "issuers: [{url: 'https://a'}]",
            "issuers: [{url: 'https://a', audiences: [x], audience: y}]",
            "issuers: [{url: 'https://a', audiences: [x], usernamePrefix: 'system:x'}]",
            "issuers: [{url: 'https://a', audiences: [x]}, {url: 'https://a', audiences: [y]}]", "issuer: x",
        ])
    func configuration(_ yaml: String) {
        #expect(throws: OIDCIssuerSettings.Invalid.self) { try OIDCIssuerSettings.list(yaml: yaml) }
    }
}
