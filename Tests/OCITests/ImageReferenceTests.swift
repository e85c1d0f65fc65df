import OCI
import Testing

@Suite("Image references")
struct ImageReferenceTests {
    static let d = "sha256:" + String(repeating: "3c87c572822935df60f0f5d3665bd376", count: 2)
    static let hex = String(d.dropFirst(7))

    struct Parsed: Sendable {
        let text: String
        let parts: ImageReference
        init(_ text: String, _ registry: String, _ namespace: String, _ name: String, _ tag: String, _ id: String) {
            self.text = text
            parts = ImageReference(registry: registry, namespace: namespace, name: name, tag: tag, id: id)
        }
    }

    static let parsed = [
        Parsed("foo", "", "", "foo", "", ""),
        Parsed("foo:tag", "", "", "foo", "tag", ""),
        Parsed(d, "", "", "sha256", hex, ""),
        Parsed("foo@\(d)", "", "", "foo", "", d),
        Parsed("bar/foo", "", "bar", "foo", "", ""),
        Parsed("bar/foo/baz:t", "", "bar", "foo/baz", "t", ""),
        Parsed("bar:5000/baz", "bar:5000", "", "baz", "", ""),
        Parsed("bar:5000/foo/baz", "bar:5000", "foo", "baz", "", ""),
        Parsed("docker.io/user/project/app", "docker.io", "user", "project/app", "", ""),
        Parsed("localhost/bar", "localhost", "", "bar", "", ""),
        Parsed("localhost:5000/x", "localhost:5000", "", "x", "", ""),
        Parsed("quay.io", "quay.io", "", "", "", ""),
        Parsed("foo.bar", "foo.bar", "", "", "", ""),
        Parsed("localhost:5000", "localhost:5000", "", "", "", ""),
        Parsed("localhostess", "localhostess", "", "", "", ""),
        Parsed("my.image:1.0", "my.image:1.0", "", "", "", ""),
        Parsed("a/b:t@\(d)", "", "a", "b", "t", d),
        Parsed("a/b@\(d)", "", "a", "b", "", d),
        Parsed("quay.io/a/b/c:1", "quay.io", "a", "b/c", "1", ""),
        Parsed("Quay.IO/a/b", "Quay.IO", "a", "b", "", ""),
        Parsed("a--b/c__d/e.f:_", "", "a--b", "c__d/e.f", "_", ""),
        Parsed("127.0.0.1:5000/conf/simple:v1", "127.0.0.1:5000", "conf", "simple", "v1", ""),
        Parsed("localhost/a/b", "localhost", "a", "b", "", ""),
    ]

    @Test("A pull spec is split into registry, namespace, name, tag and id", arguments: parsed)
    func splitting(example: Parsed) throws {
        #expect(try ImageReference(parsing: example.text) == example.parts)
    }

    @Test(
        "What is no pull spec is refused with the text of the rule it breaks",
        arguments: [
            ("", "repository name must have at least one component"),
            ("A/B", "repository name must be lowercase"),
            ("registry.io/foo/bar/:Tag", "invalid reference format"),
            ("https://bar:5000/foo", "invalid reference format"),
            ("registry:3000/x/imageStream:s", "repository name must be lowercase"),
            ("r:5000/x/y@sha256:" + String(repeating: "0", count: 32), "invalid checksum digest length"),
            ("x/y@sha999:" + String(repeating: "0", count: 64), "unsupported digest algorithm"),
            ("x@sha256:ffff", "invalid reference format"),
            ("abc@badid", "invalid reference format"),
            ("@sha256:" + String(repeating: "0", count: 64), "invalid reference format"),
            (":tag", "invalid reference format"),
            ("bar/foo////x", "invalid reference format"),
            ("//foo/x", "invalid reference format"),
            ("*", "invalid reference format"), ("a b", "invalid reference format"),
            ("a/b/", "invalid reference format"), ("a:b:c", "invalid reference format"),
            ("a@b@c", "invalid reference format"), ("a___b", "invalid reference format"),
            ("a..b", "invalid reference format"), ("-a", "invalid reference format"),
            ("x:" + String(repeating: "t", count: 129), "invalid reference format"),
            ("-host.io/x/y", "invalid reference format"), ("h:/x", "invalid reference format"),
            ("a\u{0}b", "invalid reference format"), ("grüße", "invalid reference format"),
            (String(repeating: "a/", count: 127) + "aa", "repository name must not be more than 255 characters"),
        ])
    func refusing(text: String, message: String) {
        do {
            let parsed = try ImageReference(parsing: text)
            Issue.record("parsed as \(parsed)")
        } catch {
            #expect(error.text == message)
        }
    }

    @Test("A name of 255 characters and a tag of 128 pass")
    func limits() throws {
        let name = String(repeating: "a/", count: 127) + "a"
        #expect(try ImageReference(parsing: name + ":" + String(repeating: "t", count: 128)).tag.utf8.count == 128)
    }

    @Test("Rendering prefers the digest, then an id that is none, then the tag")
    func rendering() throws {
        #expect(try ImageReference(parsing: "docker.io/nginx").exact == "docker.io/nginx")
        #expect(try ImageReference(parsing: "docker.io/nginx").string == "docker.io/library/nginx")
        #expect(try ImageReference(parsing: "nginx").string == "nginx")
        #expect(try ImageReference(parsing: "a:t@\(Self.d)").exact == "a@\(Self.d)")
        #expect(ImageReference(name: "a", tag: "t", id: "abc").exact == "a:abc")
        #expect(try ImageReference(parsing: "quay.io").exact == "")
        #expect(try ImageReference(parsing: "q.io/a/b/c:1").exact == "q.io/a/b/c:1")
    }

    @Test("Client defaults fill in registry, namespace and tag")
    func clientDefaults() throws {
        #expect(try ImageReference(parsing: "nginx").withClientDefaults().exact == "docker.io/library/nginx:latest")
        #expect(
            try ImageReference(parsing: "index.docker.io/x").withClientDefaults().exact
                == "index.docker.io/library/x:latest")
        #expect(try ImageReference(parsing: "quay.io/x").withClientDefaults().exact == "quay.io/x:latest")
        #expect(try ImageReference(parsing: "a@\(Self.d)").withClientDefaults().tag == "latest")
        #expect(
            try ImageReference(parsing: "nginx").isEquivalent(
                to: ImageReference(parsing: "docker.io/library/nginx:latest")))
        #expect(try !ImageReference(parsing: "nginx").isEquivalent(to: ImageReference(parsing: "quay.io/nginx")))
    }

    @Test("The other operations follow their definitions")
    func operations() throws {
        let full = try ImageReference(parsing: "index.docker.io/library/nginx:latest")
        #expect(full.daemonMinimal().exact == "docker.io/nginx")
        #expect(full.asV2().registry == "registry-1.docker.io")
        #expect(full.registryURL == "https://registry-1.docker.io")
        #expect(try ImageReference(parsing: "quay.io/library/x:latest").daemonMinimal().exact == "quay.io/library/x")
        #expect(try ImageReference(parsing: "a/b:t@\(Self.d)").asRepository().exact == "a/b")
        #expect(
            try ImageReference(parsing: "a/b:t@\(Self.d)").mostSpecific()
                == ImageReference(namespace: "a", name: "b", id: Self.d))
        #expect(ImageReference(name: "b", id: "abc").mostSpecific() == ImageReference(name: "b", tag: "abc"))
        #expect(
            ImageReference(name: "b", tag: "t", id: "abc").mostSpecific()
                == ImageReference(name: "b", tag: "t", id: "abc"))
        #expect(ImageReference(name: "b").registryHostPort(insecure: false) == ("registry-1.docker.io", "443"))
        #expect(ImageReference(registry: "r:5000", name: "b").registryHostPort(insecure: true) == ("r", "5000"))
        #expect(ImageReference(registry: "r.io", name: "b").registryHostPort(insecure: true) == ("r.io", "80"))
    }

    @Test(
        "The normalised form is complete",
        arguments: [
            ("test", "docker.io/library/test:latest"),
            ("org/test:1", "docker.io/org/test:1"),
            ("docker.io/test", "docker.io/library/test:latest"),
            ("index.docker.io/test", "docker.io/library/test:latest"),
            ("registry-1.docker.io/a/test", "registry-1.docker.io/a/test:latest"),
            ("127.0.0.1:5000/conf/simple:v1", "127.0.0.1:5000/conf/simple:v1"),
            ("a/b:t@\(d)", "docker.io/a/b@\(d)"),
        ])
    func normalising(text: String, normal: String) throws {
        #expect(try ImageReference(parsing: text).normalized().description == normal)
    }

    @Test("What no registry can be asked for is not normalisable")
    func notNormalisable() throws {
        #expect(throws: ImageReferenceError.hexName(Self.hex)) { try ImageReference(name: Self.hex).normalized() }
        #expect(throws: ImageReferenceError.invalidFormat) { try ImageReference(parsing: "quay.io").normalized() }
        #expect(throws: ImageReferenceError.invalidFormat) { try ImageReference(name: "*").normalized() }
        #expect(throws: ImageReferenceError.digest(.invalidFormat)) {
            try ImageReference(parsing: "a@sha256:" + String(repeating: "A", count: 64)).normalized()
        }
        #expect(try ImageReference(parsing: "nginx").normalized().repository.apiHost == "registry-1.docker.io")
    }

    @Test("No text makes the parser trap")
    func hostileTexts() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("aA0./:@-_ é\u{0}sha256:".unicodeScalars)
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...24, using: &generator) {
                text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
            }
            if let reference = try? ImageReference(parsing: text) {
                _ = try? reference.normalized()
                #expect(reference.name.isEmpty || (try? ImageReference(parsing: reference.exact)) != nil, "\(text)")
            }
        }
    }
}
