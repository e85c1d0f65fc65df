import Foundation
import OCI
import RegistryTesting
import Testing

@testable import RegistryClient

/// spec/registry.md PT-7.
@Suite("Where registries may send requests")
struct RedirectGuardTests {
    private static let scopes: [(String, AddressScope)] = [
        ("8.8.8.8", AddressScope.internet), ("172.15.0.1", .internet), ("172.32.0.1", .internet),
        ("100.63.0.1", .internet),
        ("2001:db8::1", .internet), ("::ffff:8.8.8.8", .internet), ("[2001:db8::1]", .internet),
        ("10.1.2.3", .privateNetwork), ("172.16.0.1", .privateNetwork), ("172.31.255.1", .privateNetwork),
        ("192.168.1.1", .privateNetwork), ("100.64.0.1", .privateNetwork), ("198.18.0.1", .privateNetwork),
        ("fd12::1", .privateNetwork), ("fc00::1", .privateNetwork), ("fec0::1", .privateNetwork),
        ("::ffff:10.0.0.1", .privateNetwork), ("64:ff9b::a00:1", .privateNetwork), ("2002:a00:1::", .privateNetwork),
        ("127.0.0.1", .loopback), ("127.8.8.8", .loopback), ("::1", .loopback), ("[::1]", .loopback),
        ("::ffff:127.0.0.1", .loopback), ("2002:7f00:1::", .loopback),
        ("0.0.0.0", .nowhere), ("169.254.169.254", .nowhere), ("224.0.0.1", .nowhere), ("255.255.255.255", .nowhere),
        ("100.100.100.200", .nowhere), ("::", .nowhere), ("fe80::1", .nowhere), ("febf::1", .nowhere),
        ("ff02::1", .nowhere), ("::ffff:169.254.169.254", .nowhere), ("64:ff9b::a9fe:a9fe", .nowhere),
        ("2002:a9fe:a9fe::1", .nowhere), ("fd00:ec2::254", .nowhere), ("::127.0.0.1", .nowhere),
    ]

    @Test("Addresses are known by where they are reached from", arguments: scopes)
    func scope(_ text: String, _ scope: AddressScope) async throws {
        #expect(try await HostAddress.all(of: text).map(\.scope) == [scope])
    }

    @Test("What is no address of the internet is reached from nowhere", arguments: [[], [1, 2, 3], [10, 0, 0, 0, 1]])
    func noAddress(_ bytes: [UInt8]) {
        #expect(AddressScope(bytes) == .nowhere)
    }

    /// Who sends, where to, whether that is followed, and whether it is where private networks are allowed.
    private static let redirects: [(home: String, target: String, isFollowed: Bool, isAllowed: Bool)] = [
        ("8.8.8.8", "9.9.9.9", true, true), ("8.8.8.8", "10.0.0.1", false, true), ("8.8.8.8", "[fd12::1]", false, true),
        ("8.8.8.8", "127.0.0.1", false, false), ("8.8.8.8", "[::1]", false, false),
        ("8.8.8.8", "169.254.169.254", false, false), ("8.8.8.8", "[::ffff:169.254.169.254]", false, false),
        ("8.8.8.8", "localhost", false, false),
        ("10.0.0.1", "8.8.8.8", true, true), ("10.0.0.1", "192.168.0.1", true, true),
        ("10.0.0.1", "127.0.0.1", false, false), ("10.0.0.1", "169.254.169.254", false, false),
        ("127.0.0.1", "[::1]", true, true), ("127.0.0.1", "10.0.0.1", true, true),
        ("127.0.0.1", "169.254.169.254", false, false),
        // Nobody there to ask whose network it is.
        ("registry.example.invalid", "10.0.0.1", false, true),
        // A host may always send to itself.
        ("10.0.0.1", "10.0.0.1", true, true), ("169.254.169.254", "169.254.169.254", true, true),
    ]

    @Test("A redirect leads nowhere where the registry could not be itself", arguments: redirects)
    func redirect(_ home: String, _ target: String, _ isFollowed: Bool, _ isAllowed: Bool) async throws {
        let (home, target) = (
            try #require(WebAddress("https://\(home)/")), try #require(WebAddress("https://\(target)/x"))
        )
        for (allowsPrivate, expected) in [(false, isFollowed), (true, isAllowed)] {
            do {
                let found = try await RedirectGuard(allowsPrivate: allowsPrivate).addresses(of: target, sentBy: home)
                #expect(expected, "private: \(allowsPrivate)")
                #expect(found.isEmpty == (home.host == target.host))
            } catch {
                #expect(!expected, "\(error.text)")
                #expect(
                    error.text.hasPrefix("refusing the redirect to \"https://\(target.host)/x\": its address is not"))
            }
        }
    }

    @Test("A host that is not found is told as such")
    func unknownHost() async throws {
        let target = try #require(WebAddress("https://nothing.example.invalid/"))
        let home = try #require(WebAddress("https://8.8.8.8/"))
        let error = await failure { () async throws(RegistryError) in
            try await RedirectGuard(allowsPrivate: false).addresses(of: target, sentBy: home)
        }
        #expect(error?.text.contains("nothing.example.invalid") == true && error?.text.contains("no such host") == true)
    }

    @Test("Blobs come from other hosts by connections to the address that was looked at; what is refused is not asked")
    func transfer() async throws {
        let elsewhere = try await TestServer.start { _ in TestResponse(200, text: "moved") }
        try await FakeRegistry.run(login: .basic(alice)) { registry in
            let port = elsewhere.host.split(separator: ":").last ?? ""
            let digest = Digest.sha256(of: Array("moved".utf8))
            registry.intercept { request in
                guard request.path.contains("/blobs/") else { return nil }
                let host = request.path.hasPrefix("/v2/bad/") ? "169.254.169.254" : "localhost"
                return TestResponse(307, [("Location", "http://\(host):\(port)/blob")])
            }
            try await withClient { client in
                let blob = try await client.blob(digest, in: registry.repository("a"), access: access(alice))
                #expect(blob == Array("moved".utf8))
                let download = try await client.download(digest, in: registry.repository("a"), access: access(alice))
                var bytes: [UInt8] = []
                try await download.read { bytes += $0 }
                #expect(bytes == blob)
                let error = await failure { () async throws(RegistryError) in
                    try await client.blob(digest, in: registry.repository("bad"), access: access(alice))
                }
                #expect(
                    error?.text == "refusing the redirect to \"http://169.254.169.254:\(port)/blob\": "
                        + "its address is not one that 127.0.0.1 may send requests to")
            }
            #expect(elsewhere.lines == ["GET /blob", "GET /blob"])
            #expect(elsewhere.requests.allSatisfy { $0.header("host") == ["localhost:\(port)"] })
        }
        await elsewhere.stop()
    }

    @Test("A token server is named by the registry, and is where the registry may send requests")
    func tokenServer() async throws {
        try await FakeRegistry.run(login: .bearer(alice, realm: "http://169.254.169.254/latest")) { registry in
            registry.putImage("x", in: "a", tag: "1")
            try await withClient { client in
                let error = await failure { () async throws(RegistryError) in
                    try await client.manifest(registry.reference("a", "1"), access: access(nil))
                }
                #expect(
                    error?.text.contains("is not one that 127.0.0.1 may send requests to") == true,
                    "\(error?.text ?? "")")
            }
        }
    }
}
