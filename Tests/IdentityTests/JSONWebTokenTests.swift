import APIMachinery
import APIServer
import Crypto
import Foundation
import JSON
import JWTKit
import Testing

@testable import Identity

/// One service account, and one secret.
struct FakeAccounts: ServiceAccountLookup {
    var account: TokenSubject? = TokenSubject(uid: "u1")
    var secret: TokenSubject? = TokenSubject(uid: "s1")

    func serviceAccount(_ name: String, namespace: String) async throws -> TokenSubject? {
        name == "builder" && namespace == "prod" ? account : nil
    }
    func secret(_ name: String, namespace: String) async throws -> TokenSubject? { name == "s" ? secret : nil }
}

@Suite("Service-account tokens")
struct ServiceAccountTokenTests {
    static let now = Timestamp(secondsSince1970: 1_800_000_000)
    static let issuer = "https://kubernetes.default.svc"
    static let audiences = TokenAudiences(api: [issuer])
    static let identity = ServiceAccountIdentity(namespace: "prod", name: "builder", uid: "u1")

    static func tokens(
        _ accounts: FakeAccounts = FakeAccounts(), pem: String = SigningKey.generate(), at time: Timestamp = now
    ) async throws -> ServiceAccountTokens {
        ServiceAccountTokens(
            issuer: issuer, key: try await SigningKey(pem: pem), accounts: accounts, clock: { time })
    }

    /// Whether the token is refused, for good.
    static func isRefused(_ token: String, _ tokens: ServiceAccountTokens) async throws -> Bool {
        do {
            _ = try await tokens.authenticate(token, audiences: audiences)
            return false
        } catch let error as APIError {
            return error.code == 401
        }
    }

    @Test("name the account, its groups and themselves")
    func good() async throws {
        let tokens = try await Self.tokens()
        let token = try tokens.issue(Self.identity, audiences: [Self.issuer, "x"], lifetime: 3600, now: Self.now)
        let known = try #require(try await tokens.authenticate(token, audiences: Self.audiences))
        #expect(known.user.name == "system:serviceaccount:prod:builder")
        #expect(known.user.uid == "u1")
        #expect(known.user.groups == ["system:serviceaccounts", "system:serviceaccounts:prod"])
        #expect(known.audiences == [Self.issuer])
        #expect(known.user.extra["authentication.kubernetes.io/credential-id"]?.first?.hasPrefix("JTI=") == true)
        let other = TokenAudiences(wanted: ["y", "x"], api: [Self.issuer])
        #expect(try await tokens.authenticate(token, audiences: other)?.audiences == ["x"])
    }

    @Test("are good from a minute before their time to a minute behind it")
    func times() async throws {
        let pem = SigningKey.generate()
        let token = try await Self.tokens(pem: pem).issue(
            Self.identity, audiences: [Self.issuer], lifetime: 600, now: Self.now)
        for (offset, isGood) in [(-61, false), (-60, true), (0, true), (659, true), (660, false), (99_999, false)] {
            let time = Timestamp(secondsSince1970: Self.now.secondsSince1970 + Int64(offset))
            #expect(try await Self.isRefused(token, Self.tokens(pem: pem, at: time)) == !isGood, "\(offset)")
        }
        // What was begun with one may be ended for a while.
        for (offset, isGood) in [(-61, false), (600, true), (4_259, true), (4_260, false)] {
            let tokens = try await Self.tokens(
                pem: pem, at: Timestamp(secondsSince1970: Self.now.secondsSince1970 + Int64(offset)))
            let known = try? await tokens.authenticate(token, audiences: Self.audiences, expiredWithin: 3_600)
            #expect((known != nil) == isGood, "\(offset)")
        }
    }

    @Test("end with the account, another one of its name, and the secret they are bound to")
    func subjects() async throws {
        let pem = SigningKey.generate()
        var bound = Self.identity
        bound.secret = .init(name: "s", uid: "s1")
        let issuer = try await Self.tokens(pem: pem)
        let plain = try issuer.issue(Self.identity, audiences: [Self.issuer], lifetime: 600, now: Self.now)
        let withSecret = try issuer.issue(bound, audiences: [Self.issuer], lifetime: 600, now: Self.now)
        func ago(_ seconds: Int64) -> Timestamp {
            Timestamp(secondsSince1970: Self.now.secondsSince1970 - seconds)
        }
        let cases: [(FakeAccounts, String, Bool)] = [
            (FakeAccounts(), withSecret, false), (FakeAccounts(account: nil), plain, true),
            (FakeAccounts(account: TokenSubject(uid: "u2")), plain, true),
            (FakeAccounts(account: TokenSubject(uid: "u1", deletionTimestamp: ago(60))), plain, false),
            (FakeAccounts(account: TokenSubject(uid: "u1", deletionTimestamp: ago(61))), plain, true),
            (FakeAccounts(secret: nil), plain, false), (FakeAccounts(secret: nil), withSecret, true),
            (FakeAccounts(secret: TokenSubject(uid: "s2")), withSecret, true),
        ]
        for (accounts, token, refused) in cases {
            #expect(try await Self.isRefused(token, Self.tokens(accounts, pem: pem)) == refused, "\(accounts)")
        }
    }

    @Test("that are forged, for others, or signed in another way are refused")
    func forged() async throws {
        let pem = SigningKey.generate()
        let tokens = try await Self.tokens(pem: pem)
        let key = try P256.Signing.PrivateKey(pemRepresentation: pem)
        let good = try tokens.issue(Self.identity, audiences: [Self.issuer], lifetime: 600, now: Self.now)
        let parts = good.split(separator: ".").map(String.init)
        #expect(try await !Self.isRefused(good, tokens))
        func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }
        func hmac(_ secret: [UInt8], _ header: String) -> String {
            let signed = encoded(header) + "." + parts[1]
            let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: secret))
            return signed + "." + Base64URL.encode(Array(code))
        }
        let changed = String(decoding: Base64URL.decode(parts[1]) ?? [], as: UTF8.self)
            .replacing("builder", with: "default")
        let kid = tokens.key.keyID
        let hostile: [(String, String)] = [
            (
                "another key",
                try await Self.tokens().issue(Self.identity, audiences: [Self.issuer], lifetime: 600, now: Self.now)
            ),
            ("another audience", try tokens.issue(Self.identity, audiences: ["vault"], lifetime: 600, now: Self.now)),
            ("no audience", try tokens.issue(Self.identity, audiences: [], lifetime: 600, now: Self.now)),
            ("changed claims", parts[0] + "." + encoded(changed) + "." + parts[2]),
            ("alg none", encoded(#"{"alg":"none"}"#) + "." + parts[1] + "." + parts[2]),
            ("alg None, kid", encoded(#"{"alg":"None","kid":"\#(kid)"}"#) + "." + parts[1] + ".AA"),
            (
                "HMAC with the public key",
                hmac(Array(key.publicKey.pemRepresentation.utf8), #"{"alg":"HS256","kid":"\#(kid)"}"#)
            ),
            ("HMAC with the DER", hmac(Array(key.publicKey.derRepresentation), #"{"alg":"HS256"}"#)),
            ("HMAC with the point", hmac(Array(key.publicKey.rawRepresentation), #"{"alg":"HS256"}"#)),
            ("HMAC said to be ES256", hmac(Array(key.publicKey.derRepresentation), #"{"alg":"ES256"}"#)),
            ("a zero signature", parts[0] + "." + parts[1] + "." + Base64URL.encode([UInt8](repeating: 0, count: 64))),
        ]
        for (name, token) in hostile { #expect(try await Self.isRefused(token, tokens), "\(name)") }
    }

    @Test(
        "of no meaning are nobody's",
        arguments: [
            "", ".", "..", "a.b.c", "e30.e30.AA", "sha256~x", String(repeating: ".", count: 1000),
            String(repeating: "A", count: 10_000),
        ])
    func nonsense(_ token: String) async throws {
        #expect(try await Self.tokens().authenticate(token, audiences: Self.audiences) == nil)
    }

    @Test("with a member twice, or with what must be understood, are no tokens")
    func header() {
        func token(_ header: String, _ claims: String) -> JSONWebToken? {
            JSONWebToken(
                Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8)) + ".AA")
        }
        #expect(token(#"{"alg":"ES256"}"#, #"{"iss":"a"}"#)?.claims.issuer == "a")
        #expect(token(#"{"alg":"none","alg":"ES256"}"#, "{}") == nil)
        #expect(token(#"{"alg":"ES256"}"#, #"{"iss":"a","iss":"b"}"#) == nil)
        #expect(token(#"{"alg":"ES256","crit":["exp"]}"#, "{}") == nil)
        #expect(token(#"{"alg":"ES256","kid":7}"#, "{}") == nil)
        #expect(token(#"{"kid":"a"}"#, "{}") == nil)
        #expect(token(#"["ES256"]"#, "{}") == nil)
    }

    @Test("Requests: ten minutes at least, a year at most, bound to secrets only")
    func requests() async throws {
        let tokens = try await Self.tokens()
        let resource = TokenRequests(tokens: tokens, accounts: FakeAccounts(), audiences: [Self.issuer])
        func request(_ spec: TokenRequestSpec, _ name: String = "builder") async throws -> TokenRequest {
            let context = testContext(resource.descriptor.groupResource, namespace: "prod", now: Self.now)
            guard
                case .object(let output) = try await resource.create(
                    at: name, TokenRequest(spec: spec), options: WriteOptions(), context)
            else { throw APIError.internalError("no object") }
            return try output.object()
        }
        let made = try await request(TokenRequestSpec())
        #expect(made.spec.audiences == [Self.issuer])
        #expect(made.spec.expirationSeconds == 3600)
        #expect(made.metadata.name == "builder" && made.metadata.namespace == "prod")
        #expect(made.status.expirationTimestamp.secondsSince1970 == Self.now.secondsSince1970 + 3600)
        #expect(try await tokens.authenticate(made.status.token, audiences: Self.audiences) != nil)
        let long = try await request(TokenRequestSpec(expirationSeconds: 1 << 32))
        #expect(long.spec.expirationSeconds == 31_536_000)
        let bound = try await request(
            TokenRequestSpec(boundObjectRef: BoundObjectReference(kind: "Secret", apiVersion: "v1", name: "s")))
        #expect(JSONWebToken(bound.status.token)?.claims["kubernetes.io"]?["secret"]?["uid"]?.stringValue == "s1")
        let refusals: [(TokenRequestSpec, String, Int, String)] = [
            (
                TokenRequestSpec(expirationSeconds: 599), "builder", 422,
                #"TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"#
            ),
            (TokenRequestSpec(), "nobody", 404, #"serviceaccounts "nobody" not found"#),
            (
                TokenRequestSpec(boundObjectRef: BoundObjectReference(kind: "Pod", apiVersion: "v1", name: "p")),
                "builder", 400, #"cannot bind token for serviceaccount "builder" to type v1, Kind=Pod"#
            ),
            (
                TokenRequestSpec(boundObjectRef: BoundObjectReference(kind: "Secret", apiVersion: "v1", name: "t")),
                "builder", 404, #"secrets "t" not found"#
            ),
        ]
        for (spec, name, code, text) in refusals {
            let error = await #expect(throws: APIError.self) { _ = try await request(spec, name) }
            #expect(error?.code == code)
            #expect(error?.message == text)
        }
    }
}
