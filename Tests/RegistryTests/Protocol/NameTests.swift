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
