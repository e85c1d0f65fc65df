import OCI
import Store
import Testing

@testable import Registry

/// spec/registry.md E-5, E-7.
@Suite("What was fetched for a repository")
struct FetchedBlobTests {
    private static let bytes = Array("a layer".utf8)
    private static let digest = Digest.sha256(of: bytes)

    private static func publish(_ index: RegistryIndex, _ home: Incarnation) async throws {
        try await index.publish(digest, size: Int64(bytes.count), as: digest, in: home, isMirrored: true)
    }

    @Test("belongs to all that waited for it, and to nobody's quota")
    func several() async throws {
        try await World.run { world in
            let index = world.index
            let app = try await index.openRepository(World.path, namespaceUID: "1")
            let other = try await index.openRepository(
                RepositoryPath(namespace: "p", stream: "other"), namespaceUID: "1")
            try await Self.publish(index, app)
            #expect(try await index.link(Self.digest, into: other, isMirrored: true))
            for home in [app, other] {
                let link = try #require(try await index.layer(Self.digest, in: home.id))
                #expect(link.isMirrored && !link.isCharged)
            }
            #expect(try await index.blob(Self.digest)?.repositories == [other.path, app.path])
        }
    }

    @Test("is not a part of one that was deleted meanwhile, nor of the next one of that name")
    func deleted() async throws {
        try await World.run { world in
            let index = world.index
            let old = try await index.openRepository(World.path, namespaceUID: "1")
            _ = try await world.store.commit(
                Transaction(mutations: [.delete(key: RegistryKeys.repository(World.path))]))
            try await Self.publish(index, old)
            let new = try await index.openRepository(World.path, namespaceUID: "1")
            try await Self.publish(index, old)
            for home in [old, new] { #expect(try await index.layer(Self.digest, in: home.id) == nil) }
            // The bytes are there, and the collector's when nobody else wants them.
            let blob = try #require(try await index.blob(Self.digest))
            #expect(blob.repositories.isEmpty)
        }
    }

    @Test("does not come back where it was deleted meanwhile; what is pushed does")
    func tombstone() async throws {
        try await World.run { world in
            let index = world.index
            let app = try await index.openRepository(World.path, namespaceUID: "1")
            try await index.unlink(Self.digest, size: 7, from: app.id)
            try await Self.publish(index, app)
            #expect(try await index.layer(Self.digest, in: app.id)?.isDeleted == true)
            #expect(try await index.link(Self.digest, into: app))
            #expect(try await index.layer(Self.digest, in: app.id)?.isCharged == true)
            // What was pushed stays so.
            try await Self.publish(index, app)
            #expect(try await index.layer(Self.digest, in: app.id)?.isCharged == true)
        }
    }
}
