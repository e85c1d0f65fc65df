import APIServer
import HTTPTypes
import Testing

@testable import Registry

/// spec/registry.md C-6.
@Suite("Where clients reach the registry")
struct PublicAddressTests {
    static let ranges: [(range: String, address: String, isIn: Bool)] = [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("192.168.1.7", "192.168.1.7", true),
        ("192.168.1.7", "192.168.1.8", false), ("192.168.1.0/25", "192.168.1.127", true),
        ("192.168.1.0/25", "192.168.1.128", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "fd00::1", false),
        ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false), ("::/0", "1.2.3.4", true),
        ("::1", "::1", true), ("10.0.0.0/8", "", false), ("10.0.0.0/8", "10.0.0.1:80", false),
    ]

    @Test("A range has the addresses that begin as it does", arguments: ranges)
    func range(_ row: (range: String, address: String, isIn: Bool)) throws {
        #expect(try #require(AddressRange(row.range)).contains(row.address) == row.isIn)
    }

    @Test(
        "What is no range is none",
        arguments: ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0/8", "host", "10.0.0.0/8/8"])
    func noRange(_ text: String) {
        #expect(AddressRange(text) == nil)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var headers: [(name: String, value: String)]
        var isTrusted = true
        var configured: String?
        var base: String
    }

    static let rows: [Row] = [
        Row(testDescription: "nothing said", headers: [], base: "http://r.example:5000"),
        Row(
            testDescription: "the usual fields",
            headers: [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.example, b.example")],
            base: "https://a.example"),
        Row(
            testDescription: "the scheme alone", headers: [("X-Forwarded-Proto", "HTTPS , http")],
            base: "https://r.example:5000"),
        Row(
            testDescription: "the standard's field, before the others",
            headers: [
                ("X-Forwarded-Host", "c.example"),
                ("Forwarded", "for=1.2.3.4; Proto=https;host=\"a.example:8443\", host=b.example"),
            ], base: "https://a.example:8443"),
        Row(
            testDescription: "somebody who is not believed", headers: [("X-Forwarded-Proto", "https")],
            isTrusted: false, base: "http://r.example:5000"),
        Row(
            testDescription: "what is neither scheme nor host",
            headers: [("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Host", "a\"b")], base: "http://r.example:5000"),
        Row(
            testDescription: "what is configured, whatever is said", headers: [("X-Forwarded-Host", "a.example")],
            configured: "https://own.example", base: "https://own.example"),
    ]

    @Test("It is what is configured, what a trusted proxy says, or what the request says", arguments: rows)
    func base(_ row: Row) throws {
        var address = PublicAddress()
        address.configured = row.configured
        if row.isTrusted { address.trustedProxies = [try #require(AddressRange("10.0.0.0/8"))] }
        var headers: HTTPFields = [.host: "r.example:5000"]
        for (name, value) in row.headers { headers.append(HTTPField(name: try #require(.init(name)), value: value)) }
        let request = ServerRequest(
            method: "GET", path: "/v2/", headers: headers, remoteAddress: "10.1.2.3", isSecure: false)
        #expect(address.base(of: request) == row.base)
        #expect(row.base.hasSuffix("//" + address.host(of: request)))

        var answer: HTTPFields = [.location: "/v2/a/b/blobs/uploads/1", .link: "</v2/_catalog?n=1>; rel=\"next\""]
        address.complete(&answer, of: request)
        #expect(answer[.location] == "/v2/a/b/blobs/uploads/1")
        address.isRelative = false
        address.complete(&answer, of: request)
        #expect(answer[.location] == row.base + "/v2/a/b/blobs/uploads/1")
        #expect(answer[.link] == "<\(row.base)/v2/_catalog?n=1>; rel=\"next\"")
    }
}
