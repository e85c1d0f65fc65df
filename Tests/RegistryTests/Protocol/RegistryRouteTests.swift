import OCI
import Testing

@testable import Registry

@Suite("Routes of the registry")
struct RegistryRouteTests {
    private static let hex = String(repeating: "a", count: 64)

    private static let routes: [(String, RegistryRoute)] = [
        ("/v2", RegistryRoute.base), ("/v2/", .base), ("/v2/_catalog", .catalog),
        ("/v2/_oci/ext/discover", .extensions(nil)),
        ("/v2/ns/app/_oci/ext/discover", .extensions(path("ns/app"))),
        ("/v2/ns/app/manifests/latest", .manifest(path("ns/app"), .tag("latest"))),
        ("/v2/ns/app/manifests/sha256:\(hex)", .manifest(path("ns/app"), .digest(digest("a")))),
        ("/v2/ns/app/manifests/sha256%3A\(hex)", .manifest(path("ns/app"), .digest(digest("a")))),
        ("/v2/ns/app/manifests/sha256%3a\(hex)", .manifest(path("ns/app"), .digest(digest("a")))),
        ("/v2/ns/app/blobs/sha256:\(hex)", .blob(path("ns/app"), digest("a"))),
        ("/v2/ns/app/blobs/uploads", .uploads(path("ns/app"))),
        ("/v2/ns/app/blobs/uploads/", .uploads(path("ns/app"))),
        ("/v2/ns/app/blobs/uploads/some-id", .upload(path("ns/app"), id: "some-id")),
        ("/v2/ns/app/tags/list", .tags(path("ns/app"))),
        ("/v2/ns/app/referrers/sha256:\(hex)", .referrers(path("ns/app"), subject: "sha256:\(hex)")),
        ("/v2/ns/app/referrers/nothing", .referrers(path("ns/app"), subject: "nothing")),
        ("/extensions/v2/metrics", .metrics),
        ("/extensions/v2/ns/app/signatures/sha256:\(hex)", .signatures(path("ns/app"), digest("a"))),
        ("/admin/blobs/sha256:\(hex)", .prunedBlob(digest("a"))),
        ("/openshift/token", .token), ("/healthz", .health), ("/", .health),
    ]

    @Test("A path leads where the grammar says, read from the right", arguments: routes)
    func leads(_ text: String, _ route: RegistryRoute) throws {
        #expect(try RegistryRoute(path: text) == route)
    }

    private static let ambiguities: [(String, RegistryRoute)] = [
        ("/v2/ns/blobs/manifests/v1", RegistryRoute.manifest(path("ns/blobs"), .tag("v1"))),
        ("/v2/ns/manifests/manifests/v1", .manifest(path("ns/manifests"), .tag("v1"))),
        ("/v2/ns/tags/tags/list", .tags(path("ns/tags"))),
        ("/v2/tags/list/tags/list", .tags(path("tags/list"))),
        ("/v2/blobs/uploads/blobs/uploads/", .uploads(path("blobs/uploads"))),
        ("/v2/blobs/uploads/tags/list", .tags(path("blobs/uploads"))),
        ("/v2/blobs/uploads/manifests/v1", .manifest(path("blobs/uploads"), .tag("v1"))),
        ("/v2/manifests/v1/blobs/uploads/x", .upload(path("manifests/v1"), id: "x")),
        ("/v2/ns/referrers/referrers/x", .referrers(path("ns/referrers"), subject: "x")),
    ]

    @Test("A repository may be called like a part of the grammar", arguments: ambiguities)
    func ambiguous(_ text: String, _ route: RegistryRoute) throws {
        #expect(try RegistryRoute(path: text) == route)
    }

    private static let nested: [(String, RegistryRoute, String)] = [
        ("/v2/ns/a/b/manifests/v1", RegistryRoute.manifest(path("ns/a.b"), .tag("v1")), "ns/a/b"),
        ("/v2/ns/a/b/c/tags/list", .tags(path("ns/a.b.c")), "ns/a/b/c"),
        ("/v2/ns/a/tags/tags/list", .tags(path("ns/a.tags")), "ns/a/tags"),
        ("/v2/ns/a/blobs/uploads/blobs/uploads/", .uploads(path("ns/a.blobs.uploads")), "ns/a/blobs/uploads"),
        ("/v2/ns/a/b/blobs/uploads/x", .upload(path("ns/a.b"), id: "x"), "ns/a/b"),
        ("/v2/ns/a/b/blobs/sha256:\(hex)", .blob(path("ns/a.b"), digest("a")), "ns/a/b"),
        ("/v2/ns/a/b/referrers/x", .referrers(path("ns/a.b"), subject: "x"), "ns/a/b"),
        ("/v2/ns/a/b/_oci/ext/discover", .extensions(path("ns/a.b")), "ns/a/b"),
        ("/extensions/v2/ns/a/b/signatures/sha256:\(hex)", .signatures(path("ns/a.b"), digest("a")), "ns/a/b"),
        ("/v2/ns/app/tags/list", .tags(path("ns/app")), "ns/app"),
    ]

    @Test("Where longer names are wanted, they lead to streams", arguments: nested)
    func leadsFlattened(_ text: String, _ route: RegistryRoute, _ name: String) throws {
        let found = try RegistryRoute(path: text, nested: .flatten)
        #expect(found == route)
        #expect(found.repository?.name == name)
    }

    private static let strangers: [(String, Int, RegistryError.Code)] = [
        ("", 404, RegistryError.Code.unsupported), ("v2/", 404, .unsupported), ("/v3/", 404, .unsupported),
        ("/healthz/x", 404, .unsupported), ("//", 404, .unsupported),
        ("//x", 404, .unsupported), ("//v2/", 404, .unsupported), ("/openshift/tokens", 404, .unsupported),
        ("/admin/blobs", 404, .unsupported), ("/admin/blobs/x/y", 404, .unsupported),
        ("/extensions/v1/metrics", 404, .unsupported), ("/extensions/v2", 404, .unsupported),
        ("/extensions/v2/ns/app/signatures", 404, .unsupported),
        ("/admin/blobs/sha256:short", 400, .digestInvalid),
        ("/v2/ns/app/blobs/sha256:short", 400, .digestInvalid),
        ("/v2/ns/app/blobs/latest", 400, .digestInvalid),
        ("/v2/ns/app/manifests/sha256:short", 400, .digestInvalid),
        ("/v2/ns/app/manifests/sha384:\(String(repeating: "a", count: 96))", 400, .digestInvalid),
        ("/v2/ns/app/manifests/-v1", 400, .tagInvalid),
        ("/v2/ns/app/manifests/", 400, .tagInvalid),
        ("/v2/app/tags/list", 400, .nameInvalid), ("/v2/a/b/c/tags/list", 400, .nameInvalid),
        ("/v2/NS/app/tags/list", 400, .nameInvalid), ("/v2//app/tags/list", 400, .nameInvalid),
        ("/v2/ns//app/tags/list", 400, .nameInvalid),
        ("/v2/ns/app/extra/blobs/uploads/", 400, .nameInvalid),
        ("/v2/ns%2Fapp/tags/list", 400, .nameInvalid), ("/v2/../ns/app/tags/list", 400, .nameInvalid),
        ("/v2/ns/%2e%2e/tags/list", 400, .nameInvalid), ("/v2/ns/app/manifests/%2E", 400, .nameInvalid),
        ("/v2/ns/app/manifests/a%2Fb", 400, .nameInvalid), ("/v2/x", 404, .nameInvalid),
        ("/v2/ns/app", 404, .unsupported), ("/v2/ns/app/foo", 404, .unsupported),
        ("/v2/ns/app/tags/lst", 404, .unsupported), ("/v2/ns/app/tags/list/", 404, .unsupported),
        ("/v2/ns/app/blobs", 404, .unsupported), ("/v2/NS/app/foo", 404, .nameInvalid),
        ("/v2/_catalog/", 404, .nameInvalid),
    ]

    @Test("What is no path of the registry is refused with the fitting code", arguments: strangers)
    func refused(_ text: String, _ status: Int, _ code: RegistryError.Code) {
        let error = refusal { () throws(RegistryError) in try RegistryRoute(path: text) }
        #expect(error?.status == status)
        #expect(error?.code == code)
    }

    @Test(
        "Escapes are decoded once",
        arguments: ["/v2/ns/app/manifests/sha256%253A\(hex)", "/v2/ns%252Fapp/tags/list"])
    func once(_ text: String) {
        #expect(refusal { () throws(RegistryError) in try RegistryRoute(path: text) }?.code != nil)
    }

    @Test(
        "On a listener that is shared with the API, only what is the registry's goes to it",
        arguments: [
            ("/v2", true), ("/v2/", true), ("/v2/x", true), ("/v2x", false), ("/extensions/v2/metrics", true),
            ("/extensions/v2", false), ("/admin/blobs/x", true), ("/admin", false), ("/openshift/token", true),
            ("/openshift/token/", false), ("/healthz", false), ("/", false), ("/apis", false),
        ])
    func owns(_ text: String, _ isOwn: Bool) {
        #expect(RegistryRoute.owns(text) == isOwn)
    }

    private static let knownMethods: [(RegistryRoute, [String])] = [
        (RegistryRoute.base, ["GET", "HEAD"]), (.catalog, ["GET", "HEAD"]),
        (.manifest(path("ns/app"), .tag("v1")), ["GET", "HEAD", "PUT", "DELETE"]),
        (.uploads(path("ns/app")), ["POST"]),
        (.upload(path("ns/app"), id: "x"), ["GET", "HEAD", "PATCH", "PUT", "DELETE"]),
        (.blob(path("ns/app"), digest("a")), ["GET", "HEAD", "DELETE"]),
        (.signatures(path("ns/app"), digest("a")), ["GET", "HEAD", "PUT"]),
        (.token, ["GET", "HEAD", "POST"]), (.prunedBlob(digest("a")), ["DELETE"]),
    ]

    @Test("A route says which methods it knows", arguments: knownMethods)
    func methods(_ route: RegistryRoute, _ methods: [String]) {
        #expect(route.methods == methods)
    }

    @Test("A route of a repository names it, all others none")
    func repository() {
        #expect(RegistryRoute.tags(path("ns/app")).repository == path("ns/app"))
        #expect(RegistryRoute.extensions(path("ns/app")).repository == path("ns/app"))
        for route in [RegistryRoute.base, .catalog, .metrics, .token, .health, .extensions(nil)] {
            #expect(route.repository == nil)
        }
    }
}
