import HTTPTypes
import JSON
import Testing

@testable import Registry

@Suite("Who asks, and what they are asked for")
struct CredentialsTests {
    private static func basic(_ text: String) -> String {
        "Basic " + String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
    }

    private static let headers: [(String?, Credentials)] = [
        (nil, .none), ("", .none), ("Bearer", .none), ("Bearer ", .none), ("Digest x", .none), ("Basicx", .none),
        ("Bearer anonymous", .anonymous), ("bearer anonymous", .anonymous), ("Bearer Anonymous", .token("Anonymous")),
        ("Bearer abc", .token("abc")), ("BEARER   abc", .token("abc")), ("Bearer a b", .token("-")),
        ("Bearer ä", .token("-")), ("Bearer a\u{7F}", .token("-")),
        (basic("user:abc"), .token("abc")), (basic(":abc"), .token("abc")),
        (basic("system:serviceaccount:ns:builder:abc"), .token("abc")), (basic("user:a b"), .token("-")),
        (basic("user:"), .undecodable), (basic("user"), .undecodable), (basic(""), .undecodable),
        ("Basic", .undecodable), ("Basic ???", .undecodable), ("Basic dXNlcg", .undecodable),
    ]

    @Test("A header says who asks in one of the ways of clients, or nothing", arguments: headers)
    func read(_ header: String?, _ expected: Credentials) {
        #expect(Credentials(header) == expected)
    }

    @Test("The word for nobody is no password")
    func anonymousPassword() {
        #expect(Credentials(Self.basic("user:anonymous")) == .token("anonymous"))
    }

    private static let scopes: [([AccessRecord], String)] = [
        ([], ""), ([.metrics], ""), ([.prune], ""),
        ([.repository(path("ns/app"), .pull)], "repository:ns/app:pull"),
        (
            [.repository(path("ns/app"), .pull), .repository(path("ns/app"), .push)],
            "repository:ns/app:pull,push"
        ),
        (
            [.repository(path("ns/b"), .push), .repository(path("ns/a"), .pull), .repository(path("ns/b"), .pull)],
            "repository:ns/b:push,pull repository:ns/a:pull"
        ),
        ([.tagDeletion(path("ns/app"), tag: "v1")], "repository:ns/app:delete"),
        ([.readSignatures(path("ns/app"))], "signature:ns/app:get"),
        ([.writeSignatures(path("ns/app"))], "signature:ns/app:put"),
        ([.catalog], "registry:catalog:*"),
        ([.catalog, .prune, .metrics], "registry:catalog:*"),
    ]

    @Test("All actions of a repository are in one scope", arguments: scopes)
    func scope(_ records: [AccessRecord], _ expected: String) {
        #expect(Challenge.scope(records) == expected)
    }

    @Test("The challenge leads to the host that the client talks to, or to the one that is configured")
    func bearer() {
        let asked = request(headers: [.host: "registry.example.com:5000"])
        let records: [AccessRecord] = [.repository(path("ns/app"), .pull)]
        #expect(
            Challenge(realm: nil).bearer(asked, records)
                == "Bearer realm=\"https://registry.example.com:5000/openshift/token\","
                + "service=\"registry.example.com:5000\",scope=\"repository:ns/app:pull\"")
        #expect(
            Challenge(realm: "https://api.example.com").bearer(asked, [])
                == "Bearer realm=\"https://api.example.com/openshift/token\",service=\"registry.example.com:5000\"")
        let plain = request(isSecure: false, headers: [.host: "127.0.0.1"])
        #expect(Challenge(realm: nil).bearer(plain, []).hasPrefix("Bearer realm=\"http://127.0.0.1/"))
    }

    @Test(
        "A host that could not be one does not come back in a header",
        arguments: ["a\"b", "a b", "a/b", "a@b", "a,b", "ä", "a\\b", "a%20b"])
    func host(_ value: String) {
        #expect(PublicAddress().host(of: request(headers: [.host: value])) == "localhost")
    }

    @Test("A host may be a name, an address, and have a port", arguments: ["a.example", "[::1]:5000", "10.0.0.1:1"])
    func realHost(_ value: String) {
        #expect(PublicAddress().host(of: request(headers: [.host: value])) == value)
    }

    @Test("Without a host it is the machine itself")
    func noHost() {
        #expect(PublicAddress().host(of: request()) == "localhost")
    }
}
