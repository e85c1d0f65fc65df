import Foundation
import OCI
import RegistryTesting
import Testing

@testable import Importing

@Suite("Importing schema 1")
struct SchemaOneImportTests {
    static func base64URL(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }

    /// A signed manifest; `history` and `layers` newest first.
    static func signed(layers: [Digest], history: [String]) -> String {
        let list = layers.map { #"{"blobSum":"\#($0)"}"# }.joined(separator: ",")
        let texts = history.map { #"{"v1Compatibility":"\#($0.replacing("\"", with: "\\\""))"}"# }.joined(
            separator: ",")
        let body = #"{"schemaVersion":1,"name":"a","tag":"1","fsLayers":[\#(list)],"history":[\#(texts)]"#
        let header = base64URL(#"{"formatLength":\#(body.utf8.count),"formatTail":"\#(base64URL("}"))"}"#)
        return body + #","signatures":[{"protected":"\#(header)"}]}"#
    }

    @Test("Layers are turned round, with the sizes of the history")
    func sizesInside() async throws {
        try await FakeRegistry.run { registry in
            let (x, y) = (Digest.sha256(of: [1]), Digest.sha256(of: [2]))
            registry.put(
                manifest: Self.signed(layers: [x, y, x], history: [#"{"Size":5}"#, #"{"Size":7}"#, #"{"id":"q"}"#]),
                type: MediaType.schema1Signed, in: "a", tag: "1")
            try await withImporter { importer in
                let image = try #require(await importer.images("\(registry.host)/a:1")[0].image)
                #expect(image.layers.map(\.name) == [x, y, x])
                #expect(image.layers.map(\.size) == [0, 7, 5])
                #expect(image.layers.allSatisfy { $0.mediaType == MediaType.schema1Layer })
                #expect(image.size == 7)
                #expect(image.manifest.mediaType == MediaType.schema1)
                #expect(image.config == nil)
                let byDigest = "\(registry.host)/a@\(image.digest)"
                registry.intercept {
                    $0.path.hasSuffix("\(image.digest)") ? TestResponse(200, body: image.manifestBytes) : nil
                }
                #expect(await importer.images(byDigest)[0].image?.digest == image.digest)
            }
        }
    }

    @Test("Without sizes the registry is asked once per layer, and never again")
    func sizesAsked() async throws {
        try await FakeRegistry.run { registry in
            let x = registry.put(blob: "12345", in: "a")
            let y = registry.put(blob: "123", in: "a")
            let manifest = Self.signed(layers: [x, y, x], history: ["{}", "{}", "{}"])
            registry.put(manifest: manifest, type: MediaType.schema1Signed, in: "a", tag: "1")
            try await withImporter { importer in
                for _ in 0..<2 {
                    let image = try #require(await importer.images("\(registry.host)/a:1")[0].image)
                    #expect(image.layers.map(\.size) == [5, 3, 0])
                    #expect(image.size == 8)
                }
            }
            #expect(registry.server.lines.count { $0.hasPrefix("HEAD") } == 2)
        }
    }

    @Test("Manifests whose parts do not fit, or whose layers are lost, are refused")
    func refused() async throws {
        try await FakeRegistry.run { registry in
            let x = Digest.sha256(of: [1])
            for (tag, history) in [("none", []), ("more", ["{}", "{}"]), ("lost", ["{}"])] {
                registry.put(
                    manifest: Self.signed(layers: [x], history: history), type: MediaType.schema1Signed, in: "a",
                    tag: tag)
            }
            let name = "\(registry.host)/a"
            try await withImporter { importer in
                let results = await importer.images("\(name):none", "\(name):more", "\(name):lost")
                #expect(
                    results[0].message
                        == "Internal error occurred: image has no v1Compatibility history and cannot be used")
                #expect(
                    results[1].message.hasSuffix(
                        "(\(name):more) has mismatched history and fslayer cardinality (2 != 1)"))
                #expect(results[2].message == "Internal error occurred: \(name):lost: unknown blob")
            }
        }
    }

    @Test("The size cache forgets what was not asked for longest")
    func cache() {
        let cache = RecentCache<Digest, Int64>(capacity: 8)
        let digests = (0..<9).map { Digest.sha256(of: [UInt8($0)]) }
        for (size, digest) in digests.prefix(8).enumerated() { cache[digest] = Int64(size) }
        #expect(cache[digests[0]] == 0)
        cache[digests[8]] = 8
        #expect(cache[digests[1]] == nil)
        #expect(cache[digests[0]] == 0)
        #expect(cache[digests[8]] == 8)
    }
}
