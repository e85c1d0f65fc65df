import JSON
import OCI
import Testing

@Suite("Manifests")
struct ManifestTests {
    static let a = "sha256:" + String(repeating: "a", count: 64)
    static let b = "sha256:" + String(repeating: "b", count: 64)

    static func image(_ mediaType: String?, extra: String = "") -> String {
        let type = mediaType.map { #""mediaType":"\#($0)","# } ?? ""
        return #"{"schemaVersion":2,\#(type)\#(extra)"config":{"mediaType":"c","size":3,"digest":"\#(a)"},"#
            + #""layers":[{"mediaType":"l","size":5,"digest":"\#(b)"}]}"#
    }

    static func index(_ mediaType: String?, extra: String = "") -> String {
        let type = mediaType.map { #""mediaType":"\#($0)","# } ?? ""
        return #"{"schemaVersion":2,\#(type)\#(extra)"manifests":[{"mediaType":"\#(MediaType.ociManifest)","size":7,"#
            + #""digest":"\#(a)","platform":{"architecture":"arm","os":"linux","variant":"v7","os.version":"9"}}]}"#
    }

    @Test("An image manifest keeps its bytes, its own type and the order of its layers")
    func imageManifest() throws {
        let text = Self.image(MediaType.dockerManifest)
        let manifest = try Manifest(
            parsing: Array(text.utf8), contentType: MediaType.dockerManifest + "; charset=utf-8")
        guard case .image(let image) = manifest.content else { throw Unexpected() }
        #expect(image.config == Descriptor(mediaType: "c", digest: try Digest(parsing: Self.a), size: 3))
        #expect(image.layers.map(\.size) == [5])
        #expect(manifest.digest == Digest.sha256(of: Array(text.utf8)))
        #expect(manifest.digest(.sha512) == Digest.compute(.sha512, of: Array(text.utf8)))
        #expect(manifest.mediaType == MediaType.dockerManifest)
    }

    @Test("An OCI manifest or index without media type has the one it was recognised by")
    func withoutType() throws {
        let image = try Manifest(parsing: Array(Self.image(nil).utf8), contentType: MediaType.ociManifest)
        #expect(image.mediaType == MediaType.ociManifest)
        let index = try Manifest(parsing: Array(Self.index(nil).utf8), contentType: MediaType.ociIndex)
        #expect(index.mediaType == MediaType.ociIndex)
        guard case .index(let list) = index.content else { throw Unexpected() }
        #expect(
            list.manifests.first?.platform == Platform(architecture: "arm", os: "linux", variant: "v7", osVersion: "9"))
    }

    @Test(
        "A media type inside that contradicts the announced one is refused",
        arguments: [
            (
                MediaType.dockerManifest, image(nil),
                "mediaType in manifest should be '\(MediaType.dockerManifest)' not ''"
            ),
            (
                MediaType.dockerManifest, image(MediaType.ociManifest),
                "mediaType in manifest should be '\(MediaType.dockerManifest)' not '\(MediaType.ociManifest)'"
            ),
            (
                MediaType.dockerManifestList, index(nil),
                "mediaType in manifest list should be '\(MediaType.dockerManifestList)' not ''"
            ),
            (
                MediaType.ociManifest, image("x"),
                "if present, mediaType in manifest should be '\(MediaType.ociManifest)' not 'x'"
            ),
            (
                MediaType.ociIndex, index("x"),
                "if present, mediaType in image index should be '\(MediaType.ociIndex)' not 'x'"
            ),
            (
                MediaType.ociManifest, image(nil, extra: #""manifests":[],"#),
                "ocimanifest: expected manifest but found index"
            ),
            (MediaType.ociIndex, index(nil, extra: #""layers":[],"#), "index: expected index but found manifest"),
            (MediaType.ociIndex, index(nil, extra: #""config":{},"#), "index: expected index but found manifest"),
            (
                "application/vnd.helm.private", image(nil),
                #"unsupported manifest media type "application/vnd.helm.private""#
            ),
            ("", "<html>", #"unsupported manifest media type """#),
            (MediaType.schema1, "{}", "unsupported manifest media type \"\(MediaType.schema1)\""),
        ])
    func mismatches(contentType: String, text: String, message: String) {
        do {
            _ = try Manifest(parsing: Array(text.utf8), contentType: contentType)
            Issue.record("accepted")
        } catch { #expect(error.text == message) }
    }

    @Test(
        "Hostile manifests are refused",
        arguments: [
            #"{"schemaVersion":2,"config":{"size":-1,"digest":"\#(a)"},"layers":[]}"#,
            #"{"schemaVersion":2,"config":{"size":1e40,"digest":"\#(a)"},"layers":[]}"#,
            #"{"schemaVersion":2,"config":{"size":1.5,"digest":"\#(a)"},"layers":[]}"#,
            #"{"schemaVersion":2,"config":{"size":1,"digest":"../../etc"},"layers":[]}"#,
            #"{"schemaVersion":2,"config":{"size":1,"digest":"\#(a)"},"layers":[{"digest":"x"}]}"#,
            #"{"schemaVersion":2,"config":{"size":1,"digest":"\#(a)"},"layers":{}}"#,
            #"{"schemaVersion":2,"config":{"size":1,"digest":"\#(a)"},"layers":[7]}"#,
            #"{"schemaVersion":2,"layers":[]}"#, "[]", "null", "", "{", String(repeating: "[", count: 100_000),
            #"{"schemaVersion":"2","config":{"size":1,"digest":"\#(a)"}}"#,
        ])
    func hostile(text: String) {
        #expect(throws: ManifestError.self) {
            try Manifest(parsing: Array(text.utf8), contentType: MediaType.ociManifest)
        }
    }

    @Test("More layers, children or bytes than the limits allow are refused")
    func limits() {
        let layer = #"{"mediaType":"l","size":5,"digest":"\#(Self.b)"}"#
        let many = Array(repeating: layer, count: 9).joined(separator: ",")
        let image = #"{"config":{"size":1,"digest":"\#(Self.a)"},"layers":[\#(many)]}"#
        let index = #"{"manifests":[\#(many)]}"#
        var limits = ManifestLimits()
        limits.layers = 8
        limits.children = 8
        func kind(_ text: String, _ type: String, _ limits: ManifestLimits) -> ManifestError.Kind? {
            do {
                _ = try Manifest(parsing: Array(text.utf8), contentType: type, limits: limits)
                return nil
            } catch { return error.kind }
        }
        #expect(kind(image, MediaType.ociManifest, limits) == .tooLarge)
        #expect(kind(index, MediaType.ociIndex, limits) == .tooLarge)
        #expect(kind(image, MediaType.ociManifest, .standard) == nil)
        limits = .standard
        limits.bytes = 100
        #expect(kind(image, MediaType.ociManifest, limits) == .tooLarge)
    }

    @Test("A stored manifest is read with keys of any case and digests of any text")
    func looseDocument() throws {
        let text =
            #"{"SchemaVersion":2,"MEDIATYPE":"m","Config":{"Size":1,"DIGEST":"sha256:cfg"},"layers":[{"digest":"x"},null]}"#
        let document = try ManifestDocument(parsing: Array(text.utf8))
        #expect(document.schemaVersion == 2)
        #expect(document.mediaType == "m")
        #expect(document.config?.digest == "sha256:cfg")
        #expect(document.layers.map(\.digest) == ["x", ""])
        #expect(document.hasConfig && document.hasLayers && !document.hasManifests)
    }

    @Test("A config is any JSON object")
    func configs() throws {
        #expect(try ImageConfig(parsing: Array(#"{"architecture":"arm64","os":"linux"}"#.utf8)).architecture == "arm64")
        #expect(try ImageConfig(parsing: Array(#"{"name":"chart"}"#.utf8)).architecture == "")
        #expect(try ImageConfig(parsing: Array("{}".utf8)).json.isEmpty)
        #expect(throws: ManifestError.self) { try ImageConfig(parsing: Array("chart".utf8)) }
    }
}

struct Unexpected: Error {}

@Suite("Media types and platforms")
struct MediaTypeTests {
    @Test("Parameters, blanks and case do not matter")
    func essence() {
        #expect(MediaType.essence(" Application/JSON ; charset=utf-8") == "application/json")
        #expect(MediaType.essence(" ") == "")
        #expect(MediaType.manifestKind("application/vnd.oci.image.index.v1+json;x=y") == .ociIndex)
        #expect(MediaType.manifestKind("text/html") == nil)
    }

    @Test(
        "RFC 6838 names",
        arguments: [
            ("application/json", true), (" a/b ", true), ("a/b.c+d", true), ("a.b/c", false), ("a", false),
            ("a/b/c", false), ("/b", false), ("a/", false), ("a/-b", false), ("a/b c", false), ("", false),
            ("a/" + String(repeating: "b", count: 127), true), ("a/" + String(repeating: "b", count: 128), false),
        ])
    func names(text: String, valid: Bool) { #expect(MediaType.isValid(text) == valid) }

    static func list(_ platforms: [(String, String)?]) -> [Descriptor] {
        platforms.enumerated().map { index, platform in
            Descriptor(
                mediaType: MediaType.ociManifest, digest: Digest.sha256(of: [UInt8(index)]), size: 1,
                platform: platform.map { Platform(architecture: $0.0, os: $0.1) })
        }
    }

    @Test("The wanted platform, else linux/amd64, else the first entry")
    func choice() {
        let list = Self.list([nil, ("arm64", "linux"), ("amd64", "windows"), ("amd64", "linux"), ("arm64", "linux")])
        #expect(PlatformChoice.choose(from: list, architecture: "arm64", os: "linux") == list[1])
        #expect(PlatformChoice.choose(from: list, architecture: "s390x", os: "linux") == list[3])
        #expect(PlatformChoice.choose(from: Array(list[..<3]), architecture: "s390x", os: "linux") == list[0])
        #expect(PlatformChoice.choose(from: [], architecture: "amd64", os: "linux") == nil)
    }
}
