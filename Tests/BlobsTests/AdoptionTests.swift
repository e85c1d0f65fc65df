import Blobs
import BlobsTesting
import Foundation
import OCI
import Testing

@Suite("The directory of another registry")
struct AdoptionTests {
    /// A directory as the reference writes it.
    private struct Writer {
        let base: String

        init(_ place: Place) { base = place.path + "/docker/registry/v2" }

        func write(_ path: String, _ bytes: [UInt8]) throws {
            let url = URL(fileURLWithPath: "\(base)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }

        func blob(_ bytes: [UInt8], as digest: Digest? = nil) throws -> Digest {
            let digest = digest ?? .sha256(of: bytes)
            try write("blobs/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)/data", bytes)
            return digest
        }

        func link(_ folder: String, _ digest: Digest, to target: String? = nil) throws {
            try write(
                "repositories/\(folder)/\(digest.algorithm.rawValue)/\(digest.hex)/link",
                Array((target ?? "\(digest)").utf8))
        }
    }

    private func read(
        _ place: Place
    ) throws -> (repositories: [ReferenceDirectory.Repository], blobs: [ReferenceDirectory.Blob], problems: [String]) {
        let directory = try ReferenceDirectory(place.path)
        var (repositories, blobs, problems) = (
            [ReferenceDirectory.Repository](), [ReferenceDirectory.Blob](), [String]()
        )
        try directory.forEachRepository {
            repositories.append($0)
        } onProblem: {
            problems.append("\($0)")
        }
        try directory.forEachBlob {
            blobs.append($0)
        } onProblem: {
            problems.append("\($0)")
        }
        return (repositories, blobs, problems)
    }

    @Test("is read with its repositories, links, tags and blobs")
    func reading() throws {
        let place = try Place()
        let writer = Writer(place)
        let (layer, manifest, alias) = (
            try writer.blob([1]), try writer.blob([2]), Digest.compute(.sha512, of: [UInt8(2)])
        )
        try writer.link("ns/app/_layers", layer)
        try writer.link("ns/app/_manifests/revisions", manifest)
        try writer.link("ns/app/_manifests/revisions", alias, to: "\(manifest)\n")
        try writer.write("repositories/ns/app/_manifests/tags/v1/current/link", Array("\(manifest)".utf8))
        try writer.link("ns/app/_manifests/tags/v1/index", manifest)
        try writer.link("ns/app/deep/er/_layers", layer)
        try writer.write("repositories/ns/app/_uploads/x/data", [1])
        let (repositories, blobs, problems) = try read(place)
        #expect(
            repositories == [
                .init(
                    name: "ns/app", layers: [layer: layer], revisions: [manifest: manifest, alias: manifest],
                    tags: ["v1": manifest]), .init(name: "ns/app/deep/er", layers: [layer: layer]),
            ])
        #expect(Set(blobs.map(\.digest)) == [layer, manifest] && blobs.allSatisfy { $0.size == 1 })
        #expect(problems.isEmpty)
        // The folder itself will do.
        #expect(try ReferenceDirectory(place.path + "/docker/registry/v2/").root == place.path)
        #expect(throws: BlobError.self) { try ReferenceDirectory("/nowhere") }
    }

    @Test("is read past everything that is not in order, which is told")
    func junk() throws {
        let place = try Place()
        let outside = try Place()
        let (writer, elsewhere) = (Writer(place), Writer(outside))
        let good = try writer.blob([1])
        try writer.link("ns/app/_layers", good)
        try writer.link("ns/app/_layers", .sha256(of: [7]), to: "\(good)")
        try writer.link("ns/app/_layers", .sha256(of: [8]), to: "../../../etc/passwd")
        try writer.link("ns/app/_layers", .sha256(of: [9]), to: String(repeating: "x", count: 5000))
        try writer.write("repositories/ns/app/_layers/sha256/nohex/link", [1])
        try writer.write("repositories/ns/app/_manifests/tags/bad tag/current/link", Array("\(good)".utf8))
        try writer.write("repositories/ns/app/_manifests/tags/dangling/current/link", Array("\(good)".utf8))
        try writer.write("repositories/ns/app/_manifests/tags/none/index/x", [1])
        try writer.write("repositories/NS/app/_layers/x", [1])
        try writer.write("repositories/file", [1])
        try writer.write("blobs/sha256/aa/\(good.hex)/data", [1])
        try writer.write("blobs/md5/aa/\(good.hex)/data", [1])
        let missing = Digest.sha256(of: [5])
        try writer.write("blobs/sha256/\(missing.hex.prefix(2))/\(missing.hex)/other", [1])
        // What leads out of the directory.
        let secret = try elsewhere.blob([9, 9])
        try elsewhere.link("other/_layers", secret)
        for (path, target) in [
            ("repositories/ns/out", "repositories/other"), ("repositories/ns/app/_manifests/revisions", "repositories"),
            ("blobs/sha256/\(secret.hex.prefix(2))", "blobs/sha256/\(secret.hex.prefix(2))"),
        ] {
            #expect(symlink("\(elsewhere.base)/\(target)", "\(writer.base)/\(path)") == 0)
        }
        let linked = Digest.sha256(of: [6])
        try writer.write("blobs/sha256/\(linked.hex.prefix(2))/\(linked.hex)/x", [1])
        #expect(
            symlink("/etc/passwd", "\(writer.base)/blobs/sha256/\(linked.hex.prefix(2))/\(linked.hex)/data") == 0)
        let (repositories, blobs, problems) = try read(place)
        #expect(repositories == [.init(name: "ns/app", layers: [good: good])])
        #expect(blobs.map(\.digest) == [good])
        #expect(problems.count == 14, "\(problems.joined(separator: "\n"))")
    }

    @Test("gives us its blobs", arguments: FileBlobStore.AdoptionMethod.allCases)
    func adopting(_ method: FileBlobStore.AdoptionMethod) async throws {
        let (place, other) = (try Place(), try Place())
        let writer = Writer(other)
        let bytes = TestBytes.make(600_000)
        let (good, alias) = (try writer.blob(bytes), Digest.compute(.sha512, of: bytes + [1]))
        _ = try writer.blob(bytes + [1], as: alias)
        let damaged = try writer.blob([1, 2, 3], as: .sha256(of: [4]))
        let store = try await FileBlobStore.open(.init(root: place.path))
        var results: [Digest: FileBlobStore.Adopted] = [:]
        for blob in try read(other).blobs { results[blob.digest] = try await store.adopt(blob, by: method) }
        let canonical = Digest.sha256(of: bytes + [1])
        #expect(results[good] == .blob(StoredBlob(digest: good, size: 600_000, isNew: true), alias: nil))
        #expect(results[alias] == .blob(StoredBlob(digest: canonical, size: 600_001, isNew: true), alias: alias))
        #expect(results[damaged] == .damaged(actual: .sha256(of: [1, 2, 3])))
        #expect(try await store.bytes(of: good) == bytes)
        #expect(try await store.bytes(of: canonical) == bytes + [1])
        #expect(try await store.content(of: damaged) == nil)
        // Left, unless it was to be taken away; what is damaged always.
        #expect(try read(other).blobs.count == (method == .move ? 1 : 3))
        var again: Set<Digest> = []
        for blob in try read(other).blobs {
            if case .blob(let stored, _) = try await store.adopt(blob, by: method) {
                #expect(!stored.isNew)
                again.insert(stored.digest)
            }
        }
        #expect(again.count == (method == .move ? 0 : 2))
        await store.close()
    }

    @Test("may be our own already")
    func inPlace() async throws {
        let place = try Place()
        let bytes = TestBytes.make(1000)
        let digest = try Writer(place).blob(bytes)
        let store = try await FileBlobStore.open(.init(root: place.path))
        for blob in try read(place).blobs {
            #expect(
                try await store.adopt(blob, by: .move)
                    == .blob(StoredBlob(digest: digest, size: 1000, isNew: false), alias: nil))
        }
        #expect(try await store.bytes(of: digest) == bytes)
        await store.close()
    }

    @Test("All blobs are read again, and what is wrong with them is told")
    func verification() async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path))
        let writer = Writer(place)
        for number in 0..<20 { _ = try await store.put(TestBytes.make(300_000, seed: UInt64(number + 1))) }
        let (empty, damaged) = (Digest.sha256(of: [1]), Digest.sha256(of: [2]))
        _ = try writer.blob([], as: empty)
        _ = try writer.blob([7], as: damaged)
        var findings: [Digest: BlobFinding.State] = [:]
        try await store.verifyAll(concurrency: 3) { findings[$0.blob.digest] = $0.state }
        #expect(findings.count == 22)
        #expect(findings.removeValue(forKey: empty) == .unreadable(.corrupt(empty)))
        #expect(findings.removeValue(forKey: damaged) == .damaged(actual: .sha256(of: [7])))
        #expect(findings.values.allSatisfy { $0 == .intact })
        #expect(try await store.state(of: .sha256(of: [99])) == .absent)
        // It can be gone on with where it was left.
        let middle = try #require(findings.keys.sorted().dropFirst(5).first)
        var rest = 0
        try await store.verifyAll(after: middle) { _ in rest += 1 }
        #expect(rest == (findings.keys + [empty, damaged]).count { $0 > middle })
        await store.close()
    }
}
