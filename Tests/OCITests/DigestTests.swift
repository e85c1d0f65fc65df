import OCI
import Testing

@Suite("Digests")
struct DigestTests {
    static let hex64 = String(repeating: "3c", count: 32)

    @Test(
        "A digest names a known algorithm and has exactly its number of lower-case digits",
        arguments: [
            ("sha256:" + String(repeating: "a", count: 64), nil),
            ("sha384:" + String(repeating: "0", count: 96), nil),
            ("sha512:" + String(repeating: "9", count: 128), nil),
            ("sha256:" + String(repeating: "a", count: 63), .invalidLength),
            ("sha256:" + String(repeating: "a", count: 65), .invalidLength),
            ("sha384:" + String(repeating: "0", count: 64), .invalidLength),
            ("md5:" + String(repeating: "0", count: 32), .unsupportedAlgorithm),
            ("SHA256:" + String(repeating: "0", count: 64), .unsupportedAlgorithm),
            ("sha256:" + String(repeating: "A", count: 64), .invalidFormat),
            ("sha256:" + String(repeating: "g", count: 64), .invalidFormat),
            ("", .invalidFormat), ("sha256", .invalidFormat), ("sha256:", .invalidFormat), (":abc", .invalidFormat),
            ("sha 256:00", .invalidFormat), ("sha256:é", .invalidFormat),
        ] as [(String, DigestError?)])
    func parsing(text: String, error: DigestError?) {
        if let error {
            #expect(throws: error) { try Digest(parsing: text) }
            #expect(Digest(text) == nil)
        } else {
            #expect(Digest(text)?.description == text)
        }
    }

    @Test(
        "Digests of algorithms that are not registered have OCI's grammar",
        arguments: [
            ("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", true), ("sha256+b64u:AZ_=-", true),
            ("a.b_c-d+e:0", true), ("md5:d41d", true), ("sha384:a", true), ("sha256:abc", false), ("sha512:Z", false),
            ("SHA256:abc", false), ("+a:0", false), ("a+:0", false), ("a++b:0", false), (":0", false), ("a:", false),
            ("a", false), ("", false), ("a:b:c", false), ("a:é", false), ("a:b/c", false), ("a b:c", false),
        ])
    func unregistered(_ text: String, _ isUnregistered: Bool) {
        #expect(Digest.isUnregistered(text) == isUnregistered)
    }

    @Test("Digests are ordered and told apart as their texts are")
    func order() {
        let hashes = ["", "a", "b", "abc", "zebra"].map { Array($0.utf8) }
        let edges = ["0", "9", "a", "f"].map { Digest("sha256:" + String(repeating: $0, count: 64)) }
        let digests =
            edges.compactMap(\.self) + hashes.map { Digest.sha256(of: $0) }
            + hashes.map { Digest.compute(.sha512, of: $0) } + hashes.map { Digest.compute(.sha384, of: $0) }
        #expect(digests.count == 19)
        #expect(digests.sorted().map(\.description) == digests.map(\.description).sorted())
        #expect(Set(digests).count == digests.count)
        for digest in digests {
            #expect(Digest(digest.description) == digest)
            #expect(digest.description == "\(digest.algorithm.rawValue):\(digest.hex)")
            #expect(digest.leadingBits == UInt64(digest.hex.prefix(16), radix: 16))
        }
    }

    @Test(
        "A blob's name is the text that it was made of",
        arguments: ["", "layer", "sha256:" + hex64, "sha256:" + hex64.uppercased(), "sha512:" + hex64 + hex64, "é"])
    func blobNames(_ text: String) {
        let name = BlobName(text)
        #expect(name.text == text)
        #expect(name == BlobName(text))
        #expect(name.digest?.description == (Digest(text) == nil ? nil : text))
        #expect(name != BlobName(text + "0"))
    }

    @Test("The texts are those of validation messages")
    func texts() {
        #expect(DigestError.invalidLength.text == "invalid checksum digest length")
        #expect(DigestError.unsupportedAlgorithm.text == "unsupported digest algorithm")
        #expect(DigestError.invalidFormat.text == "invalid checksum digest format")
    }

    @Test("Hashing gives the published values")
    func hashing() {
        #expect(
            Digest.sha256(of: Array("abc".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Digest.compute(.sha384, of: Array("abc".utf8)).hex
                == "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")
        let sha512 = Digest.compute(.sha512, of: Array("abc".utf8))
        #expect(sha512.hex.hasPrefix("ddaf35a193617abacc417349ae204131"))
        #expect(sha512.matches(Array("abc".utf8)))
        #expect(!sha512.matches(Array("abd".utf8)))
        var hasher = DigestHasher()
        hasher.update(Array("a".utf8))
        hasher.update(Array("bc".utf8))
        #expect(hasher.finalize() == Digest.sha256(of: Array("abc".utf8)))
    }
}
