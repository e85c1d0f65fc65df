import OCI
import Testing

@testable import Registry

@Suite("Names of repositories, tags and digests")
struct NameTests {
    @Test(
        "A repository is a namespace and a stream",
        arguments: [
            "ns/app", "n/a", "a-b/c-d", "ns/a.b", "ns/a_b", "0/1", "ns/a-1.b_2",
            "\(String(repeating: "n", count: 63))/app", "ns/\(String(repeating: "a", count: 252))",
        ])
    func repository(_ text: String) throws {
        let name = try RepositoryPath(parsing: text)
        #expect(name.description == text)
        #expect(RepositoryPath.isReachable(namespace: name.namespace, stream: name.stream))
    }

    @Test(
        "What the grammar, the namespaces or the streams do not have is NAME_INVALID",
        arguments: [
            "", "/", "app", "ns/", "/app", "ns/app/more", "ns//app", "NS/app", "ns/App", "ns/-app", "ns/app-",
            "ns/.app", "ns/app.", "ns/_app", "ns/a..b", "ns/a___b", "ns/a._b", "ns/a.-b", "ns/a b", "ns/ä",
            "ns/a:b", "ns/a@b", "ns\u{0}/app", "n.s/app", "n_s/app", "-ns/app", "ns-/app",
            "\(String(repeating: "n", count: 64))/app", "ns/\(String(repeating: "a", count: 253))",
            // Good enough for OCI, but no stream can be called so.
            "ns/a__b", "ns/a--b",
        ])
    func noRepository(_ text: String) {
        let error = refusal { () throws(RegistryError) in try RepositoryPath(parsing: text) }
        #expect(error?.status == 400)
        #expect(error?.code == .nameInvalid)
    }

    private static let nested: [(name: String, stream: String, nested: String?)] = [
        ("ns/app", "ns/app", nil), ("ns/a.b", "ns/a.b", nil), ("ns/a/b", "ns/a.b", "a/b"),
        ("ns/charts/my-app/x_1", "ns/charts.my-app.x_1", "charts/my-app/x_1"), ("ns/a.b/c", "ns/a.b.c", "a.b/c"),
        ("ns/a/b.c", "ns/a.b.c", "a/b.c"), ("a/b/c/d/e/f", "a/b.c.d.e.f", "b/c/d/e/f"),
        (
            "ns/a/\(String(repeating: "b", count: 250))", "ns/a.\(String(repeating: "b", count: 250))",
            "a/\(String(repeating: "b", count: 250))"
        ),
    ]

    @Test("A longer name is a stream too where that is wanted, and keeps its own form", arguments: nested)
    func nestedRepository(_ text: String, _ stream: String, _ nested: String?) throws {
        let path = try RepositoryPath(parsing: text, nested: .flatten)
        #expect(path.description == stream)
        #expect(path.nested == nested)
        #expect(path.name == text)
        #expect(try path == RepositoryPath(parsing: stream))
        #expect(path.annotations == (nested.map { ["image.openshift.io/repositoryPath": $0] } ?? [:]))
    }

    @Test(
        "A longer name must be one, part by part and put together",
        arguments: [
            "app", "", "ns//b", "ns/a//b", "ns/a/", "/a/b", "n.s/a/b", "ns/A/b", "ns/a/-b", "ns/a/b__c", "ns/a--b/c",
            "ns/a/../b", "ns/a/\(String(repeating: "b", count: 251))",
        ])
    func noNestedRepository(_ text: String) {
        let error = refusal { () throws(RegistryError) in try RepositoryPath(parsing: text, nested: .flatten) }
        #expect(error?.code == .nameInvalid)
    }

    @Test(
        "A stream answers to its own name, and to no long name but the one that it was made by",
        arguments: [
            ("ns/a.b.c", nil as String?, true), ("ns/a.b.c", "a/b/c", true), ("ns/a/b/c", "a/b/c", true),
            ("ns/a/b/c", nil, false), ("ns/a/b/c", "", false), ("ns/a/b.c", "a/b/c", false),
            ("ns/a/b/c", "a.b/c", false),
        ])
    func collision(_ text: String, _ known: String?, _ isGood: Bool) throws {
        let path = try RepositoryPath(parsing: text, nested: .flatten)
        let stream = stream([], annotations: known.map { ["image.openshift.io/repositoryPath": $0] } ?? [:])
        let error = refusal { () throws(RegistryError) in try path.check(stream) }
        #expect((error == nil) == isGood)
        #expect(isGood || error?.status == 400 && error?.code == .nameInvalid)
        #expect(refusal { () throws(RegistryError) in try path.check(nil) } == nil)
    }

    @Test(
        "The catalog shows the name that a stream was made by, if it leads there",
        arguments: [
            (nil as String?, "ns/a.b.c"), ("a/b/c", "ns/a/b/c"), ("a/b.c", "ns/a/b.c"), ("a.b.c", "ns/a.b.c"),
            ("x/y", "ns/a.b.c"), ("a/b/c/", "ns/a.b.c"), ("", "ns/a.b.c"), ("A/b/c", "ns/a.b.c"),
        ])
    func shownName(_ known: String?, _ name: String) {
        let annotations = known.map { ["image.openshift.io/repositoryPath": $0] } ?? [:]
        #expect(path("ns/a.b.c").named(by: stream([], annotations: annotations)).name == name)
    }

    @Test(
        "A stream that was named without a thought of registries may be out of reach",
        arguments: [
            ("ns", "App", false), ("ns", "a/b", false), ("n.s", "app", false), ("ns", "", false), ("", "app", false),
            ("ns", "app", true), ("ns", String(repeating: "a", count: 252), true),
            ("ns", String(repeating: "a", count: 253), false),
        ])
    func reach(_ namespace: String, _ stream: String, _ isReachable: Bool) {
        #expect(RepositoryPath.isReachable(namespace: namespace, stream: stream) == isReachable)
    }

    @Test(
        "A manifest is named by a tag",
        arguments: ["v1", "latest", "_", "A", "0", "a.b-c_d", "1.2.3", String(repeating: "t", count: 128)])
    func tag(_ text: String) throws {
        #expect(try ManifestName(parsing: text) == .tag(text))
    }

    @Test(
        "What is no tag and has no colon is TAG_INVALID",
        arguments: ["", ".", "-v", ".v", "a b", "a/b", "a@b", "ä", "a+b", "v1\n", String(repeating: "t", count: 129)])
    func noTag(_ text: String) {
        let error = refusal { () throws(RegistryError) in try ManifestName(parsing: text) }
        #expect(error?.status == 400)
        #expect(error?.code == .tagInvalid)
    }

    @Test("A manifest is named by a digest in sha256 or sha512", arguments: [Digest.Algorithm.sha256, .sha512])
    func digests(_ algorithm: Digest.Algorithm) throws {
        let name = digest("f", algorithm)
        #expect(try ManifestName(parsing: name.description) == .digest(name))
        #expect(try Digest(supported: name.description) == name)
    }

    @Test(
        "What has a colon and is no supported digest is DIGEST_INVALID",
        arguments: [
            ":", "sha256:", "sha256:abc", "v1:2", "md5:\(String(repeating: "a", count: 32))",
            "sha256:\(String(repeating: "A", count: 64))", "sha256:\(String(repeating: "g", count: 64))",
            "sha256:\(String(repeating: "a", count: 63))", "sha256:\(String(repeating: "a", count: 65))",
            "SHA256:\(String(repeating: "a", count: 64))", "sha512:\(String(repeating: "a", count: 64))",
            "sha384:\(String(repeating: "a", count: 96))",
        ])
    func noDigest(_ text: String) {
        for error in [
            refusal({ () throws(RegistryError) in try ManifestName(parsing: text) }),
            refusal({ () throws(RegistryError) in try Digest(supported: text) }),
        ] {
            #expect(error?.status == 400)
            #expect(error?.code == .digestInvalid)
        }
    }

    @Test(
        "Tags that belong to an image name its digest",
        arguments: ["", ".sig", ".att", ".sbom"])
    func signatureTag(_ suffix: String) {
        let hex = String(repeating: "a", count: 64)
        #expect(SignatureTag("sha256-\(hex)\(suffix)")?.subject == digest("a"))
    }

    @Test(
        "Other tags belong to none",
        arguments: [
            "", "v1", "sha256-", ".sig", "sha256-abc.sig", "sha512-\(String(repeating: "a", count: 128)).sig",
            "sha256-\(String(repeating: "A", count: 64)).sig", "sha256-\(String(repeating: "a", count: 64)).other",
            "sha256-\(String(repeating: "a", count: 64)).att.sig", "xsha256-\(String(repeating: "a", count: 64)).sig",
            "sha256-\(String(repeating: "a", count: 65))", "sha256:\(String(repeating: "a", count: 64)).sig",
        ])
    func noSignatureTag(_ text: String) {
        #expect(SignatureTag(text) == nil)
    }
}
