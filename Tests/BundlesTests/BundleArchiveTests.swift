import Foundation
import OCI
import Testing

@testable import Bundles

@Suite("An archive with an image layout")
struct BundleArchiveTests {
    /// What is tried, and a part of the reason it is refused for.
    private static let hostile: [(String, String, @Sendable (inout TarBuilder) -> Void)] = [
        ("a path that leads out", "leads out", { $0.add("blobs/../../etc/passwd", [1]) }),
        ("an absolute path", "is absolute", { $0.add("/etc/passwd", [1]) }),
        ("a symbolic link", "is a link", { $0.add("blobs/sha256/x", type: "2", link: "/etc/passwd") }),
        ("a link for the index", "is a link", { $0.add("index.json", type: "2", link: "/etc/passwd") }),
        ("a hard link", "is a link", { $0.add("blobs/sha256/y", type: "1", link: "oci-layout") }),
        ("a device", "is no file", { $0.add("blobs/sha256/z", type: "3") }),
        ("a fifo", "is no file", { $0.add("pipe", type: "6") }),
        ("a blob under no digest", "is no blob", { $0.add("blobs/sha256/0123", [1]) }),
        (
            "a blob of an unknown algorithm", "is no blob",
            { $0.add("blobs/md5/" + String(repeating: "0", count: 32), [1]) }
        ),
        ("a blob in a folder too deep", "is no blob", { $0.add("blobs/sha256/a/b", [1]) }),
        (
            "a blob twice", "is there twice",
            {
                $0.add(blob: [1])
                $0.add(blob: [2], as: .sha256(of: [UInt8(1)]))
            }
        ),
        (
            "an index twice", "is there twice",
            {
                $0.add("index.json", Array("{}".utf8))
                $0.add("./index.json", Array("{}".utf8))
            }
        ),
        (
            "a size beyond the file", "breaks off",
            { $0.add("blobs/sha256/" + String(repeating: "0", count: 64), [1], size: 1 << 32) }
        ),
        ("a path of many parts", "leads out", { $0.add(String(repeating: "a/", count: 40) + "..", [1]) }),
    ]

    @Test("is refused where no honest program wrote it", arguments: hostile.indices)
    func refusing(_ index: Int) throws {
        let (what, reason, change) = Self.hostile[index]
        let scratch = try Scratch()
        var tar = TarBuilder()
        tar.addLayout()
        change(&tar)
        tar.add("other.json", Array("{}".utf8))
        tar.end()
        let path = try scratch.write("a.tar", tar.bytes)
        let error = #expect(throws: BundleError.self, "\(what)") { try BundleArchive(path) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(reason), "\(what): \(error.map { "\($0)" } ?? "")")
    }

    @Test("is refused where it is none, compressed, empty or breaks off")
    func damage() throws {
        let scratch = try Scratch()
        var tar = TarBuilder()
        tar.addLayout()
        tar.add(blob: [UInt8](repeating: 7, count: 5_000))
        tar.add("index.json", Array("{}".utf8))
        tar.end()
        #expect(try BundleArchive(try scratch.write("good.tar", tar.bytes)).blobs.count == 1)
        for length in [0, 1, 511, 512, 1_000, 1_500, 3_000, 6_000, 6_900] {
            let path = try scratch.write("cut\(length).tar", Array(tar.bytes.prefix(length)))
            #expect(throws: BundleError.self, "cut after \(length)") { try BundleArchive(path) }
        }
        let gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 1, count: 2_000)
        for (name, bytes) in [("zip", gzip), ("noise", (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 131) })] {
            let path = try scratch.write(name, bytes)
            let error = #expect(throws: BundleError.self) { try BundleArchive(path) }
            #expect("\(error.map { "\($0)" } ?? "")".contains("not compressed"))
        }
        #expect(throws: BundleError.self) { try BundleArchive(scratch.path + "/none.tar") }
        #expect(throws: BundleError.self) { try BundleArchive(scratch.path) }
    }

    @Test("is bounded in files, in its index and in its documents")
    func bounds() throws {
        let scratch = try Scratch()
        var tar = TarBuilder()
        tar.addLayout()
        let digest = tar.add(blob: [UInt8](repeating: 1, count: 600))
        tar.add("index.json", [UInt8](repeating: 0x20, count: 600))
        tar.end()
        let path = try scratch.write("a.tar", tar.bytes)
        var limits = BundleArchive.Limits()
        limits.entries = 2
        let tooMany = limits
        #expect(throws: BundleError.tooLarge(reason: "it has more than 2 files")) {
            try BundleArchive(path, limits: tooMany)
        }
        limits.entries = 3
        (limits.index, limits.document) = (599, 599)
        let archive = try BundleArchive(path, limits: limits)
        #expect(throws: BundleError.tooLarge(reason: "index.json has more than 599 bytes")) { try archive.head() }
        #expect(throws: BundleError.self) { try archive.document(digest, of: "x") }
    }

    @Test("its blobs are read in place, and verified")
    func reading() throws {
        let scratch = try Scratch()
        var tar = TarBuilder()
        tar.add("./", type: "5")
        tar.add("./oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let good = tar.add(blob: bytes)
        let long = tar.add(blob: [1, 2], as: .compute(.sha512, of: [UInt8]([1, 2])))
        let bad = tar.add(blob: [1, 2, 3], as: .sha256(of: [UInt8(9)]))
        tar.add("manifest.json", [1])
        tar.add("index.json", Array("{}".utf8))
        tar.end()
        let archive = try BundleArchive(try scratch.write("a.tar", tar.bytes))
        #expect(archive.size(of: good) == 3_000_000)
        #expect(try archive.isIntact(good))
        #expect(try archive.read(good, 2_999_990..<3_100_000) == Array(bytes[2_999_990...]))
        #expect(try archive.document(long, of: "x") == [1, 2])
        #expect(throws: BundleError.digestMismatch(expected: bad, actual: .sha256(of: [UInt8]([1, 2, 3])))) {
            try archive.verify(bad)
        }
        #expect(throws: BundleError.missing(.sha256(of: [UInt8(77)]), of: "x")) {
            try archive.document(.sha256(of: [UInt8(77)]), of: "x")
        }
    }

    @Test(
        "is written the same each time, and gone on with where a writer was interrupted",
        arguments: [0, 700, 5_000, 9_000])
    func writing(_ cut: Int) throws {
        let scratch = try Scratch()
        let blobs = (1...5).map { number in [UInt8](repeating: UInt8(number), count: number * 1_000) }
        func write(_ name: String, onResume: (Int) -> Void = { _ in }) throws {
            let writer = try BundleWriter(scratch.path + "/" + name, onResume: onResume)
            for blob in blobs {
                let digest = Digest.sha256(of: blob)
                guard writer.written[digest] == nil else { continue }
                try writer.begin(digest, size: Int64(blob.count))
                for start in stride(from: 0, to: blob.count, by: 300) {
                    try writer.write(Array(blob[start..<min(blob.count, start + 300)]))
                }
                try writer.end()
            }
            try writer.finish(index: Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8))
        }
        try write("whole.tar")
        let whole = try scratch.read("whole.tar")
        #expect(try BundleArchive(scratch.path + "/whole.tar").blobs.count == 5)
        _ = try scratch.write("again.tar.partial", Array(whole.prefix(cut)))
        var resumed = 0
        try write("again.tar") { resumed = $0 }
        #expect(try scratch.read("again.tar") == whole)
        #expect((resumed > 0) == (cut > 2_600))
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/again.tar.partial"))
        // Bytes that went bad meanwhile are written anew.
        var damaged = Array(whole.prefix(12_000))
        damaged[3_000] ^= 1
        _ = try scratch.write("bad.tar.partial", damaged)
        try write("bad.tar")
        #expect(try scratch.read("bad.tar") == whole)
    }
}
