import Blobs
import BlobsTesting
import Foundation
import OCI

/// Pushes blobs, and says so on standard output once it may be relied on:
///
///     synced ID OFFSET SEED        the upload's first bytes are durable
///     blob DIGEST SIZE SEED        the blob is
///     ended ID                     the upload is no more, or may be
enum Crasher {
    static func push(_ directory: String, seed: UInt64) async {
        do {
            let store = try await FileBlobStore.open(.init(root: directory))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 { group.addTask { try await push(store, UInt64(task), seed) } }
                group.addTask {
                    // Removes what it has pushed itself, in the midst of the others.
                    var round: UInt64 = 0
                    while true {
                        round += 1
                        let digest = try await store.put(TestBytes.make(3000, seed: seed &* 77 &+ round)).digest
                        _ = try await store.condemn(digest)
                        if round % 2 == 0 {
                            _ = try await store.restore(digest)
                        } else {
                            _ = try await store.remove(digest)
                        }
                    }
                }
                try await group.waitForAll()
            }
        } catch {
            report("failed \(error)")
            exit(1)
        }
    }

    private static func push(_ store: FileBlobStore, _ task: UInt64, _ seed: UInt64) async throws {
        var counter = seed &* 1_000_000 &+ task &* 100_000
        while true {
            counter += 1
            let size = [10, 10_000, 300_000, 900_000][Int(counter % 4)]
            let bytes = TestBytes.make(size, seed: counter)
            if counter % 3 == 0 {
                let blob = try await store.put(bytes)
                report("blob \(blob.digest) \(size) \(counter)")
                continue
            }
            let id = try await store.beginUpload(Array("\(counter)".utf8))
            for part in [bytes[..<(size / 2)], bytes[(size / 2)...]] {
                let upload = try await store.claimed(id)
                try await upload.append(Array(part))
                try await upload.sync()
                report("synced \(id) \(upload.offset) \(counter)")
                await upload.release()
            }
            if counter % 5 == 0 { continue }
            report("ended \(id)")
            let blob = try await store.claimed(id).finish(as: .sha256(of: bytes))
            report("blob \(blob.digest) \(size) \(counter)")
        }
    }

    /// Short writes to a pipe are whole.
    static func report(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Foundation.write(1, $0.baseAddress, $0.count) }
    }
}
