import APIMachinery
import APIServer
import ImageAPI
import JSON
import OCI
import Testing

@testable import ImageStreams

@Suite("Large and busy streams")
struct LargeStreamTests {
    private static func world(_ body: (World) async throws -> Void) async throws {
        try await World.run { world in
            var stream = ImageStream()
            stream.metadata.name = "app"
            stream.metadata.namespace = "demo"
            try await world.create(stream)
            try await body(world)
        }
    }

    private static func image(_ number: Int) -> String { Digest.sha256(of: Array("\(number)".utf8)).description }

    @Test("a history of many thousand images can be written, and the stream deleted with all it refers to")
    func longHistory() async throws {
        try await Self.world { world in
            let context = context("imagestreams")
            let rules = try world.streams.strategy.rules
            _ = try await world.api.streams.update(
                "app", strategy: ImageStreamStatusStrategy(rules: rules), options: WriteOptions(), context,
                change: ObjectChange(isPatch: true) { current in
                    var stream = try current.object()
                    let events = (0..<10_000).map { event("quay.io/x/app@\(Self.image($0))", Self.image($0)) }
                    stream.status.withTag("v1") { $0.items = events }
                    return stream
                })
            #expect(try await world.keys(LedgerKeys.imageReferences).count == 10_000)
            _ = try await world.streams.delete("app", options: DeleteOptions(), context)
            #expect(try await world.keys(LedgerKeys.imageReferences).isEmpty)
        }
    }

    @Test("what many writers do to different tags at a time gets through")
    func contention() async throws {
        try await Self.world { world in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        var mapping = ImageStreamMapping()
                        mapping.metadata.name = "app"
                        mapping.tag = "pushed-\(number)"
                        mapping.image.metadata.name = Self.image(number)
                        mapping.image.dockerImageReference = "quay.io/x/app@\(Self.image(number))"
                        try await world.api.push(mapping, context("imagestreammappings"))
                    }
                    group.addTask {
                        var tag = ImageStreamTag()
                        tag.metadata.name = "app:made-\(number)"
                        tag.tag = TagReference(from: from("DockerImage", "quay.io/x/y:\(number)"))
                        tag.tag?.reference = true
                        _ = try await world.tags.create(tag, options: WriteOptions(), context("imagestreamtags"))
                    }
                }
                try await group.waitForAll()
            }
            let stream = try await world.stream()
            #expect(stream.status.tags.count == 64)
            #expect(stream.spec.tags.count == 32)
            // One entry of history for each, and none lost.
            #expect(try await world.keys(LedgerKeys.histories).count == 64)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        _ = try await world.tags.delete(
                            "app:made-\(number)", options: DeleteOptions(), context("imagestreamtags"))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await world.stream().status.tags.count == 32)
        }
    }

    @Test("an image of many layers can be read as it could be stored")
    func manyLayers() async throws {
        try await Self.world { world in
            let layers = (0..<5_000).map { number in
                #"{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":1,"digest":"\#(Self.image(number))"}"#
            }
            let config = #"{"architecture":"amd64"}"#
            let manifest =
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifest)","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":1,"digest":"\#(Digest.sha256(of: Array(config.utf8)))"},"layers":[\#(layers.joined(separator: ","))]}"#
            var mapping = ImageStreamMapping()
            mapping.metadata.name = "app"
            mapping.tag = "big"
            mapping.image.metadata.name = Digest.sha256(of: Array(manifest.utf8)).description
            mapping.image.dockerImageReference = "quay.io/x/app:big"
            mapping.image.dockerImageManifest = manifest
            mapping.image.dockerImageConfig = config
            try await world.api.push(mapping, context("imagestreammappings"))
            let tag = try await world.tags.get("app:big", options: GetOptions(), context("imagestreamtags")).object()
            #expect(tag.image.dockerImageLayers.count == 5_000)
            let shown = try await world.api.layers(of: world.stream())
            #expect(shown.images[mapping.image.metadata.name]?.layers.count == 5_000)
        }
    }
}
