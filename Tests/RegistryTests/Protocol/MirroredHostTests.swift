import Testing

@testable import Registry

/// spec/registry.md PT-28.
@Suite("Requests for what is in other registries")
struct MirroredHostTests {
    @Test(
        "a registry and a namespace are read",
        arguments: [
            ("docker.io=hub", "docker.io", [], "hub"), ("docker.io/library=hub", "docker.io", ["library"], "hub"),
            ("r.example:5000/a/b=x-y", "r.example:5000", ["a", "b"], "x-y"),
        ])
    func read(_ text: String, _ host: String, _ prefix: [String], _ namespace: String) throws {
        let mirrored = try #require(MirroredHost(text))
        #expect(mirrored.host == host && mirrored.prefix == prefix && mirrored.namespace == namespace)
    }

    @Test(
        "and nothing else",
        arguments: [
            "", "docker.io", "docker.io=", "=hub", "docker.io/=hub", "docker.io=a/b", "docker.io=Hub", "word=hub",
            "docker.io=hub=x", "docker.io/A=hub",
        ])
    func refused(_ text: String) { #expect(MirroredHost(text) == nil) }

    @Test(
        "a path leads to the stream of the longest prefix; others are left alone",
        arguments: [
            ("/v2/library/nginx/manifests/latest", "docker.io", "/v2/official/nginx/manifests/latest"),
            ("/v2/team/a/b/blobs/sha256:1", "docker.io", "/v2/hub/team/a/b/blobs/sha256:1"),
            ("/v2/library/manifests/latest", "docker.io", "/v2/hub/library/manifests/latest"),
            ("/v2/team/app/referrers/sha256:1", "docker.io", "/v2/hub/team/app/referrers/sha256:1"),
            ("/v2/team/app/manifests/latest", "quay.io", nil), ("/v2/team/app/tags/list", "docker.io", nil),
            ("/v2/manifests/latest", "docker.io", nil), ("/v2/", "docker.io", nil),
            ("/x/a/b/manifests/c", "docker.io", nil),
        ])
    func path(_ path: String, _ host: String, _ expected: String?) throws {
        let hosts = try ["docker.io=hub", "docker.io/library=official"].map { try #require(MirroredHost($0)) }
        #expect(MirroredRequest(path: path, host: host, hosts)?.path == expected)
    }

    @Test("the source is the whole name there")
    func source() throws {
        let hosts = [try #require(MirroredHost("docker.io/library=official"))]
        let request = try #require(
            MirroredRequest(path: "/v2/library/nginx/manifests/1", host: "docker.io", hosts))
        #expect(request.source == "docker.io/library/nginx")
    }
}
