import JSON
import OCI
import Testing

@testable import Registry

@Suite("Manifests as they are pushed")
struct PushedManifestTests {
    private static let config =
        #"{"mediaType":"\#(MediaType.ociConfig)","digest":"\#(digest("c"))","size":7}"#
    private static let layer = #"{"mediaType":"\#(MediaType.ociLayer)","digest":"\#(digest("1"))","size":5}"#
    private static let child =
        #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(digest("2"))","size":9,"platform":{"os":"linux","#
        + #""architecture":"arm64"}}"#

    private static func image(_ members: String = "", layers: String = layer) -> String {
        #"{"schemaVersion":2,\#(members)"config":\#(config),"layers":[\#(layers)]}"#
    }

    private static func index(_ members: String = "", manifests: String = child) -> String {
        #"{"schemaVersion":2,\#(members)"manifests":[\#(manifests)]}"#
    }

    private static func typed(_ type: String) -> String { #""mediaType":"\#(type)","# }

    private static func parse(_ text: String, as type: String = "") throws(RegistryError) -> PushedManifest {
        try PushedManifest(parsing: Array(text.utf8), contentType: type)
    }

    private func refused(_ text: String, as type: String = "") -> RegistryError? {
        refusal { () throws(RegistryError) in try Self.parse(text, as: type) }
    }

    // MARK: Types

    private static let types: [(String, String, String)] = [
        (MediaType.ociManifest, image(), MediaType.ociManifest),
        (MediaType.ociManifest, image(typed(MediaType.ociManifest)), MediaType.ociManifest),
        ("\(MediaType.ociManifest); charset=utf-8", image(), MediaType.ociManifest),
        (MediaType.ociManifest.uppercased(), image(), MediaType.ociManifest),
        (MediaType.dockerManifest, image(), MediaType.dockerManifest),
        ("", image(typed(MediaType.dockerManifest)), MediaType.dockerManifest),
        ("application/json", image(typed(MediaType.ociManifest)), MediaType.ociManifest),
        ("application/octet-stream", image(), MediaType.ociManifest),
        ("text/plain", index(), MediaType.ociIndex), ("", index(), MediaType.ociIndex),
        ("", image(), MediaType.ociManifest),
        (MediaType.dockerManifestList, index(typed(MediaType.dockerManifestList)), MediaType.dockerManifestList),
        ("application/vnd.example.v1+json", "{}", "application/vnd.example.v1+json"),
    ]

    @Test("The type is the header's, else the one inside, else what the members show", arguments: types)
    func effectiveType(_ header: String, _ text: String, _ expected: String) throws {
        #expect(try Self.parse(text, as: header).mediaType == expected)
    }

    private static let wrongTypes: [(String, String, Int, RegistryError.Code)] = [
        (MediaType.ociManifest, image(typed(MediaType.dockerManifest)), 400, .manifestInvalid),
        (MediaType.dockerManifest, image(typed(MediaType.ociManifest)), 400, .manifestInvalid),
        (MediaType.ociIndex, image(), 400, .manifestInvalid), (MediaType.ociManifest, index(), 400, .manifestInvalid),
        ("", "{}", 400, .manifestInvalid), ("application/json", #"{"schemaVersion":2}"#, 400, .manifestInvalid),
        (MediaType.schema1, "{}", 415, .unsupported), (MediaType.schema1Signed, "{}", 415, .unsupported),
        ("", #"{"schemaVersion":1,"fsLayers":[]}"#, 415, .unsupported),
        ("", image(typed(MediaType.schema1)), 415, .unsupported),
        ("text/html", image(), 415, .unsupported), ("application/xml", image(), 415, .unsupported),
        ("", image(typed("image/png+json")), 415, .unsupported),
        ("application/a b+json", image(), 415, .unsupported),
        (MediaType.ociManifest, "", 400, .manifestInvalid), (MediaType.ociManifest, "[]", 400, .manifestInvalid),
        (MediaType.ociManifest, "null", 400, .manifestInvalid), (MediaType.ociManifest, "{", 400, .manifestInvalid),
        (MediaType.ociManifest, image() + "x", 400, .manifestInvalid),
    ]

    @Test("Types that contradict each other or are none of manifests are refused", arguments: wrongTypes)
    func wrongType(_ header: String, _ text: String, _ status: Int, _ code: RegistryError.Code) {
        let error = refused(text, as: header)
        #expect(error?.status == status)
        #expect(error?.code == code)
    }

    // MARK: Structure

    @Test("An image has a config and layers, an index has children")
    func parts() throws {
        let image = try Self.parse(Self.image(), as: MediaType.ociManifest)
        #expect(image.kind == .image)
        #expect(image.config?.digest == digest("c"))
        #expect(image.layers.map(\.digest) == [digest("1")])
        #expect(image.artifactType == MediaType.ociConfig)
        #expect(image.canonical == Digest.sha256(of: Array(Self.image().utf8)))
        let index = try Self.parse(Self.index(), as: MediaType.ociIndex)
        #expect(index.kind == .index)
        #expect(index.children.map(\.digest) == [digest("2")])
        #expect(index.children.first?.platform?.architecture == "arm64")
        #expect(index.artifactType.isEmpty)
        #expect(index.requiredBlobs.isEmpty)
    }

    @Test("Of what is not known here the parts are taken that can be read")
    func opaque() throws {
        let text =
            #"{"blobs":[\#(Self.layer),{"digest":"bad"}],"layers":[{"size":-1}],"manifests":[\#(Self.child),{}],"#
            + #""config":{"digest":"x"}}"#
        let manifest = try Self.parse(text, as: "application/vnd.example+json")
        #expect(manifest.kind == .opaque)
        #expect(manifest.config == nil)
        #expect(manifest.layers.map(\.digest) == [digest("1")])
        #expect(manifest.children.map(\.digest) == [digest("2")])
    }

    private static let oddities: [String] = [
        #"{"layers":"x"}"#, #"{"config":"s"}"#, #"{"annotations":{"a":1}}"#, #"{"subject":{"foo":1}}"#,
        #"{"subject":[]}"#, #"{"manifests":5}"#, #"{"blobs":"q"}"#, #"{"mediaType":7}"#, #"{"artifactType":[]}"#,
        #"{"config":{"digest":"x"},"layers":[1,2],"schemaVersion":"two"}"#, #"{"config":{"data":"aGk="}}"#,
    ]

    @Test("What is not known here may look as it likes", arguments: oddities)
    func odd(_ text: String) throws {
        let manifest = try Self.parse(text, as: "application/vnd.example+json")
        #expect(manifest.blobs.isEmpty && manifest.children.isEmpty && manifest.subject == nil)
        #expect(manifest.annotations.isEmpty && manifest.artifactType.isEmpty)
    }

    @Test("Of what is not known here subject, type and annotations count that have their form")
    func opaqueMembers() throws {
        let text =
            #"{"subject":\#(Self.child),"artifactType":"a/b","annotations":{"a":"1","b":2},"blobs":[\#(Self.layer)]}"#
        let manifest = try Self.parse(text, as: "application/vnd.example+json")
        #expect(manifest.subject?.digest == digest("2") && manifest.artifactType == "a/b")
        #expect(manifest.annotations == ["a": "1"] && manifest.requiredBlobs.map(\.digest) == [digest("1")])
    }

    @Test(
        "What need not be here may have a digest of any algorithm; what must be may not",
        arguments: ["multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "sha256+b64u:AZ_=-", "md5:00"])
    func foreignDigests(_ name: String) throws {
        let entry = #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(name)","size":1}"#
        let index = try Self.parse(Self.index(manifests: "\(entry),\(Self.child)"), as: MediaType.ociIndex)
        #expect(index.children.map(\.digest) == [digest("2")])
        let image = try Self.parse(Self.image(#""subject":\#(entry),"#), as: MediaType.ociManifest)
        #expect(image.subject == nil)
        #expect(refused(Self.image(layers: entry), as: MediaType.ociManifest)?.code == .manifestInvalid)
        let negative = entry.replacing("\"size\":1", with: "\"size\":-1")
        #expect(refused(Self.index(manifests: negative), as: MediaType.ociIndex)?.code == .manifestInvalid)
    }

    private static let badImages: [String] = [
        #"{"config":\#(config),"layers":[]}"#, #"{"schemaVersion":1,"config":\#(config),"layers":[]}"#,
        #"{"schemaVersion":"2","config":\#(config),"layers":[]}"#, #"{"schemaVersion":2,"layers":[]}"#,
        #"{"schemaVersion":2,"config":null,"layers":[]}"#, #"{"schemaVersion":2,"config":[],"layers":[]}"#,
        #"{"schemaVersion":2,"config":{},"layers":[]}"#, #"{"schemaVersion":2,"config":\#(config),"layers":{}}"#,
        image(#""manifests":[],"#), image(layers: "{}"), image(layers: #"{"digest":"sha256:short","size":1}"#),
        image(layers: #"{"digest":"\#(digest("1"))","size":-1}"#),
        image(layers: #"{"digest":"\#(digest("1"))","size":1.5}"#), image(layers: #"{"digest":"\#(digest("1"))"}"#),
        image(layers: #"{"digest":"\#(digest("1"))","size":null}"#),
        image(#""subject":{"digest":"x"},"#), image(#""annotations":{"a":1},"#), image(#""mediaType":1,"#),
    ]

    @Test("An image without what an image needs is MANIFEST_INVALID", arguments: badImages)
    func badImage(_ text: String) {
        let error = refused(text, as: MediaType.ociManifest)
        #expect(error?.status == 400)
        #expect(error?.code == .manifestInvalid)
    }

    private static let badIndexes: [String] = [
        #"{"manifests":[]}"#, #"{"schemaVersion":2,"manifests":{}}"#, index(#""config":\#(config),"#),
        index(#""layers":[],"#), index(#""fsLayers":[],"#), index(manifests: #"{"digest":"x","size":1}"#),
        index(manifests: #"{"digest":"\#(digest("2"))","size":-1}"#),
        index(manifests: #"{"digest":"\#(digest("2"))"}"#), index(#""subject":{},"#),
    ]

    @Test("So is an index with what images have", arguments: badIndexes)
    func badIndex(_ text: String) {
        #expect(refused(text, as: MediaType.ociIndex)?.code == .manifestInvalid)
    }

    @Test("JSON that is nested beyond all sense is refused")
    func deep() {
        let text = Self.image(#""x":\#(String(repeating: "[", count: 5000))\#(String(repeating: "]", count: 5000)),"#)
        #expect(refused(text, as: MediaType.ociManifest)?.code == .manifestInvalid)
    }

    // MARK: URLs and data

    private static func layerEntry(_ type: String, _ urls: String?) -> String {
        let member = urls.map { #","urls":\#($0)"# } ?? ""
        return #"{"mediaType":"\#(type)","digest":"\#(digest("1"))","size":5\#(member)}"#
    }

    private static let foreignOCI = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    private static let foreignURLs: [(String, String?, Bool)] = [
        (MediaType.dockerForeignLayer, #"["https://example.com/x"]"#, true),
        (MediaType.dockerForeignLayer, #"["http://a/x","https://b/y"]"#, true),
        (MediaType.dockerForeignLayer, nil, false), (MediaType.dockerForeignLayer, "[]", false),
        (MediaType.dockerForeignLayer, #"["ftp://example.com/x"]"#, false),
        (MediaType.dockerForeignLayer, #"["https://example.com/x#y"]"#, false),
        (MediaType.dockerForeignLayer, #"[1]"#, false), (MediaType.dockerForeignLayer, #"["/etc/passwd"]"#, false),
        (MediaType.dockerLayer, #"["https://example.com/x"]"#, false), (MediaType.dockerLayer, "[]", true),
        (MediaType.dockerLayer, nil, true), (foreignOCI, nil, true), (foreignOCI, #"["https://example.com/x"]"#, true),
        (MediaType.ociLayer, #"["https://example.com/x"]"#, true), (MediaType.ociLayer, #"["file:///x"]"#, false),
    ]

    @Test("A foreign Docker layer says where it lies, an ordinary one does not", arguments: foreignURLs)
    func urls(_ type: String, _ urls: String?, _ isTaken: Bool) {
        let text = Self.image(layers: Self.layerEntry(type, urls))
        #expect((refused(text, as: MediaType.dockerManifest)?.code == nil) == isTaken)
    }

    @Test("Content that a descriptor brings along is what it says")
    func data() throws {
        let bytes = Array("hello".utf8)
        let encoded = String(decoding: Base64.encode(bytes), as: UTF8.self)
        func entry(_ data: String, size: Int = 5, _ name: Digest = Digest.sha256(of: bytes)) -> String {
            #"{"mediaType":"\#(MediaType.ociLayer)","digest":"\#(name)","size":\#(size),"data":"\#(data)"}"#
        }
        #expect(refused(Self.image(layers: entry(encoded)), as: MediaType.ociManifest)?.code == nil)
        for bad in [entry(encoded, size: 4), entry(encoded, digest("1")), entry("aGVsbG8h")] {
            #expect(refused(Self.image(layers: bad), as: MediaType.ociManifest)?.code == .manifestInvalid)
            let subject = Self.image(#""subject":\#(bad),"#)
            #expect(refused(subject, as: MediaType.ociManifest)?.code == .manifestInvalid)
            #expect(refused(Self.index(manifests: bad), as: MediaType.ociIndex)?.code == .manifestInvalid)
        }
    }

    // MARK: What it means

    @Test("Config and layers are required once each, those that may not be handed on are not")
    func required() throws {
        let layers = [Self.layer, Self.layer, Self.layerEntry(Self.foreignOCI, nil).replacing("1111", with: "3333")]
        let manifest = try Self.parse(
            Self.image(layers: layers.joined(separator: ",")), as: MediaType.ociManifest)
        #expect(manifest.requiredBlobs.map(\.digest) == [digest("c"), digest("1")])
        #expect(manifest.blobs == [digest("c"), digest("1"), digest("3")])
    }

    @Test("The referrer's entry has the type of the artifact and the annotations in order")
    func referrer() throws {
        let members = #""artifactType":"a/b","annotations":{"z":"1","a":"2"},"subject":\#(Self.child),"#
        let manifest = try Self.parse(Self.image(members), as: MediaType.ociManifest)
        #expect(manifest.subject?.digest == digest("2"))
        #expect(
            String(decoding: manifest.referrer(as: digest("9")), as: UTF8.self)
                == #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(digest("9"))","#
                + #""size":\#(Self.image(members).utf8.count),"artifactType":"a/b","#
                + #""annotations":{"a":"2","z":"1"}}"#)
        let plain = try Self.parse(Self.index(#""subject":\#(Self.child),"#), as: MediaType.ociIndex)
        #expect(!String(decoding: plain.referrer(as: digest("9")), as: UTF8.self).contains("artifactType"))
    }
}
