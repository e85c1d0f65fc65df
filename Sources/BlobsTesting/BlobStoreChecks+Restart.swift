import Blobs
import OCI

extension BlobStoreChecks {
    /// Uploads go on after a restart where they were, with what the registry wanted to know of them.
    public static func restart(_ factory: BlobStoreFactory, _ place: String) async throws {
        let bytes = TestBytes.make(1_200_000)
        let info = Array(repeating: UInt8(200), count: UploadInfo.maximumBytes)
        var store = try await factory.open(place)
        let empty = try await store.beginUpload(Array("empty".utf8))
        var ids: [(UploadID, Digest)] = []
        for algorithm in [Digest.Algorithm.sha256, .sha512] {
            let id = try await store.beginUpload(info, hashing: algorithm)
            ids.append((id, .compute(algorithm, of: bytes)))
            let upload = try await store.claimed(id)
            try await upload.append(Array(bytes[..<700_000]))
            try await upload.sync()
            await upload.release()
        }
        let blob = try await store.put(bytes + [1])
        let condemned = try await store.put([5, 6, 7])
        _ = try await store.condemn(condemned.digest)
        for _ in 0..<2 {
            await store.close()
            store = try await factory.open(place)
        }
        try requireEqual(try await store.status(of: empty)?.info, Array("empty".utf8))
        try requireEqual(try await store.claimed(empty).offset, 0)
        for (id, digest) in ids {
            let status = try requireValue(try await store.status(of: id), "an upload is lost")
            try requireEqual(status.offset, 700_000)
            let upload = try await store.claimed(id)
            try requireEqual(upload.info, info)
            try requireEqual(upload.offset, 700_000)
            try await upload.append(TestBytes.make(5000, seed: 77))
            try await upload.rollBack()
            try requireEqual(upload.offset, 700_000)
            try await upload.append(Array(bytes[700_000...]))
            try requireEqual(try await upload.finish(as: digest).digest, .sha256(of: bytes))
        }
        try requireEqual(try await store.bytes(of: blob.digest), bytes + [1])
        try require(try await store.restore(condemned.digest), "a condemned blob is lost")
        await store.close()
    }

    /// Random calls, and restarts between them, against a model of what must come out.
    public static func model(_ factory: BlobStoreFactory, _ place: String, seed: UInt64, steps: Int) async throws {
        var random = Random(state: seed | 1)
        var store = try await factory.open(place)
        var blobs: [Digest: [UInt8]] = [:]
        var uploads: [UploadID: [UInt8]] = [:]
        var digests: [Digest] = []
        for step in 0..<steps {
            let moment = "seed \(seed), step \(step)"
            switch random.next(9) {
            case 0:
                let id = try await store.beginUpload([UInt8(truncatingIfNeeded: step)])
                uploads[id] = []
            case 1, 2, 3:
                guard let id = uploads.keys.sorted().randomly(&random) else { continue }
                let bytes = TestBytes.make(random.next(400_000), seed: random.next())
                let upload = try await store.claimed(id)
                try requireEqual(upload.offset, Int64(uploads[id]?.count ?? -1), moment)
                try await upload.append(from: source(of: bytes, pieces: 1 + random.next(100_000)))
                if random.next(4) == 0 {
                    try await upload.rollBack()
                } else {
                    if random.next(2) == 0 { try await upload.sync() }
                    uploads[id]? += bytes
                }
                await upload.release()
            case 4, 5:
                guard let id = uploads.keys.sorted().randomly(&random), let bytes = uploads[id] else { continue }
                uploads[id] = nil
                let upload = try await store.claimed(id)
                if random.next(5) == 0 {
                    try await requireFailure(
                        .digestMismatch(expected: .sha256(of: [9, 9]), actual: .sha256(of: bytes))
                    ) { try await upload.finish(as: .sha256(of: [9, 9])) }
                } else {
                    let digest = Digest.compute(random.next(2) == 0 ? .sha256 : .sha512, of: bytes)
                    let blob = try await upload.finish(as: digest)
                    try requireEqual(blob.isNew, blobs[blob.digest] == nil, moment)
                    blobs[blob.digest] = bytes
                    digests.append(blob.digest)
                }
            case 6:
                guard let digest = digests.randomly(&random) else { continue }
                if try await store.condemn(digest) {
                    try require(blobs.removeValue(forKey: digest) != nil, moment)
                }
            case 7:
                guard let digest = digests.randomly(&random) else { continue }
                _ = try await store.remove(digest)
                try require(try await store.restore(digest) == (blobs[digest] != nil), moment)
            default:
                await store.close()
                store = try await factory.open(place)
            }
            if let digest = digests.randomly(&random) {
                try require(try await store.bytes(of: digest) == blobs[digest], "\(moment): \(digest) differs")
            }
        }
        try requireEqual(try await store.blobs(after: nil, limit: .max).map(\.digest), blobs.keys.sorted())
        try requireEqual(try await store.uploads(after: nil, limit: .max).map(\.id), uploads.keys.sorted())
        await store.close()
    }
}

/// Numbers that come again with their seed.
private struct Random {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func next(_ bound: Int) -> Int { Int(next() >> 11) % bound }
}

extension Array {
    fileprivate func randomly(_ random: inout Random) -> Element? { isEmpty ? nil : self[random.next(count)] }
}
