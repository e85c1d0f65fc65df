import Blobs
import BlobsTesting
import Foundation
import OCI
import Testing

@Suite("Blobs in files")
struct FileBlobStoreTests {
    @Test("An upload over several requests becomes a blob")
    func upload() async throws {
        let place = try Place()
        let store = try await FileBlobStore.open(.init(root: place.path))
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let digest = Digest.sha256(of: bytes)
        let id = try await store.beginUpload(Array("info".utf8))
        let first = try #require(try await store.upload(id))
        try await first.append(Array(bytes[..<600_000]))
        try await first.sync()
        await first.release()
        let second = try #require(try await store.upload(id))
        #expect(second.offset == 600_000)
        #expect(second.info == Array("info".utf8))
        try await second.append(Array(bytes[600_000...]))
        #expect(try await store.content(of: digest) == nil)
        #expect(try await second.finish(as: digest) == StoredBlob(digest: digest, size: 1_000_000, isNew: true))
        let content = try #require(try await store.content(of: digest))
        #expect(try await content.collect(upTo: 1_000_000) == bytes)
        #expect(try await store.upload(id) == nil)
        await store.close()
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
