import Blobs
import BlobsTesting
import Foundation
import OCI
import Testing

@Suite("Blobs in files")
struct FileBlobStoreTests {
    private func path(_ place: Place, _ digest: Digest) -> String {
        "\(place.path)/docker/registry/v2/blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)/data"
    }

    private func names(_ place: Place, _ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/docker/registry/v2/\(folder)").sorted()
    }

    @Test("lie where the reference looks for them, and nothing else is left of an upload")
    func layout() async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path + "//"))
        let bytes = TestBytes.make(300_000)
        let upload = try await store.claimed(try await store.beginUpload([1]))
        try await upload.append(bytes)
        try await upload.sync()
        #expect(try names(place, "_uploads") == ["\(upload.id).data", "journal"])
        let digest = try await upload.finish(as: .sha256(of: bytes)).digest
        #expect(try Data(contentsOf: URL(fileURLWithPath: path(place, digest))) == Data(bytes))
        #expect(try names(place, "blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)") == ["data"])
        #expect(try names(place, "_uploads") == ["journal"])
        #expect(store.stagedBytes == 0)
        await store.close()
    }

    @Test("An upload without bytes costs no open file and no memory to speak of")
    func emptyUploads() async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path))
        func openFiles() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let before = try openFiles()
        for _ in 0..<500 {
            let upload = try await store.claimed(try await store.beginUpload([]))
            try await upload.append(TestBytes.make(10))
            await upload.release()
        }
        // Other tests open files, too; but not that many.
        #expect(try openFiles() < before + 300)
        await store.close()
    }

    @Test("A directory has one owner")
    func lock() async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path))
        await #expect(throws: BlobError.locked(path: place.path, pid: getpid())) {
            try await FileBlobStore.open(.init(root: place.path))
        }
        await store.close()
        try await FileBlobStore.open(.init(root: place.path)).close()
    }

    @Test("A reader needs no lock and changes nothing")
    func readOnly() async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path))
        let digest = try await store.put([1, 2, 3]).digest
        var configuration = FileBlobStore.Configuration(root: place.path)
        configuration.isReadOnly = true
        let reader = try await FileBlobStore.open(configuration)
        #expect(try await reader.bytes(of: digest) == [1, 2, 3])
        try await requireFailure(.readOnly) { try await reader.put([4]) }
        try await requireFailure(.readOnly) { try await reader.beginUpload([]) }
        try await requireFailure(.readOnly) { try await reader.condemn(digest) }
        #expect(try await reader.space().isReadOnly)
        #expect(try await !store.space().isReadOnly)
        await reader.close()
        await store.close()
    }

    @Test("What cannot be the blob is not served", arguments: ["empty", "link", "directory", "pipe"])
    func damage(_ kind: String) async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path))
        let digest = try await store.put([1, 2, 3]).digest
        let path = path(place, digest)
        #expect(unlink(path) == 0)
        switch kind {
        case "empty": try Data().write(to: URL(fileURLWithPath: path))
        case "link": #expect(symlink("/etc/passwd", path) == 0)
        case "directory": #expect(mkdir(path, 0o700) == 0)
        default: #expect(mkfifo(path, 0o600) == 0)
        }
        try await requireFailure(.corrupt(digest)) { try await store.content(of: digest) }
        // Whoever pushes it again heals it.
        if kind != "directory" {
            #expect(try await store.put([1, 2, 3]).isNew)
            #expect(try await store.bytes(of: digest) == [1, 2, 3])
        }
        await store.close()
    }

    @Test("What is no blob and no upload is passed over")
    func junk() async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path))
        let digest = try await store.put([1, 2, 3]).digest
        let base = place.path + "/docker/registry/v2"
        for path in [
            "blobs/sha256/zz/x", "blobs/sha256/\(digest.hex.prefix(2))/nothex", "blobs/sha256/aa/\(digest.hex)",
            "blobs/sha256/ab/\(String(repeating: "ab", count: 32))", "blobs/sha512/aa", "_uploads/folder",
        ] {
            try FileManager.default.createDirectory(atPath: "\(base)/\(path)", withIntermediateDirectories: true)
        }
        try Data([1]).write(to: URL(fileURLWithPath: "\(base)/_uploads/file"))
        try Data([1]).write(to: URL(fileURLWithPath: "\(base)/blobs/sha256/file"))
        #expect(symlink("elsewhere", "\(base)/_uploads/\(UploadID.random()).data") == 0)
        #expect(try await store.blobs(after: nil, limit: 10).map(\.digest) == [digest])
        #expect(try await store.uploads(after: nil, limit: 10).isEmpty)
        await store.close()
    }

    @Test("Bytes of requests that a killed process did not finish are gone after a restart")
    func orphans() async throws {
        let place = try Place()
        var store = try await FileBlobStore.open(.init(root: place.path))
        let kept = try await store.claimed(try await store.beginUpload([]))
        try await kept.append(TestBytes.make(1000))
        await kept.release()
        await store.close()
        let orphan = "\(place.path)/docker/registry/v2/_uploads/\(UploadID.random()).data"
        try Data(TestBytes.make(5000)).write(to: URL(fileURLWithPath: orphan))
        store = try await FileBlobStore.open(.init(root: place.path))
        #expect(!FileManager.default.fileExists(atPath: orphan))
        #expect(store.stagedBytes == 1000)
        try await store.claimed(kept.id).cancel()
        #expect(store.stagedBytes == 0)
        await store.close()
    }

    @Test("What a crash has left of the journal hides no upload, and it does not grow for ever")
    func journal() async throws {
        let place = try Place()
        let path = "\(place.path)/docker/registry/v2/_uploads/journal"
        var store = try await FileBlobStore.open(.init(root: place.path))
        let kept = [try await store.beginUpload([1]), try await store.beginUpload([])]
        await store.close()
        let line = try #require(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first)
        let leftovers: [String] = [
            String(line.prefix(20)), String(line.dropLast()), "b \(UploadID.random()) 1 zz.\n",
            "b \(UploadID.random()) x .\n", "e\n",
            "b \(UploadID.random()) 1 0.\n", "\0\0\n\n  \n", "b \(UploadID.random()) 1 00. 1\n",
        ]
        for torn in leftovers {
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(torn.utf8))
            try file.close()
            store = try await FileBlobStore.open(.init(root: place.path))
            #expect(Set(try await store.uploads(after: nil, limit: 10).map(\.id)) == Set(kept))
            await store.close()
        }
        store = try await FileBlobStore.open(.init(root: place.path))
        for _ in 0..<5000 { try await store.claimed(try await store.beginUpload([9])).cancel() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count < 500_000)
        await store.close()
        store = try await FileBlobStore.open(.init(root: place.path))
        #expect(Set(try await store.uploads(after: nil, limit: 10).map(\.id)) == Set(kept))
        await store.close()
    }

    @Test("All uploads together take no more than they may, and what is refused is not kept")
    func stagedBytes() async throws {
        let place = try Place()
        var configuration = FileBlobStore.Configuration(root: place.path)
        configuration.maximumStagedBytes = 1_000_000
        let store = try await FileBlobStore.open(configuration)
        let first = try await store.claimed(try await store.beginUpload([]))
        try await first.append(TestBytes.make(600_000))
        try await first.sync()
        let second = try await store.claimed(try await store.beginUpload([]))
        try await second.append(TestBytes.make(100_000))
        try await second.sync()
        try await requireFailure(.tooManyStagedBytes) {
            try await second.append(TestBytes.make(400_000))
            try await second.sync()
        }
        #expect(second.offset == 100_000)
        #expect(store.stagedBytes == 700_000)
        // What is announced is refused before it comes, and takes no room.
        try store.requireRoom(for: 300_000)
        for bytes in [300_001, Int64.max] {
            try await requireFailure(.tooManyStagedBytes) { try store.requireRoom(for: bytes) }
        }
        #expect(store.stagedBytes == 700_000)
        _ = try await first.finish(as: .sha256(of: TestBytes.make(600_000)))
        #expect(store.stagedBytes == 100_000)
        try await second.append(TestBytes.make(800_000))
        try await second.cancel()
        #expect(store.stagedBytes == 0)
        await store.close()
    }

    @Test(
        "Only the one form of an id is an id",
        arguments: [
            "", "..", "../../../../etc/passwd", "0", "00000000-0000-4000-8000-00000000000",
            "00000000-0000-4000-8000-0000000000000", "00000000-0000-4000-8000-00000000000G",
            "00000000-0000-4000-8000-00000000000A", "000000000000-4000-8000-000000000000-",
            "00000000/0000-4000-8000-000000000000", "00000000-0000-4000-8000-0000000000é0",
        ])
    func ids(_ text: String) { #expect(UploadID(text) == nil) }

    @Test("An id is what it says, and none comes twice")
    func randomIDs() {
        let ids = (0..<1000).map { _ in UploadID.random() }
        #expect(Set(ids).count == 1000)
        for id in ids {
            #expect(UploadID(id.description) == id)
            #expect(id.description.utf8.count == 36)
            #expect(id.description.dropFirst(14).first == "4")
        }
        #expect(ids.sorted() == ids.sorted { $0.description < $1.description })
    }
}

/// A directory of its own, removed at the end.
final class Place: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("weir-blobs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
