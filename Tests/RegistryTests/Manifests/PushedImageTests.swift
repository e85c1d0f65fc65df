import APIMachinery
import ImageAPI
import ImageStreams
import OCI
import Testing

@testable import Registry

@Suite("The Image of a pushed manifest")
struct PushedImageTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)
    private static let reference = "registry.example.com/team/app@\(digest("a"))"

    private func image(
        _ text: String, as type: String, name: Digest? = nil, config: String? = nil
    ) throws -> Image {
        let manifest = try PushedManifest(parsing: Array(text.utf8), contentType: type)
        return PushedImage.image(
            of: manifest, name: name ?? manifest.canonical, reference: Self.reference,
            config: config.map { Array($0.utf8) }, now: Self.now)
    }

    private func manifest(_ config: String, _ members: String = "") -> String {
        #"{"schemaVersion":2,\#(members)"config":{"mediaType":"\#(config)","digest":"\#(digest("c"))","size":7},"#
            + #""layers":[{"mediaType":"\#(MediaType.ociLayer)","digest":"\#(digest("1"))","size":5},"#
            + #"{"mediaType":"\#(MediaType.ociLayer)","digest":"\#(digest("1"))","size":5}]}"#
    }

    @Test("A container image brings manifest and config along, and its layers in order")
    func container() throws {
        let text = manifest(MediaType.ociConfig)
        let image = try image(text, as: MediaType.ociManifest, config: #"{"os":"linux"}"#)
        #expect(image.metadata.name == Digest.sha256(of: Array(text.utf8)).description)
        #expect(image.dockerImageReference == Self.reference)
        #expect(image.dockerImageManifestMediaType == MediaType.ociManifest)
        #expect(image.dockerImageManifest == text)
        #expect(image.dockerImageConfig == #"{"os":"linux"}"#)
        #expect(image.dockerImageLayers.map(\.name) == [digest("1").description, digest("1").description])
        #expect(image.dockerImageLayers.map(\.size) == [5, 5])
        #expect(image.metadata.annotations[KnownAnnotation.managed] == "true")
        #expect(image.metadata.annotations[KnownAnnotation.layersOrder] == "ascending")
        #expect(image.metadata.annotations[KnownAnnotation.canonicalDigest] == nil)
    }

    @Test("Without its config the sizes are counted, each blob once")
    func summary() throws {
        let image = try image(manifest(MediaType.ociConfig), as: MediaType.ociManifest)
        #expect(image.dockerImageManifest.isEmpty)
        let document = try image.dockerImage()
        #expect(document.id == digest("c").description)
        #expect(document.size == 12)
    }

    @Test("An artifact's config is not looked into, and its type is noted")
    func artifact() throws {
        let type = "application/vnd.example.thing"
        let own = try image(manifest(type), as: MediaType.ociManifest, config: "{}")
        #expect(own.dockerImageConfig.isEmpty)
        #expect(own.metadata.annotations[KnownAnnotation.artifactType] == type)
        let said = try image(
            manifest(MediaType.ociEmpty, #""artifactType":"a/b","#), as: MediaType.ociManifest, config: "{}")
        #expect(said.metadata.annotations[KnownAnnotation.artifactType] == "a/b")
        let container = try image(manifest(MediaType.ociConfig), as: MediaType.ociManifest)
        #expect(container.metadata.annotations[KnownAnnotation.artifactType] == nil)
    }

    @Test("An index has its children, each for some platform, and a time")
    func index() throws {
        let text =
            #"{"schemaVersion":2,"manifests":["#
            + #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(digest("2"))","size":9,"#
            + #""platform":{"os":"linux","architecture":"arm","variant":"v7"}},"#
            + #"{"mediaType":"","digest":"\#(digest("3"))","size":1},"#
            + #"{"mediaType":"no type","digest":"\#(digest("4"))","size":1,"platform":{"os":"","architecture":""}}]}"#
        let image = try image(text, as: MediaType.ociIndex)
        #expect(image.dockerImageLayers.isEmpty)
        #expect(image.dockerImageManifests.map(\.digest) == ["2", "3", "4"].map { digest($0).description })
        #expect(image.dockerImageManifests.map(\.architecture) == ["arm", "unknown", "unknown"])
        #expect(image.dockerImageManifests.map(\.os) == ["linux", "unknown", "unknown"])
        #expect(image.dockerImageManifests.map(\.variant) == ["v7", "", ""])
        #expect(
            image.dockerImageManifests.map(\.mediaType)
                == [MediaType.ociManifest, "application/octet-stream", "application/octet-stream"])
        #expect(try image.dockerImage().created == Self.now)
    }

    @Test("A manifest that was pushed by another digest says which its own is")
    func otherDigest() throws {
        let text = manifest(MediaType.ociConfig)
        let name = Digest.compute(.sha512, of: Array(text.utf8))
        let image = try image(text, as: MediaType.ociManifest, name: name)
        #expect(image.metadata.name == name.description)
        #expect(
            image.metadata.annotations[KnownAnnotation.canonicalDigest]
                == Digest.sha256(of: Array(text.utf8)).description)
    }

    @Test("Sizes that are no sizes of anything trap nothing")
    func hugeSizes() throws {
        let layer = #"{"mediaType":"x/y","digest":"\#(digest("1"))","size":\#(Int64.max)}"#
        let other = #"{"mediaType":"x/y","digest":"\#(digest("2"))","size":\#(Int64.max)}"#
        let text =
            #"{"schemaVersion":2,"config":{"mediaType":"x/y","digest":"\#(digest("c"))","size":\#(Int64.max)},"#
            + #""layers":[\#(layer),\#(other)]}"#
        #expect(try image(text, as: MediaType.ociManifest).dockerImageLayers.count == 2)
    }
}
