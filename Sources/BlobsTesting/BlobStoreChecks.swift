public import Blobs
import OCI

/// The promises of ``BlobStore``, each as a check that any engine must pass. A check gets a store on an empty place and
/// leaves it open.
public enum BlobStoreChecks {
    /// Sizes around everything an engine may have a bound at.
    static let sizes = [0, 1, 2, 4095, 4096, 16_384, 16_385, 262_143, 262_144, 262_145, 327_680, 327_681, 1_500_000]

    public static func bytesComeBack(_ store: any BlobStore) async throws {
        for size in sizes {
            let bytes = TestBytes.make(size, seed: UInt64(size))
            let digest = Digest.sha256(of: bytes)
            try require(try await store.content(of: digest) == nil, "\(size) bytes are there before they were stored")
            try requireEqual(
                try await store.put(bytes), StoredBlob(digest: digest, size: Int64(size), isNew: true))
            try requireEqual(
                try await store.put(bytes), StoredBlob(digest: digest, size: Int64(size), isNew: false))
            let content = try requireValue(try await store.content(of: digest), "\(size) bytes are lost")
            try requireEqual(content.size, Int64(size))
            try requireEqual(try await content.collect(upTo: size), bytes)
            if size > 0 {
                try await requireFailure(.tooLarge) { try await content.collect(upTo: size - 1) }
                let middle = Int64(size / 3)..<Int64(size - size / 3)
                try requireEqual(
                    try await content.read(middle), Array(bytes[Int(middle.lowerBound)..<Int(middle.upperBound)]))
            }
        }
        try require(
            try await store.content(of: .compute(.sha512, of: TestBytes.make(1))) == nil, "found by an alias")
    }

    /// - Parameter announces: the algorithm is named when the upload begins.
    public static func pieces(_ store: any BlobStore, _ algorithm: Digest.Algorithm, announces: Bool) async throws {
        for size in sizes {
            for piece in [1000, 65_536, 200_000, 4_000_000] {
                let bytes = TestBytes.make(size, seed: UInt64(size * 31 + piece))
                let digest = Digest.compute(algorithm, of: bytes)
                let id = try await store.beginUpload(Array("i".utf8), hashing: announces ? algorithm : .sha256)
                let first = try await store.claimed(id)
                let half = size / 2
                try requireEqual(
                    try await first.append(from: source(of: Array(bytes[..<half]), pieces: piece)), Int64(half))
                try requireEqual(first.offset, Int64(half))
                if piece % 2 == 0 { try await first.sync() }
                await first.release()
                let second = try await store.claimed(id)
                try requireEqual(second.offset, Int64(half))
                try await second.append(from: source(of: Array(bytes[half...]), pieces: piece))
                let blob = try await second.finish(as: digest)
                try requireEqual(blob.digest, .sha256(of: bytes))
                try requireEqual(blob.size, Int64(size))
                try requireEqual(try await store.bytes(of: blob.digest), bytes, "in pieces of \(piece)")
                try require(try await store.upload(id) == nil, "a finished upload is still there")
            }
        }
    }

    public static func wrongDigest(_ store: any BlobStore) async throws {
        let bytes = TestBytes.make(300_000)
        for expected in [Digest.sha256(of: [1]), .compute(.sha512, of: [1]), .compute(.sha384, of: [1])] {
            let id = try await store.beginUpload([])
            let upload = try await store.claimed(id)
            try await upload.append(bytes)
            try await requireFailure(
                .digestMismatch(expected: expected, actual: .compute(expected.algorithm, of: bytes))
            ) { try await upload.finish(as: expected) }
            try await requireFailure(.uploadUnknown) { try await upload.finish(as: .sha256(of: bytes)) }
            try require(try await store.upload(id) == nil, "an upload with a wrong digest is kept")
            try require(try await store.content(of: .sha256(of: bytes)) == nil, "a blob came out of it")
            try require(try await store.content(of: expected) == nil, "a wrong blob came out of it")
        }
        try require(try await store.blobs(after: nil, limit: 10).isEmpty, "there are blobs")
        try require(try await store.uploads(after: nil, limit: 10).isEmpty, "there are uploads")
    }

    public static func limits(_ store: any BlobStore) async throws {
        let bytes = TestBytes.make(900_000)
        let id = try await store.beginUpload([])
        let upload = try await store.claimed(id)
        try await upload.append(Array(bytes[..<300_000]))
        try await upload.sync()
        await upload.release()
        let second = try await store.claimed(id)
        try await requireFailure(.tooLarge) {
            try await second.append(upTo: 500_000, from: source(of: Array(bytes[300_000...]), pieces: 60_000))
        }
        try await second.rollBack()
        try requireEqual(second.offset, 300_000)
        // Exactly so many may come.
        try await second.append(upTo: 600_000, from: source(of: Array(bytes[300_000...]), pieces: 60_000))
        try requireEqual(try await second.finish(as: .sha256(of: bytes)).size, 900_000)
        try requireEqual(try await store.bytes(of: .sha256(of: bytes)), bytes)
        try await requireFailure(.infoTooLong) {
            try await store.beginUpload([UInt8](repeating: 7, count: UploadInfo.maximumBytes + 1))
        }
    }

    /// What was synced cannot be taken back, what was not can; and a failure of the source loses nothing.
    public static func rollBack(_ store: any BlobStore) async throws {
        let bytes = TestBytes.make(700_000)
        let id = try await store.beginUpload([])
        let upload = try await store.claimed(id)
        try await upload.append(Array(bytes[..<400_000]))
        try await upload.sync()
        try await upload.rollBack()
        try requireEqual(upload.offset, 400_000)
        try await upload.append(TestBytes.make(600_000, seed: 9))
        try await upload.rollBack()
        try requireEqual(upload.offset, 400_000)
        do {
            try await upload.append(
                from: source(of: Array(bytes[400_000..<500_000]), pieces: 30_000, then: SourceFailure()))
            throw BrokenPromise(description: "the source's failure is hidden")
        } catch is SourceFailure {}
        try requireEqual(upload.offset, 500_000)
        await upload.release()
        let second = try await store.claimed(id)
        try requireEqual(second.offset, 500_000)
        try await second.append(Array(bytes[500_000...]))
        try requireEqual(try await second.finish(as: .sha256(of: bytes)).size, 700_000)
        try requireEqual(try await store.bytes(of: .sha256(of: bytes)), bytes)
    }

    public static func cancelling(_ store: any BlobStore) async throws {
        let id = try await store.beginUpload([])
        let upload = try await store.claimed(id)
        try await upload.append(TestBytes.make(600_000))
        try await upload.cancel()
        try require(try await store.upload(id) == nil, "a cancelled upload is there")
        try require(try await store.status(of: id) == nil, "a cancelled upload has a status")
        try await requireFailure(.uploadUnknown) { try await upload.sync() }
        // One that ends with its request.
        let staged = try await store.stage(hashing: .sha256)
        try await staged.append(TestBytes.make(600_000))
        await staged.release()
        try require(try await store.upload(staged.id) == nil, "a transient upload is there")
        try require(try await store.uploads(after: nil, limit: 10).isEmpty, "there are uploads")
        try require(try await store.upload(.random()) == nil, "an upload that never was is there")
    }

    public static func removal(_ store: any BlobStore) async throws {
        let bytes = TestBytes.make(100_000)
        let digest = Digest.sha256(of: bytes)
        try require(try await !store.condemn(digest), "an absent blob was condemned")
        try require(try await !store.restore(digest), "an absent blob was restored")
        _ = try await store.put(bytes)
        try requireEqual(try await store.remove(digest), 0, "a blob was removed without a warning")
        let held = try requireValue(try await store.content(of: digest), "the blob is absent")
        try require(try await store.condemn(digest), "nothing to condemn")
        try require(try await store.content(of: digest) == nil, "a condemned blob is there")
        try require(try await !store.condemn(digest), "condemned twice")
        try require(try await store.restore(digest), "not restored")
        try require(try await store.restore(digest), "a blob that is there counts as lost")
        try requireEqual(try await store.bytes(of: digest), bytes)
        _ = try await store.condemn(digest)
        try requireEqual(try await store.remove(digest), 100_000)
        try requireEqual(try await store.remove(digest), 0)
        try require(try await !store.restore(digest), "a removed blob came back")
        try requireEqual(try await held.collect(upTo: 100_000), bytes, "taken from its reader")
        // Stored again while condemned: the new one counts, and may be condemned, too.
        _ = try await store.put(bytes)
        _ = try await store.condemn(digest)
        try require(try await store.put(bytes).isNew, "a condemned blob was taken for one that is there")
        try require(try await store.restore(digest), "not there")
        try require(try await store.condemn(digest), "not condemned again")
        try requireEqual(try await store.remove(digest), 100_000)
        _ = try await store.put(bytes)
        try await store.quarantine(digest)
        try require(try await store.content(of: digest) == nil, "a blob in quarantine is there")
        try await store.quarantine(digest)
        try require(try await store.put(bytes).isNew, "a blob in quarantine was taken for one that is there")
    }

    public static func discarding(_ store: any BlobStore) async throws {
        let contents = (1...3).map { TestBytes.make($0 * 1_000) }
        let digests = contents.map { Digest.sha256(of: $0) }
        for bytes in contents { _ = try await store.put(bytes) }
        let kept = try await store.put(TestBytes.make(77)).digest
        _ = try await store.condemn(digests[1])
        let absent = Digest.sha256(of: [1])
        try requireEqual(try await store.discard(digests + [absent]), 6_000, "bytes that are free")
        for digest in digests {
            try require(try await store.content(of: digest) == nil, "a discarded blob is there")
            try require(try await !store.restore(digest), "a discarded blob came back")
        }
        try require(try await store.condemned(after: nil, limit: 10).isEmpty, "something is still condemned")
        try require(try await store.content(of: kept) != nil, "another blob is gone")
        try requireEqual(try await store.discard(digests), 0)
        try require(try await store.put(contents[0]).isNew, "a discarded blob was taken for one that is there")
        try requireEqual(try await store.bytes(of: digests[0]), contents[0])
    }

    public static func listing(_ store: any BlobStore) async throws {
        var digests: [Digest] = []
        for number in 0..<40 {
            digests.append(try await store.put(TestBytes.make(100, seed: UInt64(number + 1))).digest)
        }
        digests.sort()
        for limit in [1, 7, 40, 1000] {
            var found: [Digest] = []
            while true {
                let page = try await store.blobs(after: found.last, limit: limit)
                try require(page.count <= limit, "a page is too long")
                if page.isEmpty { break }
                try require(page.allSatisfy { $0.size == 100 }, "a size is wrong")
                found += page.map(\.digest)
            }
            try requireEqual(found, digests, "in pages of \(limit)")
        }
        var ids: Set<UploadID> = []
        for number in 0..<20 { ids.insert(try await store.beginUpload([UInt8(number), 0, 255])) }
        var found: [UploadStatus] = []
        while true {
            let page = try await store.uploads(after: found.last?.id, limit: 6)
            if page.isEmpty { break }
            found += page
        }
        try requireEqual(found.map(\.id), ids.sorted())
        try requireEqual(Set(found.map { $0.info[0] }).count, 20)
        try require(found.allSatisfy { $0.offset == 0 && !$0.isClaimed && $0.info[1...] == [0, 255] }, "wrong status")
        let upload = try await store.claimed(found[0].id)
        try await upload.append(TestBytes.make(600_000))
        try await upload.sync()
        let status = try requireValue(try await store.status(of: upload.id), "no status")
        try require(status.isClaimed && status.offset == 600_000, "wrong status: \(status)")
        await upload.release()
        try require(try await store.status(of: upload.id)?.isClaimed == false, "still claimed")
    }

    /// Uploads are counted by holder: until they end, however they do.
    public static func holders(_ factory: BlobStoreFactory, _ place: String) async throws {
        var store = try await factory.open(place)
        func begin(_ text: String) async throws -> UploadID {
            try await store.beginUpload(Array(text.utf8), hashing: .sha256, within: ["a": 3, "b": 1])
        }
        let ids = [try await begin("a"), try await begin("a"), try await begin("a b")]
        for text in ["a", "b", "b a"] {
            try await requireFailure(.tooManyUploads(holder: text.first == "b" ? "b" : "a")) { try await begin(text) }
        }
        _ = try await begin("c")
        try requireEqual(Set(try await store.uploads(of: "a").map(\.id)), Set(ids))
        try requireEqual(try await store.uploads(of: "d").count, 0)
        // A restart changes nothing.
        await store.close()
        store = try await factory.open(place)
        try await requireFailure(.tooManyUploads(holder: "a")) { try await begin("a") }
        try requireEqual(try await store.uploads(of: "b").map(\.id), [ids[2]])
        // Cancelled, finished, finished wrongly.
        try await store.claimed(ids[0]).cancel()
        let upload = try await store.claimed(ids[1])
        try await upload.append([1, 2, 3])
        _ = try await upload.finish(as: .sha256(of: [1, 2, 3]))
        do { _ = try await store.claimed(ids[2]).finish(as: .sha256(of: [9])) } catch BlobError.digestMismatch {}
        try requireEqual(try await store.uploads(of: "a").count, 0)
        try requireEqual(try await store.uploads(of: "b").count, 0)
        // However many come at once.
        let begun = await withTaskGroup(of: Bool.self) { [store] group in
            for _ in 0..<20 {
                group.addTask {
                    (try? await store.beginUpload(Array("a".utf8), hashing: .sha256, within: ["a": 3])) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        try requireEqual(begun, 3)
        await store.close()
    }

    public static func closing(_ store: any BlobStore) async throws {
        let digest = try await store.put([1]).digest
        let id = try await store.beginUpload([])
        await store.close()
        try await requireFailure(.closed) { try await store.content(of: digest) }
        try await requireFailure(.closed) { try await store.put([2]) }
        try await requireFailure(.closed) { try await store.upload(id) }
        await store.close()
    }
}
