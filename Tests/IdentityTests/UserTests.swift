import APIMachinery
import APIServer
import Store
import Synchronization
import Testing

@testable import Identity

@Suite("Users, groups and identities")
struct UserTests {
    @Test(
        "Names are one segment of a path, without a colon, and not the sign for oneself",
        arguments: [
            ("alice", nil), ("a@b.example", nil), ("~", #"may not equal "~""#), ("a:b", #"may not contain ":""#),
            ("a/b", "may not contain '/'"), ("..", "may not be '..'"), ("system:admin", #"may not contain ":""#),
        ] as [(String, String?)])
    func names(_ name: String, _ problem: String?) {
        #expect(UserValidation.userName(name).first == problem)
    }

    @Test("Identities are named after provider and user, and stay what they are")
    func identities() {
        let good = ProviderIdentity(
            metadata: ObjectMeta(name: "p:u", uid: "1"), providerName: "p", providerUserName: "u")
        #expect(UserValidation.validate(good).isEmpty)
        var wrong = good
        wrong.metadata.name = "p:v"
        #expect(UserValidation.validate(wrong).map(\.text) == [#"metadata.name: Invalid value: "p:v": must be p:u"#])
        wrong = good
        wrong.providerUserName = "v"
        #expect(
            UserValidation.validateUpdate(wrong, old: good).map(\.text)
                == [#"providerUserName: Invalid value: "v": may not change from u"#])
        #expect(UserValidation.validate(ProviderIdentity()).contains { $0.text == "providerName: Required value" })
    }

    /// The parts under test, with a clock that is set by hand.
    private final class Clock: Sendable {
        private let time = Mutex(Timestamp(secondsSince1970: 1_800_000_000))
        var now: Timestamp { time.withLock { $0 } }
        func advance(_ seconds: Int64) { time.withLock { $0.secondsSince1970 += seconds } }
    }

    private static func run(_ body: (Users, OAuthTokens, Clock) async throws -> Void) async throws {
        let clock = Clock()
        let parts = Mutex<(Users, OAuthTokens)?>(nil)
        try await withStore { store in
            let users = Users(store: store)
            parts.withLock { $0 = (users, OAuthTokens(store: store, users: users, clock: { clock.now })) }
        } _: {
            let (users, tokens) = try #require(parts.withLock { $0 })
            try await body(users, tokens, clock)
        }
    }

    private static func context(_ now: Timestamp) -> RequestContext {
        testContext(GroupResource(group: "user.openshift.io", resource: "users"), now: now)
    }

    @Test("The first log-in makes user and identity, later ones find them, however many come at a time")
    func login() async throws {
        try await Self.run { users, _, clock in
            let context = Self.context(clock.now)
            let uids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await users.login(provider: "htpasswd", name: "alice", context).metadata.uid
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(uids.count == 1)
            #expect(try await users.identities.names(in: "") == ["htpasswd:alice"])
            await #expect(throws: Users.LoginFailure.nameTaken) {
                try await users.login(provider: "ldap", name: "alice", context)
            }
            await #expect(throws: Users.LoginFailure.unusableName) {
                try await users.login(provider: "htpasswd", name: "a:b", context)
            }
            // Made beforehand by an administrator.
            _ = try await users.users.create(
                User(metadata: ObjectMeta(name: "bob")), strategy: UserStrategy(), options: WriteOptions(), context)
            #expect(
                try await users.login(provider: "htpasswd", name: "bob", context).identities == ["htpasswd:bob"])
            _ = try await users.users.delete("bob", options: DeleteOptions(), context)
            await #expect(throws: Users.LoginFailure.userGone) {
                try await users.login(provider: "htpasswd", name: "bob", context)
            }
        }
    }

    @Test("A token is good until its time is over, its user is another one, or it is taken back")
    func tokens() async throws {
        try await Self.run { users, tokens, clock in
            let audiences = TokenAudiences(api: ["api"])
            func isGood(_ token: String) async throws -> Bool {
                do { return try await tokens.authenticate(token, audiences: audiences) != nil } catch let error
                    as APIError
                {
                    #expect(error.code == 401)
                    return false
                }
            }
            let alice = try await users.login(provider: "htpasswd", name: "alice", Self.context(clock.now))
            func issue(_ lifetime: Int64) async throws -> String {
                try await tokens.issue(
                    to: alice, client: "c", scopes: [.full], lifetime: lifetime, Self.context(clock.now))
            }
            let (short, long) = (try await issue(60), try await issue(0))
            let known = try await tokens.authenticate(short, audiences: audiences)
            #expect(known?.user.groups == [OAuthTokens.group])
            #expect(known?.user.uid == alice.metadata.uid)
            #expect(try await tokens.authenticate("weir~x", audiences: audiences) == nil)
            #expect(try await !isGood("sha256~" + RandomToken.secret()))
            let name = try #require(OAuthTokenName.name(of: short))
            #expect(try await !isGood(name), "the name of a token is no token")
            #expect(
                try await tokens.authenticate(short, audiences: TokenAudiences(wanted: ["vault"], api: ["api"])) == nil)

            _ = try await users.groups.create(
                UserGroup(metadata: ObjectMeta(name: "dev"), users: ["alice", "alice", "bob"]),
                strategy: UserGroupStrategy(), options: WriteOptions(), Self.context(clock.now))
            let later = try await tokens.authenticate(short, audiences: audiences)
            #expect(later?.user.groups == ["dev", OAuthTokens.group])

            clock.advance(59)
            #expect(try await isGood(short))
            clock.advance(1)
            #expect(try await !isGood(short))
            func isGood(_ token: String, expiredWithin seconds: Int64) async throws -> Bool {
                do {
                    return try await tokens.authenticate(
                        token, audiences: audiences, expiredWithin: seconds) != nil
                } catch let error as APIError {
                    #expect(error.code == 401)
                    return false
                }
            }
            // What was begun with it may be ended, for a while in which it is kept, unless it is taken back.
            clock.advance(OAuthTokens.afterlife - 1)
            try await tokens.removeExpired(Self.context(clock.now))
            #expect(try await isGood(short, expiredWithin: OAuthTokens.afterlife))
            #expect(try await !isGood(short, expiredWithin: OAuthTokens.afterlife - 1))
            #expect(try await !isGood("sha256~" + RandomToken.secret(), expiredWithin: OAuthTokens.afterlife))
            let revoked = try await issue(60)
            _ = try await tokens.accessTokens.delete(
                try #require(OAuthTokenName.name(of: revoked)), options: DeleteOptions(), Self.context(clock.now))
            #expect(try await !isGood(revoked, expiredWithin: OAuthTokens.afterlife))
            clock.advance(1)
            #expect(try await !isGood(short, expiredWithin: OAuthTokens.afterlife))
            try await tokens.removeExpired(Self.context(clock.now))
            #expect(tokens.accessTokens.count == 1)
            #expect(try await isGood(long))
            _ = try await users.users.delete("alice", options: DeleteOptions(), Self.context(clock.now))
            #expect(try await !isGood(long))
            #expect(try await !isGood(long, expiredWithin: OAuthTokens.afterlife))
            _ = try await users.users.create(
                User(metadata: ObjectMeta(name: "alice")), strategy: UserStrategy(), options: WriteOptions(),
                Self.context(clock.now))
            #expect(try await !isGood(long), "another alice")
        }
    }

    @Test("Of many who exchange one code at a time, one gets a token; late ones get none")
    func codes() async throws {
        try await Self.run { users, tokens, clock in
            let alice = try await users.login(provider: "htpasswd", name: "alice", Self.context(clock.now))
            let issuer = "https://weir.example"
            let request = try AuthorizeRequest(
                FormParameters("client_id=openshift-challenging-client&response_type=code"), issuer: issuer)
            func redeem(_ code: String, at time: Timestamp) async -> Bool {
                let context = Self.context(time)
                do {
                    _ = try await tokens.redeem(
                        .init(client: .challenging, code: code), issuer: issuer, lifetime: 60, context)
                    return true
                } catch {
                    #expect((error as? OAuthError)?.code == .invalidGrant)
                    return false
                }
            }
            let code = try await tokens.issueCode(to: alice, request, Self.context(clock.now))
            let now = clock.now
            let good = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 { group.addTask { await redeem(code, at: now) } }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(good == 1)
            #expect(tokens.accessTokens.count == 1)
            let late = try await tokens.issueCode(to: alice, request, Self.context(clock.now))
            clock.advance(OAuthTokens.codeLifetime)
            #expect(await !redeem(late, at: clock.now))
        }
    }

    @Test("Everybody may ask who they are and revoke their own tokens; nobody else's, and nothing more")
    func ownRights() async throws {
        try await Self.run { users, tokens, clock in
            struct Nobody: Authorizer {
                func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
                    .denied
                }
            }
            let authorizer = SelfServiceAuthorizer(tokens: tokens, next: Nobody())
            let alice = try await users.login(provider: "htpasswd", name: "alice", Self.context(clock.now))
            let token = try await tokens.issue(
                to: alice, client: "c", scopes: [.full], lifetime: 60, Self.context(clock.now))
            let name = try #require(OAuthTokenName.name(of: token))
            let groups = [UserInfo.authenticated, OAuthTokens.group]
            let owner = UserInfo(name: "alice", uid: alice.metadata.uid, groups: groups)
            let namesake = UserInfo(name: "alice", uid: "other", groups: groups)
            let nameless = UserInfo(name: "alice", groups: groups)
            let group = "oauth.openshift.io"
            let delete = AccessAttributes(verb: "delete", group: group, resource: "oauthaccesstokens", name: name)
            let all = AccessAttributes(verb: "deletecollection", group: group, resource: "oauthaccesstokens")
            let read = AccessAttributes(verb: "get", group: group, resource: "oauthaccesstokens", name: name)
            let me = AccessAttributes(verb: "get", group: "user.openshift.io", resource: "users", name: "~")
            let other = AccessAttributes(verb: "get", group: "user.openshift.io", resource: "users", name: "alice")
            let cases: [(UserInfo, AccessAttributes, Bool)] = [
                (owner, delete, true), (namesake, delete, false), (nameless, delete, false), (owner, all, false),
                (owner, read, false), (owner, me, true), (owner, other, false), (.anonymous, me, false),
                (.anonymous, AccessAttributes(verb: "get", path: "/oauth/authorize"), true),
                (.anonymous, AccessAttributes(verb: "post", path: "/oauth/token"), true),
                (.anonymous, AccessAttributes(verb: "post", path: "/oauth/token/request"), false),
                (.anonymous, AccessAttributes(verb: "get", path: "/oauth/other"), false),
                (owner, AccessAttributes(verb: "get", path: "/metrics"), false),
            ]
            for (user, attributes, isAllowed) in cases {
                #expect(
                    try await authorizer.authorize(user, attributes).isAllowed == isAllowed,
                    "\(user.name) \(user.uid) \(attributes)")
            }
        }
    }
}
