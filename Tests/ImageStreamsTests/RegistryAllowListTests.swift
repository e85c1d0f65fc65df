import OCI
import Testing

@testable import ImageStreams

@Suite("The allow-list of registries")
struct RegistryAllowListTests {
    private static let entries = [
        AllowedRegistry(domainName: "quay.io"), AllowedRegistry(domainName: "docker.io"),
        AllowedRegistry(domainName: "*.corp.example:5000"),
        AllowedRegistry(domainName: "plain.example", insecure: true),
    ]

    private func list(
        _ entries: [AllowedRegistry] = entries, internalRegistry: String = ""
    ) throws -> RegistryAllowList {
        try RegistryAllowList(entries, internalRegistry: internalRegistry)
    }

    @Test(
        "sources of imports are tested by host and port",
        arguments: [
            ("quay.io/a/b", false, true), ("quay.io/a/b", true, false), ("nginx", false, true),
            ("docker.io/library/nginx", false, true), ("r1.corp.example:5000/x", false, true),
            ("corp.example:5000/x", false, false), ("plain.example/x", false, false), ("plain.example/x", true, true),
        ])
    func imports(_ text: String, _ insecure: Bool, _ isAllowed: Bool) throws {
        let reference = try ImageReference(parsing: text)
        #expect((try list().importRefusal(of: reference, insecure: insecure) == nil) == isAllowed)
    }

    @Test(
        "stored pull specs may be reached either way where the tag says insecure",
        arguments: [
            ("plain.example/x", RegistryAllowList.Transport.secure, false), ("plain.example/x", .any, true),
            ("quay.io/a/b", .any, true), ("quay.io:443/a/b", .any, true), ("quay.io:80/a/b", .any, false),
            ("nginx", .any, true), ("r1.corp.example/x", .any, false),
        ])
    func transports(_ text: String, _ transport: RegistryAllowList.Transport, _ isAllowed: Bool) throws {
        let reference = try ImageReference(parsing: text)
        #expect((try list().refusal(of: reference, transport: transport) == nil) == isAllowed)
    }

    @Test("a refusal names the registry and the list, at most five entries of it")
    func texts() throws {
        let short = try list([
            AllowedRegistry(domainName: "example.com"), AllowedRegistry(domainName: "localhost:5000"),
        ])
        let reference = try ImageReference(parsing: "registry.ltd/a/b")
        #expect(
            short.refusal(of: reference, transport: .secure)
                == "registry \"registry.ltd\" not allowed by whitelist: \"example.com:443\", \"localhost:5000\"")
        #expect(
            short.importRefusal(of: reference, insecure: true)
                == "importing images from registry \"registry.ltd:80\" is forbidden: registry \"registry.ltd:80\" not allowed by whitelist: \"example.com:443\", \"localhost:5000\""
        )
        let long = try list((1...6).map { AllowedRegistry(domainName: "r\($0)") })
        #expect(
            long.refusal(of: reference, transport: .secure)?.hasSuffix(
                "\"r1:443\", \"r2:443\", \"r3:443\", \"r4:443\", and 2 more ...") == true)
    }

    @Test("the integrated registry is always allowed, an empty list allows everything")
    func always() throws {
        let internalSpec = try ImageReference(parsing: "registry:5000/demo/app")
        #expect(try list(internalRegistry: "registry:5000").refusal(of: internalSpec, transport: .secure) == nil)
        #expect(try list().refusal(of: internalSpec, transport: .secure) != nil)
        #expect(try list([]).allowsEverything)
    }

    @Test("what a stream refers to already stays allowed")
    func exempting() throws {
        let reference = try ImageReference(parsing: "elsewhere.example/a/b:2")
        let other = try ImageReference(parsing: "elsewhere.example/a/c:2")
        let exempted = try list().exempting(["elsewhere.example/a/b@\(digest("a"))", "NOT VALID"])
        #expect(exempted.refusal(of: reference, transport: .secure) == nil)
        #expect(exempted.refusal(of: other, transport: .secure) != nil)
    }

    @Test("more than one colon is a mistake")
    func configuration() {
        #expect(
            throws: RegistryAllowList.ConfigurationError(
                text: "failed to parse allowed registry \"a:b:c\": too many colons")
        ) {
            try RegistryAllowList([AllowedRegistry(domainName: "a:b:c")], internalRegistry: "")
        }
    }

    @Test(
        "globs match whole texts",
        arguments: [
            ("*", "", true), ("*", "a.b", true), ("a?c", "abc", true), ("a?c", "ac", false), ("a*c", "abbc", true),
            ("a*c", "abb", false), ("*.b.*", "a.b.c.b.d", true), ("", "a", false), ("a", "A", false),
            ("**a", "ba", true),
        ])
    func globs(_ pattern: String, _ text: String, _ isMatch: Bool) {
        #expect(Glob.matches(pattern, text) == isMatch)
    }
}
