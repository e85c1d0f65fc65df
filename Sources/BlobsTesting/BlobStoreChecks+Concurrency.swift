public import Blobs
import OCI

extension BlobStoreChecks {
    /// One request at a time; the others wait in line, or are told (spec/registry.md 1.10, U-5).
    public static func claims(_ store: any BlobStore) async throws {
        let id = try await store.beginUpload([])
        let first = try await store.claimed(id)
        try await requireFailure(.busy) { try await store.upload(id, patience: .zero) }
        try await requireFailure(.busy) { try await store.upload(id, patience: .milliseconds(20)) }
        async let second = store.claimed(id)
        try await first.append(Array("abc".utf8))
        await first.release()
        let claimed = try await second
        try requireEqual(claimed.offset, 3)
        // Whoever is told that it is gone did wait for the end.
        async let third = store.upload(id)
        _ = try await claimed.finish(as: .sha256(of: Array("abc".utf8)))
        let gone = try await third
        try require(gone == nil, "a finished upload was handed on")
    }

    /// An upload that its request forgot is free again, with what was synced.
    public static func forgotten(_ store: any BlobStore) async throws {
        let id = try await store.beginUpload([])
        func forget() async throws {
            let upload = try await store.claimed(id)
            try await upload.append(TestBytes.make(1000))
            try await upload.sync()
            try await upload.append(TestBytes.make(1000, seed: 2))
        }
        try await forget()
        let next = try await store.claimed(id)
        try require(next.offset >= 1000, "synced bytes are lost")
        try await next.cancel()
    }

    /// Many pushes of the same few blobs at the same time, some over one request and some over several (U-21).
    public static func sameBlobs(_ store: any BlobStore) async throws {
        let blobs = (0..<4).map { TestBytes.make(50_000 * ($0 + 1), seed: UInt64($0 + 1)) }
        let new = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<32 {
                group.addTask {
                    let bytes = blobs[task % 4]
                    let digest = Digest.sha256(of: bytes)
                    let blob: StoredBlob
                    switch task / 4 % 3 {
                    case 0: blob = try await store.put(bytes)
                    case 1:
                        let upload = try await store.stage(hashing: .sha256)
                        try await upload.append(from: source(of: bytes, pieces: 7000))
                        blob = try await upload.finish(as: digest)
                    default:
                        let upload = try await store.claimed(try await store.beginUpload([]))
                        try await upload.append(from: source(of: bytes, pieces: 7000))
                        try await upload.sync()
                        blob = try await upload.finish(as: digest)
                    }
                    try requireEqual(try await store.bytes(of: digest), bytes)
                    return blob.isNew ? 1 : 0
                }
            }
            return try await group.reduce(0, +)
        }
        try requireEqual(new, 4, "blobs are new")
        try requireEqual(try await store.blobs(after: nil, limit: 100).count, 4)
        try require(try await store.uploads(after: nil, limit: 100).isEmpty, "there are uploads")
    }

    /// Pushes of one blob against those who condemn, restore and remove it: readers see all of it or nothing.
    public static func removalRaces(_ store: any BlobStore) async throws {
        let bytes = TestBytes.make(30_000)
        let digest = Digest.sha256(of: bytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<25 { _ = try await store.put(bytes) } }
                group.addTask {
                    for round in 0..<50 {
                        switch round % 3 {
                        case 0: _ = try await store.condemn(digest)
                        case 1: _ = try await store.restore(digest)
                        default: _ = try await store.remove(digest)
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<50 {
                        if let found = try await store.bytes(of: digest) { try requireEqual(found, bytes) }
                    }
                }
            }
            try await group.waitForAll()
        }
        _ = try await store.put(bytes)
        try requireEqual(try await store.bytes(of: digest), bytes)
    }
}
