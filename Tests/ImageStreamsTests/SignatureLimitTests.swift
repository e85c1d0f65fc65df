import APIMachinery
import APIServer
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("Signatures that the server adds")
struct SignatureLimitTests {
    private func signature(_ name: String, _ content: [UInt8] = [1]) -> ImageSignature {
        var signature = ImageSignature(type: "AtomicImageV1", content: content)
        signature.metadata.name = "img@\(name)"
        return signature
    }

    private func image(_ names: String..., annotations: [String: String] = [:]) -> Image {
        var image = Image()
        image.metadata.name = "img"
        image.metadata.annotations = annotations
        image.signatures = names.map { signature($0) }
        return image
    }

    private func names(_ image: Image) -> [String] { image.signatures.map { String($0.metadata.name.dropFirst(4)) } }

    @Test("unknown names are appended in their order, each once")
    func appended() {
        var image = image("a", "b")
        image.signatures[0].conditions = [SignatureCondition(type: "Trusted", status: "True")]
        let before = image.signatures
        let new = [signature("c"), signature("a", [9]), signature("d"), signature("c", [9])]
        #expect(SignatureLimits().add(new, to: &image) == .added(2))
        #expect(names(image) == ["a", "b", "c", "d"])
        #expect(image.signatures.prefix(2) == before[...])
        #expect(SignatureLimits().add(new, to: &image) == .nothingNew)
        #expect(SignatureLimits().add([], to: &image) == .nothingNew)
    }

    @Test("beyond the limit nothing changes at all")
    func limits() {
        let limits = SignatureLimits(count: 3, bytes: 10)
        var full = image("a", "b")
        #expect(limits.add([signature("c"), signature("d")], to: &full) == .beyondLimit(count: 4, bytes: 4))
        #expect(names(full) == ["a", "b"])
        #expect(limits.add([signature("c")], to: &full) == .added(1))
        #expect(limits.add([signature("c")], to: &full) == .nothingNew)
        var large = image("a")
        let nine = [UInt8](repeating: 1, count: 9)
        #expect(limits.add([signature("b", nine + [1])], to: &large) == .beyondLimit(count: 2, bytes: 11))
        #expect(limits.add([signature("b", nine)], to: &large) == .added(1))
    }

    @Test("pushed images are left to their owners")
    func managed() {
        var image = image(annotations: [KnownAnnotation.managed: "true"])
        #expect(SignatureLimits().add([signature("a")], to: &image) == .managed)
        image.metadata.annotations[KnownAnnotation.managed] = "false"
        #expect(SignatureLimits().add([signature("a")], to: &image) == .added(1))
    }

    @Test("the update is one of the Image like any other; an Image that is gone is not found")
    func stored() async throws {
        try await World.run { world in
            var image = Image()
            image.metadata.name = "img"
            image.dockerImageReference = "a/b:1"
            let images = context("images", namespace: "")
            let created = try await world.api.images.create(
                image, strategy: ImageStrategy(), options: WriteOptions(), images)
            let limits = SignatureLimits()
            let first = try await world.api.addSignatures([signature("a")], to: "img", limits: limits, images)
            #expect(first == .added(1))
            let stored = try #require(try await world.api.images.object("img", namespace: ""))
            #expect(names(stored) == ["a"])
            #expect(stored.metadata.resourceVersion != created.metadata.resourceVersion)
            let second = try await world.api.addSignatures([signature("a", [2])], to: "img", limits: limits, images)
            #expect(second == .nothingNew)
            #expect(
                try await world.api.images.object("img", namespace: "")?.metadata.resourceVersion
                    == stored.metadata.resourceVersion)
            let missing = await failure {
                try await world.api.addSignatures([signature("a")], to: "none", limits: limits, images)
            }
            #expect(missing?.message == "images.image.openshift.io \"none\" not found")
            let empty = await failure {
                try await world.api.addSignatures([signature("b", [])], to: "img", limits: limits, images)
            }
            #expect(empty?.code == 422)
        }
    }
}
