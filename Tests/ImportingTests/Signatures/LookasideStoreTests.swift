import OCI
import Testing

@testable import Importing

private let hex = String(repeating: "0", count: 64)

private func image(_ repository: String, host: String = "h.example") throws -> SignedImage {
    let repository = RepositoryName(host: host, path: repository)
    let digest = try Digest(parsing: "sha256:\(hex)")
    return SignedImage(reference: RemoteReference(repository: repository, digest: digest), digest: digest)
}

@Suite("Lookaside stores")
struct LookasideStoreTests {
    @Test(
        "say where a signature lies",
        arguments: [
            (
                "https://sigstore.example",
                LookasideStore.Location.url("https://sigstore.example/ubi9/ubi@sha256=\(hex)/signature-1")
            ),
            ("https://s.example/", .url("https://s.example/ubi9/ubi@sha256=\(hex)/signature-1")),
            ("HTTP://s.example:80/a/b//", .url("HTTP://s.example:80/a/b/ubi9/ubi@sha256=\(hex)/signature-1")),
            ("https://s.example/a?key=1#x", .url("https://s.example/a/ubi9/ubi@sha256=\(hex)/signature-1?key=1")),
            ("file:///var/lib/sigs", .file("/var/lib/sigs/ubi9/ubi@sha256=\(hex)/signature-1")),
            ("file:///a%20b/", .file("/a b/ubi9/ubi@sha256=\(hex)/signature-1")),
            ("file:///", .file("/ubi9/ubi@sha256=\(hex)/signature-1")),
        ])
    func locations(url: String, expected: LookasideStore.Location) throws {
        #expect(try LookasideStore(url).location(of: 1, for: image("ubi9/ubi")) == expected)
    }

    @Test("count from one")
    func numbers() throws {
        let store = try LookasideStore("file:///s")
        #expect(try store.location(of: 12, for: image("a")) == .file("/s/a@sha256=\(hex)/signature-12"))
        #expect(
            try LookasideStore.standard.location(of: 1, for: image("a"))
                == .file("/var/lib/containers/sigstore/a@sha256=\(hex)/signature-1"))
    }

    @Test(
        "have a URL that can be used",
        arguments: [
            "", "sigs", "/var/lib/sigs", "docker://x", "ftp://x/y", "https://", "https:///x", "https://user:pw@x/y",
            "file:relative", "file://host/share", "file:/one", "file:///a%00b", "file:///a%zz",
        ])
    func refused(url: String) {
        #expect(throws: LookasideStore.Invalid.self) { try LookasideStore(url) }
    }

    @Test(
        "are never left by way of a repository",
        arguments: [
            "..", "../x", "a/../../etc", "a/..", "./a", "a/.", "a//b", "/etc", "a/", "", "a?b", "a#b", "%2e%2e/a",
            "a\0b",
        ])
    func escapes(path: String) throws {
        for url in ["file:///s", "https://s.example"] {
            #expect(try LookasideStore(url).location(of: 1, for: image(path)) == nil)
        }
    }

    @Test(
        "get no such repository from an Image in the first place",
        arguments: [
            "h.example/../../etc/passwd", "h.example/a/../b", "../x", "h.example/a/./b", "h.example//a", "..", "",
        ])
    func references(text: String) {
        #expect(SignedImage(reference: "\(text)@sha256:\(hex)", name: "sha256:\(hex)") == nil)
        #expect(SignedImage(reference: text, name: "sha256:\(hex)") == nil)
    }

    @Test("take the digest of the reference, else the Image's name")
    func digests() throws {
        let other = "sha256:" + String(repeating: "1", count: 64)
        func digest(_ reference: String, _ name: String) -> String? {
            SignedImage(reference: reference, name: name)?.digest.description
        }
        #expect(digest("h.example/a@\(other)", "sha256:\(hex)") == other)
        #expect(digest("h.example/a:1@\(other)", "img") == other)
        #expect(digest("h.example/a:1", other) == other)
        #expect(digest("h.example/a", other) == other)
        #expect(digest("h.example/a:1", "img") == nil)
        #expect(digest("", other) == nil)
        #expect(SignedImage(reference: "app", name: other)?.repository.description == "docker.io/library/app")
    }
}
