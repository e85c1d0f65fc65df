import APIMachinery
import APIServer
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("What is computed from streams and images")
struct ComputedTests {
    private struct Views {
        let world: World

        func tag(_ name: String = "app:v1") async throws -> ImageStreamTag {
            try await world.tags.get(name, options: GetOptions(), context("imagestreamtags")).object()
        }

        func imageTag(_ name: String = "app:v1") async throws -> ImageTag {
            try await world.imageTags.get(name, options: GetOptions(), context("imagetags")).object()
        }

        func layers(_ name: String = "app") async throws -> ImageStreamLayers {
            try await world.resource(ImageStreamLayersResource.self)
                .get(name, options: GetOptions(), context("imagestreams")).object()
        }

        func edit(_ image: String, _ change: @escaping @Sendable (inout Image) -> Void) async throws {
            _ = try await world.api.images.update(
                image, strategy: ImageStrategy(), options: WriteOptions(), context("images", namespace: ""),
                change: ObjectChange(isPatch: true) { current in
                    var image = try current.object()
                    change(&image)
                    return image
                })
        }

        func delete(_ image: String) async throws {
            _ = try await world.api.images.delete(
                image, options: DeleteOptions(), context("images", namespace: ""))
        }

        func restore(_ letter: Character) async throws {
            var image = Image()
            image.metadata.name = digest(letter)
            image.dockerImageReference = "registry.example.com/team/app@\(digest(letter))"
            image.dockerImageLayers = [ImageLayer(name: "new", size: 1, mediaType: "m")]
            _ = try await world.api.images.create(
                image, strategy: ImageStrategy(), options: WriteOptions(), context("images", namespace: ""))
        }
    }

    private let layer = ImageLayer(name: "old", size: 1, mediaType: "m")

    @Test("follows its sources, however often it was asked for before")
    func follows() async throws {
        try await World.run { world in
            let views = Views(world: world)
            try await world.create(stream())
            try await world.push("a", to: "v1", layers: [layer])
            for _ in 0..<2 {
                #expect(try await views.tag().image.metadata.name == digest("a"))
                #expect(try await views.imageTag().image?.metadata.name == digest("a"))
                #expect(try await views.layers().blobs.keys.sorted().contains("old"))
            }
            try await views.edit(digest("a")) { $0.metadata.annotations["note"] = "x" }
            #expect(try await views.tag().image.metadata.annotations["note"] == "x")
            #expect(try await views.imageTag().image?.metadata.annotations["note"] == "x")

            try await world.push("b", to: "v1", layers: [layer])
            #expect(try await views.tag().image.metadata.name == digest("b"))
            #expect(try await views.imageTag().status?.items.count == 2)
            #expect(try await views.layers().images.count == 2)
        }
    }

    @Test("shows that an image went, and that it came back")
    func missing() async throws {
        try await World.run { world in
            let views = Views(world: world)
            try await world.create(stream())
            try await world.push("a", to: "v1", layers: [layer])
            _ = try await (views.tag(), views.imageTag(), views.layers())
            try await views.delete(digest("a"))
            for _ in 0..<2 {
                #expect(await failure { try await views.tag() }?.code == 404)
                #expect(try await views.imageTag().image == nil)
                #expect(try await views.layers().images[digest("a")]?.imageMissing == true)
            }
            try await views.restore("a")
            #expect(try await views.tag().image.dockerImageLayers.map(\.name) == ["new"])
            #expect(try await views.imageTag().image?.dockerImageLayers.map(\.name) == ["new"])
            #expect(try await views.layers().images[digest("a")]?.layers == ["new"])
        }
    }

    @Test("of a stream that was made anew shows the new one")
    func again() async throws {
        try await World.run { world in
            let views = Views(world: world)
            for letter: Character in ["a", "b"] {
                try await world.create(stream())
                try await world.push(letter, to: "v1", layers: [layer])
                #expect(try await views.tag().image.metadata.name == digest(letter))
                #expect(try await views.layers().images.keys.sorted() == [digest(letter)])
                _ = try await world.api.streams.delete("app", options: DeleteOptions(), context("imagestreams"))
                #expect(await failure { try await views.tag() }?.code == 404)
                #expect(await failure { try await views.layers() }?.code == 404)
            }
        }
    }
}
