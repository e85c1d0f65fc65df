import APIMachinery
import ImageAPI
import OCI
import Testing

@testable import ImageStreams

@Suite("Filling Images from manifest and config")
struct ImageMetadataTests {
    private let layerA = ImageLayer(
        name: "sha256:aa", size: 100, mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip")
    private let layerB = ImageLayer(
        name: "sha256:bb", size: 50, mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip")

    private func manifest(_ mediaType: String?) -> String {
        let type = mediaType.map { #""mediaType":"\#($0)","# } ?? ""
        let layer = #"{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","#
        return #"{"schemaVersion":2,\#(type)"config":{"mediaType":"x","size":120,"digest":"sha256:cfg"},"layers":["#
            + layer + #""size":100,"digest":"sha256:aa"},"# + layer + #""size":50,"digest":"sha256:bb"},"#
            + layer + #""size":50,"digest":"sha256:bb"}]}"#
    }

    private let config =
        #"{"architecture":"amd64","created":"2024-05-01T10:00:00Z","config":{"Cmd":["sh"]},"os":"linux"}"#

    private func image(_ manifest: String, config: String = "", mediaType: String = "") -> Image {
        var image = Image()
        image.metadata.name = "img"
        image.dockerImageReference = "a/b:1"
        image.dockerImageManifest = manifest
        image.dockerImageConfig = config
        image.dockerImageManifestMediaType = mediaType
        return image
    }

    private func fill(_ image: Image) -> (Image, String?) {
        var filled = image
        do throws(ImageMetadata.Failure) {
            try ImageMetadata.fill(&filled, now: noon)
            return (filled, nil)
        } catch {
            return (filled, error.text)
        }
    }

    @Test("schema 2: layers, metadata, media type, and each distinct layer counted once")
    func schemaTwo() throws {
        let (filled, problem) = fill(image(manifest(MediaType.dockerManifest), config: config))
        #expect(problem == nil)
        #expect(filled.dockerImageLayers == [layerA, layerB, layerB])
        #expect(filled.dockerImageManifestMediaType == MediaType.dockerManifest)
        #expect(filled.metadata.annotations == [KnownAnnotation.layersOrder: "ascending"])
        let bytes = String(decoding: filled.dockerImageMetadata.bytes, as: UTF8.self)
        #expect(
            bytes
                == #"{"kind":"DockerImage","apiVersion":"image.openshift.io/1.0","Id":"sha256:cfg","Created":"2024-05-01T10:00:00Z","ContainerConfig":{},"Config":{"Cmd":["sh"]},"Architecture":"amd64","Size":\#(config.utf8.count + 150)}"#
        )
    }

    @Test(
        "an OCI manifest without a media type keeps the one on the Image",
        arguments: [(MediaType.ociManifest, MediaType.ociManifest), ("", MediaType.dockerManifest)])
    func ociType(_ given: String, _ result: String) {
        let (filled, problem) = fill(image(manifest(nil), config: config, mediaType: given))
        #expect(problem == nil)
        #expect(filled.dockerImageManifestMediaType == result)
    }

    @Test("layers without a recorded order are turned by their media type")
    func order() {
        var given = image(manifest(MediaType.dockerManifest), config: config, mediaType: MediaType.dockerManifest)
        given.dockerImageLayers = [layerB, layerA]
        #expect(fill(given).0.dockerImageLayers == [layerA, layerB], "schema 2 counts as descending")
        given.metadata.annotations[KnownAnnotation.layersOrder] = "ascending"
        #expect(fill(given).0.dockerImageLayers == [layerB, layerA])
        given.metadata.annotations[KnownAnnotation.layersOrder] = "descending"
        #expect(fill(given).0.dockerImageLayers == [layerA, layerB])
        given.metadata.annotations = [:]
        given.dockerImageManifestMediaType = "application/x-else"
        #expect(fill(given).0.dockerImageLayers == [layerB, layerA], "unknown types are left alone")
        #expect(fill(given).0.metadata.annotations.isEmpty)
    }

    @Test("layers without a manifest are left alone")
    func noManifest() {
        var given = image("", mediaType: MediaType.dockerManifest)
        given.dockerImageLayers = [layerB, layerA]
        #expect(fill(given) == (given, nil))
    }

    @Test("lists get their name and the time")
    func list() throws {
        let text = #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifestList)","manifests":[]}"#
        let (filled, problem) = fill(image(text))
        #expect(problem == nil)
        let metadata = try filled.dockerImage()
        #expect(metadata.id == "img" && metadata.created == noon && metadata.size == 0)
        #expect(filled.dockerImageLayers.isEmpty && filled.metadata.annotations.isEmpty)
    }

    @Test("schema 1: layers base first, metadata of the newest entry")
    func schemaOne() throws {
        let text =
            #"{"schemaVersion":1,"fsLayers":[{"blobSum":"sha256:top"},{"blobSum":"sha256:base"}],"history":["#
            + #"{"v1Compatibility":"{\"id\":\"topid\",\"Size\":30,\"author\":\"old\"}"},"#
            + #"{"v1Compatibility":"{\"id\":\"baseid\",\"Size\":70}"}]}"#
        let (filled, problem) = fill(image(text))
        #expect(problem == nil)
        #expect(filled.dockerImageLayers.map(\.name) == ["sha256:base", "sha256:top"])
        #expect(filled.dockerImageLayers.map(\.size) == [70, 30])
        #expect(filled.dockerImageManifestMediaType == MediaType.schema1)
        let metadata = try filled.dockerImage()
        #expect(metadata.id == "topid" && metadata.author == "old" && metadata.size == 100)
    }

    @Test("what cannot be read is said, and what was filled by then stays")
    func failures() {
        let (noConfig, missing) = fill(image(manifest(MediaType.dockerManifest)))
        #expect(missing == "dockerImageConfig must not be empty for manifest type \"\(MediaType.dockerManifest)\"")
        #expect(noConfig.dockerImageLayers.count == 3)

        let mismatch = #"{"schemaVersion":1,"fsLayers":[{"blobSum":"x"}],"history":[]}"#
        #expect(
            fill(image(mismatch)).1 == "the image img (a/b:1) has mismatched history and fslayer cardinality (0 != 1)")

        let (empty, noHistory) = fill(image(#"{"schemaVersion":1,"fsLayers":[],"history":[]}"#))
        #expect(noHistory == "the image img (a/b:1) has a schema 1 manifest, but it doesn't have history")
        #expect(empty.dockerImageManifestMediaType == MediaType.schema1)
        #expect(empty.metadata.annotations == [KnownAnnotation.layersOrder: "ascending"])

        #expect(
            fill(image(#"{"schemaVersion":3}"#)).1
                == "unrecognized container image manifest schema 3 for \"img\" (a/b:1)")
        #expect(fill(image("{\"schemaVersion\"")).1 != nil)
        #expect(fill(image(manifest(nil), config: "[]")).1 != nil)
    }

    @Test("the children of lists are read as they stand")
    func children() {
        let entry =
            #"{"mediaType":"m","size":9,"digest":"sha256:zz","platform":{"architecture":"arm64","os":"linux","variant":"v8"}}"#
        func list(_ members: String) -> String { "{\"schemaVersion\":2,\(members)\"manifests\":[\(entry)]}" }
        let docker = #""mediaType":"\#(MediaType.dockerManifestList)","#
        let child = ImageAPI.ImageManifest(
            digest: "sha256:zz", mediaType: "m", manifestSize: 9, architecture: "arm64", os: "linux", variant: "v8")
        #expect(ImageContent.children(of: list(docker), mediaType: MediaType.dockerManifestList) == [child])
        #expect(ImageContent.children(of: list(""), mediaType: MediaType.dockerManifestList) == nil)
        #expect(ImageContent.children(of: list(""), mediaType: "\(MediaType.ociIndex); charset=utf-8") == [child])
        #expect(ImageContent.children(of: list(#""config":{},"#), mediaType: MediaType.ociIndex) == nil)
        #expect(ImageContent.children(of: list(docker), mediaType: MediaType.dockerManifest) == nil)
    }
}
