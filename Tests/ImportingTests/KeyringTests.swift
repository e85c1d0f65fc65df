import Foundation
import OCI
import RegistryClient
import RegistryTesting
import Testing

@testable import Importing

/// spec/import-and-controllers.md A.10.
@Suite("Pull secrets")
struct KeyringTests {
    private static func keyring(_ files: [(String, String)]...) throws -> RegistryKeyring {
        RegistryKeyring(
            try files.map { entries in
                let body = entries.map { location, user in
                    #""\#(location)":{"username":"\#(user)","password":"p"}"#
                }
                return try DockerConfiguration(
                    parsing: Array(#"{"auths":{\#(body.joined(separator: ","))}}"#.utf8), form: .nested)
            })
    }

    private static func users(_ keyring: RegistryKeyring, _ host: String, _ path: String) -> [String] {
        keyring.credentials(for: RepositoryName(host: host, path: path)).map(\.username)
    }

    @Test(
        "are for the host, port and path they name",
        arguments: [
            ("quay.io", "quay.io", "org/app", true),
            ("https://quay.io/", "quay.io", "org/app", true),
            ("http://quay.io", "quay.io", "org/app", true),
            ("https://quay.io/v2/org", "quay.io", "org/app", true),
            ("https://quay.io/v1/", "quay.io", "org/app", true),
            ("https://user@quay.io/?x=y", "quay.io", "org/app", true),
            ("quay.io/org", "quay.io", "org/app", true),
            ("quay.io/org/", "quay.io", "org/app", true),
            ("quay.io/org/app", "quay.io", "org/app", true),
            ("quay.io/org/app", "quay.io", "org/app2", false),
            ("quay.io/org", "quay.io", "organic/x", false),
            ("quay.io/other", "quay.io", "org/app", false),
            ("quay.io:443", "quay.io", "org/app", false),
            ("quay.io", "quay.io:443", "org/app", false),
            ("reg.example:5000/team", "reg.example:5000", "team/app", true),
            ("*.example.com", "a.example.com", "x", true),
            ("*.example.com", "a.b.example.com", "x", false),
            ("*.example.com", "example.com", "x", false),
            ("*.io", "docker.io", "library/nginx", true),
            ("*.io", "quay.io", "x", true),
            ("*", "quay.io", "x", false),
            ("quay.io.evil.example", "quay.io", "x", false),
            ("quay.io", "quay.io.evil.example", "x", false),
            ("quay.io@evil.example", "quay.io", "x", false),
            ("[::1]:5000", "[::1]:5000", "x", true),
            ("docker.io", "docker.io", "library/nginx", true),
            ("https://index.docker.io/v1/", "docker.io", "library/nginx", true),
            ("index.docker.io", "docker.io", "library/nginx", true),
            ("https://index.docker.io/v1", "docker.io", "library/nginx", false),
            ("registry-1.docker.io", "docker.io", "library/nginx", false),
            ("https://index.docker.io/v1/", "localhost", "x", false),
            ("https://index.docker.io/v1/", "quay.io", "x", false),
            ("", "quay.io", "x", false),
            ("https://", "quay.io", "x", false),
            ("quay.io \n", "quay.io", "x", false),
        ])
    func places(_ location: String, _ host: String, _ path: String, _ fits: Bool) throws {
        let text = location.replacing("\n", with: "\\n")
        #expect(Self.users(try Self.keyring([(text, "alice")]), host, path) == (fits ? ["alice"] : []))
    }

    @Test("are tried the more specific first, then in the order of the secrets, each once")
    func order() throws {
        let keyring = try Self.keyring(
            [("quay.io", "alice"), ("*.io", "star")], [("quay.io/org", "bob"), ("quay.io", "carol")],
            [("https://quay.io", "alice")])
        #expect(Self.users(keyring, "quay.io", "org/app") == ["bob", "alice", "carol", "star"])
        #expect(Self.users(keyring, "quay.io", "x") == ["alice", "carol", "star"])
        // The names of Docker Hub count only where nothing else does.
        let hub = try Self.keyring([("index.docker.io", "old"), ("docker.io/library", "new")])
        #expect(Self.users(hub, "docker.io", "library/nginx") == ["new"])
        #expect(Self.users(hub, "docker.io", "org/app") == ["old"])
    }

    @Test("of the installation come after those of the namespace, however specific they are")
    func node() throws {
        let node = try Self.keyring([("quay.io/org", "node"), ("other.example", "node")])
        let namespace = try Self.keyring([("quay.io", "alice")])
        let both = namespace.followed(by: node)
        #expect(Self.users(both, "quay.io", "org/x") == ["alice", "node"])
        #expect(Self.users(both, "quay.io", "x") == ["alice"])
        #expect(Self.users(both, "other.example", "x") == ["node"])
        #expect(Self.users(namespace.followed(by: namespace), "quay.io", "x") == ["alice"])
        #expect(!RegistryKeyring([]).followed(by: node).isEmpty && RegistryKeyring([]).isEmpty)
    }

    @Test("are tried in a bounded number, and those of the installation when the namespace's are refused")
    func bounds() async throws {
        try await FakeRegistry.run(login: .basic(alice)) { registry in
            registry.putImage("x", in: "a", tag: "1")
            let wrong = (0..<50).map { Credentials(username: "u\($0)", password: "p") }
            var policy = PullPolicy.direct
            try await withImporter(policy: policy) { importer in
                let result = await importer.images("\(registry.host)/a:1", credentials: FixedCredentials(list: wrong))
                #expect(result[0].failure?.isUnauthorized == true)
                #expect(registry.server.requests.count < 30)
            }
            let node = try DockerConfiguration(
                parsing: Array(#"{"auths":{"\#(registry.host)":{"username":"alice","password":"secret"}}}"#.utf8),
                form: .nested)
            policy.nodeCredentials = { RegistryKeyring([node]) }
            try await withImporter(policy: policy) { importer in
                let result = await importer.images(
                    "\(registry.host)/a:1", credentials: FixedCredentials(list: [mallory]))
                #expect(result[0].image != nil, "\(result[0].message)")
            }
        }
    }

    @Test("are read from both forms of file")
    func forms() throws {
        let auth = Data("al:ice:pass".utf8).base64EncodedString()
        let entry = #"{"quay.io":{"username":"x","password":"y","auth":"\#(auth)","email":"e"}}"#
        let plain = try DockerConfiguration(parsing: Array(entry.utf8), form: .plain)
        let nested = try DockerConfiguration(parsing: Array(#"{"auths":\#(entry),"x":1}"#.utf8), form: .nested)
        for file in [plain, nested] {
            #expect(file.entries.map(\.credentials) == [Credentials(username: "al", password: "ice:pass")])
        }
        let unpadded = auth.replacing("=", with: "")
        let loose = try DockerConfiguration(parsing: Array(#"{"a.b":{"auth":"\#(unpadded)"}}"#.utf8), form: .plain)
        #expect(loose.entries.map(\.credentials.username) == ["al"])
    }

    @Test(
        "without user or password are nothing",
        arguments: [
            "", "{}", "null", #"{"auths":null}"#, #"{"auths":{}}"#, #"{"auths":{"a.b":{}}}"#,
            #"{"auths":{"a.b":null}}"#, #"{"auths":{"a.b":{"username":"x"}}}"#,
            #"{"auths":{"a.b":{"password":"x"}}}"#, #"{"auths":{"a.b":{"identitytoken":"x"}}}"#,
        ])
    func nothing(_ text: String) throws {
        #expect(try DockerConfiguration(parsing: Array(text.utf8), form: .nested).entries.isEmpty)
    }

    @Test(
        "that are broken say so, without what is in them",
        arguments: [
            "hunter2", "[]", #""hunter2""#, #"{"auths":[]}"#, #"{"auths":{"a.b":"hunter2"}}"#,
            #"{"auths":{"a.b":{"auth":"hunter2!"}}}"#, #"{"auths":{"a.b":{"auth":"aHVudGVyMg=="}}}"#,
            #"{"auths":{"a.b":{"username":["hunter2"]}}}"#,
        ])
    func broken(_ text: String) {
        do {
            _ = try DockerConfiguration(parsing: Array(text.utf8), form: .nested)
            Issue.record("it was read")
        } catch {
            #expect(!error.description.contains("hunter2"))
        }
    }

    @Test("may have wildcards of any kind, in no time that hurts")
    func wildcards() {
        let many = String(repeating: "*a", count: 500)
        #expect(!Wildcard.matches(many[...], String(repeating: "a", count: 499)[...]))
        #expect(Wildcard.matches(many[...], String(repeating: "a", count: 500)[...]))
        for (pattern, text, fits) in [
            ("a*c", "abbc", true), ("a*c", "abbd", false), ("a?c", "abc", true), ("a?c", "ac", false),
            ("[a-c]x", "bx", true), ("[^a-c]x", "bx", false), ("[^a-c]x", "dx", true), ("[", "[", true),
            ("[", "x", false),
            ("[]", "", false), ("[b-a]", "a", false), ("\\*", "*", true), ("\\*", "a", false), ("\\", "\\", true),
            ("\\", "x", false),
            ("*", "", true), ("", "", true), ("**", "x", true),
        ] {
            #expect(Wildcard.matches(pattern[...], text[...]) == fits, "\(pattern) \(text)")
        }
    }

    @Test("open a registry, in turn, and go nowhere else")
    func imports() async throws {
        try await FakeRegistry.run(login: .basic(alice)) { closed in
            try await FakeRegistry.run { open in
                for registry in [closed, open] { registry.putImage("x", in: "team/app", tag: "1") }
                let file = """
                    {"\(closed.host)/team":{"username":"alice","password":"wrong"},\
                    "\(closed.host)":{"username":"alice","password":"secret"}}
                    """
                let keyring = RegistryKeyring([
                    try DockerConfiguration(parsing: Array(file.utf8), form: .plain)
                ])
                try await withImporter { importer in
                    let results = await importer.images(
                        "\(closed.host)/team/app:1", "\(open.host)/team/app:1", credentials: keyring)
                    #expect(results.map(\.message) == ["", ""])
                    #expect(results.allSatisfy { $0.image != nil })
                }
                #expect(open.server.requests.allSatisfy { $0.header("authorization").isEmpty })
                #expect(closed.server.requests.contains { $0.header("authorization") == [FakeRegistry.basic(alice)] })
            }
        }
    }
}
