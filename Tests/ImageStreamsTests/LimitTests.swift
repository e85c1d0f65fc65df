import APIMachinery
import APIServer
import ImageAPI
import OCI
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

    @Test("figures are written in their canonical form, and the smallest limit counts")
    func figures() {
        let maxima = ImageStreamMaxima(
            stream: [["openshift.io/images": 2000], ["openshift.io/images": 1000, "openshift.io/image-tags": 7]],
            image: [["storage": 5], ["cpu": 1], ["storage": 3]])
        #expect(maxima == ImageStreamMaxima(tags: 7, images: 1000, imageSizes: [5, 3]))
        let many = stream(status: ["a": (0..<2000).map { event("r", "\($0)") }])
        #expect(
            ImageStreamUsage.violations(of: many, old: nil, maximumTags: nil, maximumImages: maxima.images) == [
                "requested usage of openshift.io/images exceeds the maximum limit per openshift.io/ImageStream (2k > 1k)"
            ])
    }

    struct Push: Sendable, CustomTestStringConvertible {
        var limits: [Quantity]
        var layer: Int64
        var refusal: String?
        var testDescription: String { refusal ?? "\(layer) of \(limits)" }
    }

    private static let config = #"{"architecture":"amd64","os":"linux"}"#

    static let pushes: [Push] = [
        Push(limits: [], layer: 5000),
        Push(limits: [2048], layer: 2048 - Int64(config.utf8.count)),
        Push(limits: [5000, 2047], layer: 2048 - Int64(config.utf8.count), refusal: "(2Ki > 2047)"),
        Push(
            limits: [Quantity(1024, format: .binarySI)], layer: 1025 - Int64(config.utf8.count),
            refusal: "(1025 > 1Ki)"),
    ]

    @Test("a pushed image may be as large as every limit allows", arguments: pushes)
    func imageSizes(_ push: Push) async throws {
        let limits = NamespaceImageStreamLimits { _ in ImageStreamMaxima(imageSizes: push.limits) }
        try await World.run(limits: limits) { world in
            try await world.create(stream())
            var mapping = ImageStreamMapping()
            mapping.metadata.name = "app"
            mapping.tag = "v1"
            mapping.image.metadata.name = digest("a")
            mapping.image.dockerImageReference = "r/x@\(digest("a"))"
            mapping.image.dockerImageManifestMediaType = MediaType.dockerManifest
            mapping.image.dockerImageConfig = Self.config
            mapping.image.dockerImageManifest = """
                {"schemaVersion":2,"mediaType":"\(MediaType.dockerManifest)","config":{"mediaType":\
                "application/vnd.docker.container.image.v1+json","size":\(Self.config.utf8.count),"digest":"\(digest("c"))"},"layers":[\
                {"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":\(push.layer),\
                "digest":"\(digest("b"))"}]}
                """
            let answer = await failure { try await world.api.push(mapping, context("imagestreammappings")) }
            guard let refusal = push.refusal else {
                #expect(answer == nil)
                return
            }
            #expect(answer?.code == 403)
            #expect(
                answer?.message
                    == "imagestreammappings.image.openshift.io \"app\" is forbidden: requested usage of storage exceeds the maximum limit per openshift.io/Image \(refusal)"
            )
            #expect(try await world.api.images.object(digest("a"), namespace: "") == nil)
        }
    }

    @Test("an image whose size cannot be told is refused where that matters")
    func unreadable() async throws {
        for limits in [[], [1000]] as [[Quantity]] {
            try await World.run(limits: NamespaceImageStreamLimits { _ in ImageStreamMaxima(imageSizes: limits) }) {
                world in
                try await world.create(stream())
                var mapping = ImageStreamMapping()
                mapping.metadata.name = "app"
                mapping.tag = "v1"
                mapping.image.metadata.name = digest("a")
                mapping.image.dockerImageReference = "r/x@\(digest("a"))"
                mapping.image.dockerImageManifest = "{}"
                let answer = await failure { try await world.api.push(mapping, context("imagestreammappings")) }
                #expect(answer?.code == (limits.isEmpty ? nil : 403))
            }
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
            let app = try await world.stream()
            #expect(app.spec.tags.map(\.name) == ["1"] && app.status.tags.map(\.tag) == ["1", "2"])
            #expect(app.status.tag("2")?.conditions.map(\.reason) == ["Invalid"])
        }
    }
}
