import Foundation
import OCI
import Testing

@Suite("Signed schema 1 manifests")
struct SignedManifestTests {
    static let layer = "sha256:" + String(repeating: "b", count: 64)
    static let payload = """
        {
           "schemaVersion": 1,
           "name": "conf/schema1",
           "tag": "latest",
           "architecture": "amd64",
           "fsLayers": [{"blobSum": "\(layer)"}],
           "history": [{"v1Compatibility": "{\\"id\\":\\"abc\\",\\"Size\\":12}"}]
        }
        """

    static func base64URL(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }

    /// Puts signature blocks into `payload` as signers do: before the closing brace.
    static func sign(lengths: [Int?] = [nil], tail: String = "\n}") -> String {
        let body = payload.dropLast(2)
        let signatures = lengths.map { length in
            let header = #"{"formatLength":\#(length ?? body.utf8.count),"formatTail":"\#(base64URL(tail))"}"#
            return #"{"protected":"\#(base64URL(header))","signature":"x"}"#
        }
        return body + ",\n   \"signatures\": [\(signatures.joined(separator: ","))]" + "\n}"
    }

    @Test("The digest is that of the document without its signatures")
    func payload() throws {
        let manifest = try Manifest(parsing: Array(Self.sign().utf8), contentType: MediaType.schema1Signed)
        #expect(String(decoding: manifest.payload, as: UTF8.self) == Self.payload)
        #expect(manifest.digest == Digest.sha256(of: Array(Self.payload.utf8)))
        #expect(manifest.mediaType == MediaType.schema1)
        guard case .schema1(let signed) = manifest.content else { throw Unexpected() }
        #expect(signed.layers.map(\.description) == [Self.layer])
        let history = SchemaOneHistory(v1Compatibility: try #require(signed.history.first))
        #expect(history == SchemaOneHistory(v1Compatibility: #"{"ID":"abc","size":12}"#))
        #expect(history.size == 12)
    }

    @Test(
        "It is recognised behind any type that names no other manifest",
        arguments: ["", "application/json", "text/plain"])
    func types(contentType: String) throws {
        #expect(try Manifest(parsing: Array(Self.sign().utf8), contentType: contentType).kind == .schema1)
    }

    @Test("Signature headers that lie about the payload are refused")
    func lies() {
        for text in [
            Self.sign(lengths: [1_000_000]), Self.sign(lengths: [-1]), Self.sign(lengths: [0]), Self.sign(lengths: []),
            Self.sign(lengths: [nil, 20]), Self.sign(tail: "}}"), Self.sign(lengths: [20]),
            Self.sign().replacing("protected", with: "unprotected"), Self.payload,
        ] {
            #expect(throws: ManifestError.self) {
                try Manifest(parsing: Array(text.utf8), contentType: MediaType.schema1Signed)
            }
        }
    }

    @Test("Unreadable history entries are empty")
    func history() {
        #expect(SchemaOneHistory(v1Compatibility: "nonsense").size == 0)
        #expect(SchemaOneHistory(v1Compatibility: #"{"Size":-5,"id":7}"#).size == 0)
        #expect(SchemaOneHistory(v1Compatibility: #"{"Size":"5"}"#).id == "")
    }
}
