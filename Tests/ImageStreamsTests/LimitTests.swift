import APIMachinery
import APIServer
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("Limits of streams")
struct LimitTests {
    private static func spec(_ kind: String, _ names: [String]) -> ImageStream {
        stream(spec: names.enumerated().map { tag("\($0)", from(kind, $1)) })
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var stream: ImageStream
        var count: Int
        var testDescription: String { stream.spec.tags.compactMap { $0.from?.name }.joined(separator: " ") }
    }

    static let cases: [Case] = [
        Case(stream: spec("DockerImage", ["php", "php:latest", "docker.io/library/php"]), count: 1),
        Case(stream: spec("DockerImage", ["a/b:1", "a/b:2", "A B"]), count: 2),
        Case(stream: spec("ImageStreamTag", ["other", "x:1", "x:1", "x:2"]), count: 2),
        Case(stream: spec("ImageStreamImage", ["x@\(digest("a"))", "x@aaaa", "x"]), count: 1),
        Case(stream: spec("Pod", ["x"]), count: 0),
    ]

    @Test("references that mean the same count once, those without a tag of their own not at all", arguments: cases)
    func references(_ test: Case) {
        #expect(ImageStreamUsage(test.stream).references.count == test.count)
    }

    @Test("only a write that adds something is measured")
    func growth() {
        let old = stream(status: ["a": [event("r", "1"), event("s", "2"), event("t", "3")]])
        func violations(_ new: ImageStream) -> [String] {
            ImageStreamUsage.violations(of: new, old: old, maximumTags: nil, maximumImages: 2)
        }
        var labelled = old
        labelled.metadata.labels = ["a": "b"]
        #expect(violations(labelled).isEmpty)
        var swapped = old
        swapped.status.tags[0].items[0].image = "4"
        #expect(
            violations(swapped) == [
                "requested usage of openshift.io/images exceeds the maximum limit per openshift.io/ImageStream (3 > 2)"
            ])
        #expect(ImageStreamUsage.violations(of: swapped, old: nil, maximumTags: 5, maximumImages: 3).isEmpty)
    }

    private let limits = NamespaceImageStreamLimits { _ in ImageStreamMaxima(tags: 1, images: 1) }

    @Test("a limit stops edits and pushes, each in its form")
    func stops() async throws {
        try await World.run(limits: limits) { world in
            let one = tag("a", from("DockerImage", "a/b:1"), reference: true)
            try await world.create(stream(spec: [one]))
            let edit = await failure {
                try await world.edit { $0.spec.tags.append(tag("b", from("DockerImage", "a/b:2"), reference: true)) }
            }
            #expect(
                edit?.message
                    == "ImageStream.image.openshift.io \"app\" is invalid: []: Internal error: ImageStream.image.openshift.io \"app\" is forbidden: requested usage of openshift.io/image-tags exceeds the maximum limit per openshift.io/ImageStream (2 > 1)"
            )
            try await world.push("a", to: "v1")
            let push = await failure { try await world.push("b", to: "v2") }
            #expect(
                push?.message
                    == "ImageStream.image.openshift.io \"app\" is invalid: imageStream: Forbidden: ImageStream.image.openshift.io \"app\" is forbidden: requested usage of openshift.io/images exceeds the maximum limit per openshift.io/ImageStream (2 > 1)"
            )
        }
    }

    @Test("an import that goes over a limit fails, and says so on its tags")
    func imports() async throws {
        try await World.run(limits: limits) { world in
            world.importer.prepare("r/x:1", .image(fetched("r/x", seed: "a")))
            world.importer.prepare("r/x:2", .image(fetched("r/x", seed: "b")))
            func run(_ name: String) async throws {
                var request = ImageStreamImport()
                request.metadata.name = "app"
                request.spec.import = true
                request.spec.images = [ImageImportSpec(from: from("DockerImage", name))]
                _ = try await world.api.runImport(request, context("imagestreamimports"))
            }
            try await run("r/x:1")
            #expect(await failure { try await run("r/x:2") }?.code == 422)
            let app = try world.stream()
            #expect(app.spec.tags.map(\.name) == ["1"] && app.status.tags.map(\.tag) == ["1", "2"])
            #expect(app.status.tag("2")?.conditions.map(\.reason) == ["Invalid"])
        }
    }
}
