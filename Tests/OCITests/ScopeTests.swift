import OCI
import Testing

@Suite("Scopes of references")
struct ScopeTests {
    private static let digest = "sha256:" + String(repeating: "0", count: 64)

    @Test(
        "from the manifest itself to the widest wildcard",
        arguments: [
            (
                "registry.example.com:5000/a/b/c:1",
                [
                    "registry.example.com:5000/a/b/c:1", "registry.example.com:5000/a/b/c",
                    "registry.example.com:5000/a/b", "registry.example.com:5000/a", "registry.example.com:5000",
                    "*.example.com", "*.com",
                ]
            ),
            (
                "quay.io/x@\(Self.digest)",
                ["quay.io/x@\(Self.digest)", "quay.io/x", "quay.io", "*.io"]
            ),
            (
                "busybox",
                [
                    "docker.io/library/busybox:latest", "docker.io/library/busybox", "docker.io/library", "docker.io",
                    "*.io",
                ]
            ),
            ("localhost:5000/x:1", ["localhost:5000/x:1", "localhost:5000/x", "localhost:5000"]),
            ("localhost/a/b:1", ["localhost/a/b:1", "localhost/a/b", "localhost/a", "localhost"]),
        ])
    func scopes(text: String, expected: [String]) throws {
        #expect(try ImageReference(parsing: text).normalized().scopes == expected)
    }
}
