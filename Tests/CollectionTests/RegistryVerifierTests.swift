import APIMachinery
import APIServer
import Blobs
import Foundation
import Logging
import OCI
import Store
import Testing

@testable import ImageStreams
@testable import Registry

@Suite("The verifier")
struct RegistryVerifierTests {
    private static func verify(
        _ world: World, _ change: (inout RegistryVerifier.Request) -> Void = { _ in }
    ) async throws -> [VerificationFinding] {
        var request = RegistryVerifier.Request()
        change(&request)
        var findings: [VerificationFinding] = []
        let tally = try await verifier(world).run(request) { event in
            if case .finding(let finding) = event { findings.append(finding) }
        }
        #expect(Int(tally.broken) == findings.count { $0.isOpen })
        return findings
    }

    private static func verifier(_ world: World) -> RegistryVerifier {
        RegistryVerifier(
            index: world.index, blobs: world.blobs, streams: world.streams, namespaces: world.namespaces,
            logger: Logger(label: "test"))
    }

    private struct Pushed: Sendable {
        var layer: Digest
        var image: Digest
        var index: Digest
    }

    /// An image for one platform, behind an index.
    private static func push(_ world: World) async throws -> Pushed {
        let config = try await world.upload("{}")
        let layer = try await world.upload("layer")
        func descriptor(_ digest: Digest, _ size: Int, _ type: String) -> String {
            #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(size)}"#
        }
        let image = try await world.push(
            manifest: """
                {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)",\
                "config":\(descriptor(config, 2, MediaType.ociConfig)),\
                "layers":[\(descriptor(layer, 5, MediaType.ociLayer))]}
                """, [config, layer], type: MediaType.ociManifest)
        let index = try await world.push(
            manifest: """
                {"schemaVersion":2,"mediaType":"\(MediaType.ociIndex)",\
                "manifests":[\(descriptor(image, 1, MediaType.ociManifest))]}
                """, children: [image], type: MediaType.ociIndex, tags: ["v1"])
        return Pushed(layer: layer, image: image, index: index)
    }

    @Test("finds nothing where nothing is wrong")
    func content() async throws {
        try await World.run { world in
            _ = try await Self.push(world)
            #expect(try await Self.verify(world).isEmpty)
        }
    }

    /// What happens, the kinds that are found, and those that stay after a repair.
    private static let damage:
        [(
            String, @Sendable (World, Pushed) async throws -> Void, Set<VerificationFinding.Kind>,
            Set<VerificationFinding.Kind>
        )] = [
            (
                "a blob's bytes change",
                { world, pushed in try Data("LAYER".utf8).write(to: file(pushed.layer, world)) },
                [.damagedBlob], [.damagedBlob]
            ),
            (
                "a file gets shorter", { world, pushed in try Data("lay".utf8).write(to: file(pushed.layer, world)) },
                [.damagedBlob, .wrongSize], [.damagedBlob, .wrongSize]
            ),
            (
                "a file is lost",
                { world, pushed in try FileManager.default.removeItem(at: file(pushed.layer, world)) },
                [.missingBlob], [.brokenImage, .brokenTag, .brokenLink]
            ),
            (
                "a file is in the trash, and should not be",
                { world, pushed in _ = try await world.blobs.condemn(pushed.layer) }, [.missingBlob], []
            ),
            (
                "the record of a layer is lost",
                { world, pushed in try await forget(pushed.layer, world) },
                [.unknownFile, .brokenImage, .brokenTag, .brokenLink], [.unknownFile]
            ),
            (
                "the record of a manifest is lost", { world, pushed in try await forget(pushed.index, world) },
                [.unknownFile, .brokenImage, .brokenTag], [.unknownFile]
            ),
            (
                "the record of a platform's manifest is lost",
                { world, pushed in try await forget(pushed.image, world) },
                [.unknownFile, .incompleteIndex, .brokenImage], [.unknownFile]
            ),
            (
                "a record says another size",
                { world, pushed in
                    var record = try #require(try await world.index.blob(pushed.layer))
                    record.size = 99
                    try await put(RegistryKeys.blob(pushed.layer), record.encoded, world)
                }, [.wrongSize], []
            ),
            (
                "an Image is lost",
                { world, pushed in
                    var context = world.context()
                    context.namespace = ""
                    _ = try await world.streams.images.delete(
                        pushed.index.description, options: DeleteOptions(), context)
                }, [.brokenImage, .brokenTag], [.brokenImage, .brokenTag]
            ),
            (
                "an alias stands for other bytes",
                { world, pushed in
                    let alias = Digest.compute(.sha512, of: Array("other".utf8))
                    try await put(RegistryKeys.alias(alias), Array(pushed.layer.description.utf8), world)
                }, [.wrongAlias], [.wrongAlias]
            ),
            (
                "a blob was deleted in a repository that needs it",
                { world, pushed in
                    let link = LayerLink(size: 5, touched: 1, isDeleted: true)
                    let id = try await world.repository().id
                    try await put(RegistryKeys.layer(id, pushed.layer), link.encoded, world)
                }, [.brokenLink], [.brokenLink]
            ),
            (
                "an image of a list was deleted, and its layer with it",
                { world, pushed in
                    let link = LayerLink(size: 5, touched: 1, isDeleted: true)
                    let repository = try await world.repository()
                    try await put(RegistryKeys.layer(repository.id, pushed.layer), link.encoded, world)
                    let rows = try await world.index.tombstone(of: pushed.image, in: repository)
                    _ = try await world.store.commit(Transaction(mutations: rows.mutations))
                }, [], []
            ),
            (
                "a blob was deleted before its image was tagged again",
                { world, pushed in
                    let link = LayerLink(size: 5, touched: 1, isDeleted: true)
                    let id = try await world.repository().id
                    try await put(RegistryKeys.layer(id, pushed.layer), link.encoded, world)
                    let name = pushed.index.description
                    try await world.streams.push(
                        TagPush(image: name, reference: "registry:5000/p/app@\(name)", tags: ["v2"], race: .lastWins),
                        to: "app", world.context())
                }, [], []
            ),
            (
                "a list of referrers names what is not there",
                { world, pushed in
                    let id = try await world.repository().id
                    let key = RegistryKeys.referrer(id, of: pushed.image, pushed: 1, .sha256(of: [UInt8(1)]))
                    try await put(key, Array("{}".utf8), world)
                }, [.brokenLink], [.brokenLink]
            ),
        ]

    private static func file(_ digest: Digest, _ world: World) -> URL {
        URL(fileURLWithPath: BlobLayout(root: world.directory + "/blobs").data(digest))
    }

    private static func forget(_ digest: Digest, _ world: World) async throws {
        _ = try await world.store.commit(Transaction(mutations: [.delete(key: RegistryKeys.blob(digest))]))
    }

    private static func put(_ key: String, _ value: [UInt8], _ world: World) async throws {
        _ = try await world.store.commit(Transaction(mutations: [.put(key: key, value: value)]))
    }

    @Test("finds what is wrong, changes nothing, and repairs what can be repaired", arguments: damage.indices)
    func finding(_ index: Int) async throws {
        let (what, spoil, expected, rest) = Self.damage[index]
        try await World.run { world in
            let pushed = try await Self.push(world)
            try await spoil(world, pushed)
            let revision = world.store.currentRevision
            let found = try await Self.verify(world)
            #expect(Set(found.map(\.kind)) == expected, "\(what): \(found)")
            #expect(found.allSatisfy { $0.repair == nil } && world.store.currentRevision == revision, "\(what)")
            _ = try await Self.verify(world) { $0.repairs = true }
            let after = try await Self.verify(world)
            let left = Set(after.map(\.kind))
            #expect(left == rest.subtracting([.unknownFile]), "\(what): \(after)")
        }
    }

    @Test("damaged blobs are put aside only where that is asked for, and can be pushed again")
    func quarantine() async throws {
        try await World.run { world in
            let pushed = try await Self.push(world)
            try Data("LAYER".utf8).write(to: Self.file(pushed.layer, world))
            _ = try await Self.verify(world) { $0.repairs = true }
            #expect(try await world.blobs.content(of: pushed.layer) != nil)
            let found = try await Self.verify(world) { $0.quarantines = true }
            #expect(found.first { $0.kind == .damagedBlob }?.repair != nil)
            #expect(try await world.blobs.content(of: pushed.layer) == nil)
            #expect(try await world.index.blob(pushed.layer) == nil)
            try await world.upload("layer")
            #expect(try await Self.verify(world).isEmpty)
        }
    }

    @Test("what clients and the collector do meanwhile is no finding")
    func meanwhile() async throws {
        try await World.run { world in
            _ = try await Self.push(world)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for round in 0..<40 {
                        let layer = try await world.upload("layer \(round)")
                        try await world.deleteTag(try await Self.pushRound(round, layer, world))
                        world.clock.pass(hours: 60)
                        try await world.collect()
                    }
                }
                group.addTask {
                    for _ in 0..<15 {
                        let found = try await Self.verify(world)
                        #expect(found.allSatisfy { !$0.kind.isBroken }, "\(found)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private static func pushRound(_ round: Int, _ layer: Digest, _ world: World) async throws -> String {
        let size = "layer \(round)".utf8.count
        try await world.push(
            manifest: """
                {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)",\
                "config":{"mediaType":"x/y+json","digest":"\(layer)","size":\(size)},"layers":[]}
                """, [layer], type: MediaType.ociManifest, tags: ["r\(round)"])
        return "r\(round)"
    }
}
