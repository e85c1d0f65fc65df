import Blobs
import BlobsTesting
import Foundation
import OCI

/// Fills a small disk, or files up to a bound, and checks that nothing is lost or left. Says `done` at its end, or what
/// is wrong.
enum FullDisk {
    static func run(_ directory: String, _ failure: BlobError) async {
        do {
            try await check(FileBlobStore.open(.init(root: directory)), failure)
            if failure == .full { try await reopen(directory) }
            Crasher.report("done")
        } catch {
            Crasher.report("failed \(error)")
            exit(1)
        }
    }

    private static func check(_ store: FileBlobStore, _ failure: BlobError) async throws {
        let empty = try await store.space().free
        let kept = try await store.put(TestBytes.make(100_000))
        let upload = try await store.claimed(try await store.beginUpload(Array("info".utf8)))
        try await upload.append(TestBytes.make(200_000, seed: 2))
        try await upload.sync()
        for size in [500_000, 5_000_000] {
            let bytes = TestBytes.make(size, seed: 3)
            // In memory already, over several requests, in one.
            try await fails(failure, size) { _ = try await store.put(bytes) }
            try await fails(failure, size) {
                let upload = try await store.claimed(try await store.beginUpload([]))
                do {
                    try await upload.append(bytes)
                    try await upload.sync()
                } catch {
                    try requireEqual(upload.offset, 0, "what was refused is counted")
                    try await upload.cancel()
                    throw error
                }
                try await upload.cancel()
            }
            if size < 4_000_000 && failure == .full { continue }
            try await fails(failure, size) {
                try await upload.append(bytes)
                try await upload.sync()
            }
        }
        // What was acknowledged is there, what was not takes no room.
        try requireEqual(try await store.bytes(of: kept.digest), TestBytes.make(100_000))
        try requireEqual(upload.offset, 200_000)
        let blob = try await upload.finish(as: .sha256(of: TestBytes.make(200_000, seed: 2)))
        try requireEqual(try await store.bytes(of: blob.digest), TestBytes.make(200_000, seed: 2))
        let blobs = try await store.blobs(after: nil, limit: 10).reduce(0) { $0 + $1.size }
        let lost = empty - blobs - (try await store.space().free)
        // A disk of its own; others write to the common one.
        if failure == .full { try require(lost < 40_000, "\(lost) bytes are lost") }
        try require(try await store.uploads(after: nil, limit: 10).isEmpty, "there are uploads")
        try requireEqual(store.stagedBytes, 0)
        await store.close()
    }

    /// A store opens on a disk that others have filled, and reads; once there is room it takes bytes again.
    private static func reopen(_ directory: String) async throws {
        var store = try await FileBlobStore.open(.init(root: directory))
        let (blob, id) = (try await store.put(TestBytes.make(10)), try await store.beginUpload([7]))
        await store.close()
        let path = directory + "/filler"
        let filler = open(path, O_WRONLY | O_CREAT, 0o600)
        let piece = [UInt8](repeating: 1, count: 1024)
        while write(filler, piece, piece.count) > 0 {}
        close(filler)
        store = try await FileBlobStore.open(.init(root: directory))
        try requireEqual(try await store.bytes(of: blob.digest), TestBytes.make(10))
        try requireEqual(try await store.status(of: id)?.info, [7])
        try await requireFailure(.full) { try await store.put(TestBytes.make(100_000, seed: 5)) }
        unlink(path)
        _ = try await store.put(TestBytes.make(100_000, seed: 5))
        await store.close()
        store = try await FileBlobStore.open(.init(root: directory))
        try requireEqual(try await store.status(of: id)?.info, [7])
        await store.close()
    }

    /// - Parameter size: what fits onto the disk of the test, and into its files, does not fail.
    private static func fails(_ failure: BlobError, _ size: Int, _ body: () async throws -> Void) async throws {
        let mustFail = size > 400_000 && (failure == .tooLarge || size > 4_000_000)
        do { try await body() } catch let error as BlobError where error == failure && mustFail { return }
        try require(!mustFail, "\(size) bytes went onto a full disk")
    }
}
