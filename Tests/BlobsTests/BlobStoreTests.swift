import Blobs
import BlobsTesting
import Foundation
import OCI
import Testing

/// The holders of an upload are the words that it was begun with.
private func configuration(_ place: String) -> FileBlobStore.Configuration {
    var configuration = FileBlobStore.Configuration(root: place)
    configuration.holders = { String(decoding: $0, as: UTF8.self).split(separator: " ").map(String.init) }
    return configuration
}

let engines = [
    BlobStoreFactory("files") { try await FileBlobStore.open(configuration($0)) },
    BlobStoreFactory("files, one thread") { place in
        var configuration = configuration(place)
        configuration.threads = 1
        return try await FileBlobStore.open(configuration)
    },
]

@Suite("Every store of blobs")
struct BlobStoreTests {
    private func with(_ factory: BlobStoreFactory, _ check: (any BlobStore) async throws -> Void) async throws {
        let place = try Place()
        let store = try await factory.open(place.path)
        do { try await check(store) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    @Test("gives back what it was given, whole and in parts", arguments: engines)
    func bytes(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.bytesComeBack($0) }
    }

    @Test(
        "puts blobs together from pieces of any size, under digests of any algorithm", arguments: engines,
        [(Digest.Algorithm.sha256, false), (.sha512, true), (.sha512, false)])
    func pieces(_ factory: BlobStoreFactory, _ digest: (Digest.Algorithm, Bool)) async throws {
        try await with(factory) { try await BlobStoreChecks.pieces($0, digest.0, announces: digest.1) }
    }

    @Test("drops an upload whose bytes are not those of the digest", arguments: engines)
    func wrongDigest(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.wrongDigest($0) }
    }

    @Test("takes no more than it may", arguments: engines)
    func limits(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.limits($0) }
    }

    @Test("keeps what came before a failure, and takes back what was not synced", arguments: engines)
    func rollBack(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.rollBack($0) }
    }

    @Test("forgets uploads that were cancelled", arguments: engines)
    func cancelling(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.cancelling($0) }
    }

    @Test("discards many at once, condemned or not, and no other", arguments: engines)
    func discarding(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.discarding($0) }
    }

    @Test("removes in two steps, of which the first can be undone", arguments: engines)
    func removal(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.removal($0) }
    }

    @Test("lists blobs and uploads in order, page by page", arguments: engines)
    func listing(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.listing($0) }
    }

    @Test("lets one request at a time change an upload", arguments: engines)
    func claims(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.claims($0) }
    }

    @Test("frees an upload that its request forgot", arguments: engines)
    func forgotten(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.forgotten($0) }
    }

    @Test("keeps one copy of blobs that many push at once", arguments: engines)
    func sameBlobs(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.sameBlobs($0) }
    }

    @Test("shows a blob whole or not at all, whatever happens to it", arguments: engines)
    func races(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.removalRaces($0) }
    }

    @Test("lets a holder have as many uploads as it may", arguments: engines)
    func holders(_ factory: BlobStoreFactory) async throws {
        let place = try Place()
        try await BlobStoreChecks.holders(factory, place.path)
    }

    @Test("says that it is closed", arguments: engines)
    func closing(_ factory: BlobStoreFactory) async throws {
        try await with(factory) { try await BlobStoreChecks.closing($0) }
    }

    @Test("goes on with uploads after a restart", arguments: engines)
    func restart(_ factory: BlobStoreFactory) async throws {
        let place = try Place()
        try await BlobStoreChecks.restart(factory, place.path)
    }

    @Test("does in any order of calls what a model of it does", arguments: engines)
    func model(_ factory: BlobStoreFactory) async throws {
        for _ in 0..<3 {
            let place = try Place()
            try await BlobStoreChecks.model(
                factory, place.path, seed: UInt64.random(in: 0...UInt64.max), steps: 150)
        }
    }
}
