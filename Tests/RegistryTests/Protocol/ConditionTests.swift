import APIServer
import HTTPTypes
import OCI
import Testing

@testable import Registry

@Suite("Conditions, negotiation and pages")
struct ConditionTests {
    private static let tags: [(String, Bool)] = [
        ("\"\(digest("a"))\"", true), ("\(digest("a"))", true), ("W/\"\(digest("a"))\"", true), ("*", true),
        (" \t\"\(digest("a"))\" ", true), ("\"\(digest("b"))\", \"\(digest("a"))\"", true), ("\"x\",*", true),
        ("", false), (",", false), ("\"\(digest("b"))\"", false), ("\"\(digest("a"))", false), ("a", false),
        ("\"\"", false), ("\"", false), ("W/", false), ("sha256:", false),
    ]

    @Test("A list of tags names a digest with and without quotes and weakness", arguments: tags)
    func contains(_ header: String, _ isNamed: Bool) {
        #expect(EntityTags.contains(header, digest("a").description) == isNamed)
    }

    @Test("Several headers are one list; none is none")
    func list() {
        var headers = HTTPFields()
        #expect(EntityTags.list(.ifMatch, in: headers) == nil)
        headers.append(HTTPField(name: .ifMatch, value: "\"a\""))
        headers.append(HTTPField(name: .ifMatch, value: "\"b\""))
        #expect(EntityTags.list(.ifMatch, in: headers) == "\"a\",\"b\"")
        #expect(EntityTags.list(.ifNoneMatch, in: headers) == nil)
    }

    struct Negotiation: Sendable, CustomTestStringConvertible {
        var type: String
        var accept: [String]
        var isByTag = true
        var expected: ManifestNegotiation
        var testDescription: String { "\(type) for \(accept)" }
    }

    static let negotiations: [Negotiation] = [
        Negotiation(type: MediaType.ociIndex, accept: [], expected: .stored),
        Negotiation(type: MediaType.ociIndex, accept: ["*/*"], expected: .stored),
        Negotiation(type: MediaType.ociIndex, accept: ["application/json"], expected: .stored),
        Negotiation(type: MediaType.ociIndex, accept: ["text/html", "*/*;q=0.1"], expected: .stored),
        Negotiation(type: MediaType.ociIndex, accept: [MediaType.ociIndex], expected: .stored),
        Negotiation(type: MediaType.ociIndex, accept: ["\(MediaType.ociIndex);q=0.5"], expected: .stored),
        Negotiation(type: MediaType.ociIndex, accept: ["text/html"], expected: .stored),
        Negotiation(type: MediaType.ociIndex, accept: [MediaType.ociManifest], expected: .child),
        Negotiation(type: MediaType.ociIndex, accept: [MediaType.dockerManifest], expected: .child),
        Negotiation(type: MediaType.dockerManifestList, accept: [MediaType.dockerManifest], expected: .child),
        Negotiation(
            type: MediaType.ociIndex, accept: ["\(MediaType.ociIndex);q=0", MediaType.ociManifest], expected: .child),
        Negotiation(
            type: MediaType.ociIndex, accept: [MediaType.ociManifest], isByTag: false, expected: .stored),
        Negotiation(
            type: MediaType.ociManifest, accept: [MediaType.dockerManifest],
            expected: .refused("OCI manifest found, but accept header does not support OCI manifests")),
        Negotiation(
            type: MediaType.dockerManifest, accept: [MediaType.ociManifest],
            expected: .refused("Docker manifest found, but accept header does not support Docker manifests")),
        Negotiation(
            type: MediaType.ociIndex, accept: [MediaType.dockerManifest, MediaType.dockerManifestList],
            expected: .refused("OCI index found, but accept header does not support OCI indexes")),
        Negotiation(
            type: MediaType.dockerManifestList, accept: [MediaType.ociIndex],
            expected: .refused("Docker manifest list found, but accept header does not support Docker manifest lists")),
        Negotiation(
            type: "application/vnd.example+json", accept: [MediaType.ociManifest], expected: .stored),
    ]

    @Test("A client gets what it accepts, its platform's image out of a list, or the reason", arguments: negotiations)
    func negotiated(_ row: Negotiation) {
        let seen = ManifestNegotiation.decide(
            type: row.type, accept: row.accept.joined(separator: ","), isByTag: row.isByTag)
        #expect(seen == row.expected)
    }

    @Test(
        "Some clients take images and no lists",
        arguments: [
            ("", false), ("*/*", false), (MediaType.ociManifest, true), (MediaType.ociIndex, false),
            ("\(MediaType.ociManifest),\(MediaType.ociIndex)", false), ("\(MediaType.ociManifest), */*;q=0.1", false),
            ("\(MediaType.ociManifest),\(MediaType.ociIndex);q=0", true), (MediaType.schema1, false), ("a/b", false),
        ])
    func images(_ accept: String, _ wantsImages: Bool) {
        #expect(ManifestNegotiation.wantsImages(accept) == wantsImages)
    }

    @Test(
        "Types that are ruled out do not count, nor do case and blanks",
        arguments: [
            ("", []), ("a/b", ["a/b"]), ("A/B ; q=0.5, c/d", ["a/b", "c/d"]), ("a/b;q=0", []), ("a/b; q=0.000", []),
            ("a/b;Q=0", []), (",,", []), ("a/b;x=q=0", ["a/b"]),
        ] as [(String, Set<String>)])
    func types(_ accept: String, _ expected: Set<String>) {
        #expect(ManifestNegotiation.types(in: accept) == expected)
    }

    @Test(
        "A page has a length and a beginning, if the client says so",
        arguments: [
            ("", nil, ""), ("n=5", 5, ""), ("n=0", 0, ""), ("last=v1", nil, "v1"), ("n=2&last=a%2Bb", 2, "a+b"),
            ("n=99999999999999999999999", Int.max, ""), ("n=007", 7, ""),
        ] as [(String, Int?, String)])
    func page(_ query: String, _ limit: Int?, _ last: String) throws {
        let page = try PageQuery(QueryParameters(query))
        #expect(page.limit == limit)
        #expect(page.last == last)
    }

    @Test(
        "A length that is no number of entries is PAGINATION_NUMBER_INVALID",
        arguments: ["n=", "n", "n=-1", "n=%2B1", "n=a", "n=1.5", "n=1e3", "n=0x1", "n=1%20", "n=٣"])
    func noPage(_ query: String) {
        let error = refusal { () throws(RegistryError) in try PageQuery(QueryParameters(query)) }
        #expect(error?.status == 400)
        #expect(error?.code == .paginationNumberInvalid)
    }

    @Test("The link to the next page is relative, and its values are escaped")
    func next() {
        #expect(
            PageQuery.next("/v2/ns/app/tags/list", last: "b", limit: 2)
                == "</v2/ns/app/tags/list?last=b&n=2>; rel=\"next\"")
        #expect(
            PageQuery.next("/v2/_catalog", last: "ns/a>\"ä&", limit: nil, further: [("type", "a+b/c")])
                == "</v2/_catalog?last=ns%2Fa%3E%22%C3%A4%26&type=a%2Bb%2Fc>; rel=\"next\"")
    }
}
