import APIMachinery
import APIServer
import ImageAPI
import OCI
import Testing

@testable import ImageStreams

@Suite("Images")
struct ImageResourceTests {
    private func create(_ world: World, _ change: (inout Image) -> Void) async throws -> Image {
        var image = Image()
        image.metadata.name = "img"
        image.dockerImageReference = "a/b:1"
        change(&image)
        let images: StoredResource<ImageStrategy> = try world.resource(StoredResource.self)
        let output = try await images.create(image, options: WriteOptions(), context("images", namespace: ""))
        guard case .object(let created) = output else { throw APIError.internalError("no object") }
        return try created.object()
    }

    private func update(_ world: World, _ name: String, _ change: @escaping @Sendable (inout Image) -> Void)
        async throws
        -> Image
    {
        let images: StoredResource<ImageStrategy> = try world.resource(StoredResource.self)
        return try await images.update(
            name, options: WriteOptions(), context("images", namespace: ""),
            change: ObjectChange(isPatch: true) { current in
                var object = try current.object()
                change(&object)
                return object
            }
        ).0.object()
    }

    @Test("manifest and config are not kept where the registry keeps them")
    func blobStored() async throws {
        try await World.run { world in
            let seed = fetched("a/b", seed: "x")
            let image = try await create(world) {
                $0.metadata.annotations[KnownAnnotation.manifestBlobStored] = "true"
                $0.dockerImageManifest = String(decoding: seed.manifest, as: UTF8.self)
                $0.dockerImageConfig = String(decoding: seed.config ?? [], as: UTF8.self)
                $0.signatures = [ImageSignature(type: "t", content: [1])]
                $0.signatures[0].metadata.name = "img@s"
                $0.signatures[0].metadata.annotations[KnownAnnotation.managedSignature] = "true"
            }
            #expect(image.dockerImageManifest.isEmpty && image.dockerImageConfig.isEmpty)
            #expect(image.dockerImageLayers.count == 1)
            #expect(try image.dockerImage().size == Int64((seed.config ?? []).count) + 100)
            #expect(image.signatures[0].metadata.annotations.isEmpty)
        }
    }

    @Test("an update cannot change what the manifest says")
    func protected() async throws {
        try await World.run { world in
            let seed = fetched("a/b", seed: "x")
            let manifest = String(decoding: seed.manifest, as: UTF8.self)
            let config = String(decoding: seed.config ?? [], as: UTF8.self)
            let name = seed.digest.description
            _ = try await create(world) {
                $0.metadata.name = name
                $0.dockerImageManifestMediaType = MediaType.dockerManifest
            }
            let wrong = try await update(world, name) { $0.dockerImageManifest = manifest + " " }
            #expect(wrong.dockerImageManifest.isEmpty)
            let right = try await update(world, name) { $0.dockerImageManifest = manifest }
            #expect(right.dockerImageManifest == manifest && right.dockerImageLayers.count == 1)
            let wrongConfig = try await update(world, name) { $0.dockerImageConfig = "{}" }
            #expect(wrongConfig.dockerImageConfig.isEmpty)
            let filled = try await update(world, name) { $0.dockerImageConfig = config }
            #expect(try filled.dockerImage().architecture == "amd64")
            let ignored = try await update(world, name) {
                $0.dockerImageLayers = []
                $0.setDockerImage(DockerImage(id: "other"))
                $0.metadata.labels = ["a": "b"]
            }
            #expect(ignored.dockerImageLayers == filled.dockerImageLayers)
            #expect(ignored.dockerImageMetadata == filled.dockerImageMetadata)
            #expect(ignored.metadata.labels == ["a": "b"])
        }
    }

    @Test("a metadata document of another kind or version is refused")
    func documents() async throws {
        try await World.run { world in
            let kind = await failure {
                try await create(world) { $0.dockerImageMetadata = RawJSON(["kind": "Pod", "apiVersion": "v1"]) }
            }
            #expect(kind?.code == 400)
            let version = await failure {
                try await create(world) {
                    $0.dockerImageMetadataVersion = "9.9"
                    $0.dockerImageMetadata = RawJSON(["Id": "i"])
                }
            }
            #expect(version?.code == 400)
            let empty = await failure { try await create(world) { $0.dockerImageMetadataVersion = "9.9" } }
            #expect(empty?.code == 500 && empty?.reason == "")
            let short = try await create(world) {
                $0.dockerImageMetadata = RawJSON(["kind": "DockerImage", "apiVersion": "1.0", "Id": "i", "X": 1])
            }
            #expect(
                String(decoding: short.dockerImageMetadata.bytes, as: UTF8.self)
                    == #"{"kind":"DockerImage","apiVersion":"image.openshift.io/1.0","Id":"i","Created":null,"ContainerConfig":{}}"#
            )
        }
    }

    @Test("signatures are added once, and taken away by name")
    func signatures() async throws {
        try await World.run { world in
            _ = try await create(world) { _ in }
            let signatures = try world.resource(ImageSignatureResource.self)
            func add(_ name: String, _ content: [UInt8]) async throws {
                var signature = ImageSignature(type: "AtomicImageV1", content: content, imageIdentity: "dropped")
                signature.metadata.name = name
                _ = try await signatures.create(
                    signature, options: WriteOptions(), context("imagesignatures", namespace: ""))
            }
            try await add("img@one", [1])
            try await add("img@two", [2])
            #expect(await failure { try await add("img@one", [3]) }?.code == 409)
            #expect(
                await failure { try await add("img@four", [1]) }?.message
                    == "imageSignatures.image.openshift.io \"img@four\" already exists")
            #expect(
                await failure { try await add("nosuch@a", [1]) }?.message
                    == "images.image.openshift.io \"nosuch\" not found")
            let signatureContext = context("imagesignatures", namespace: "")
            _ = try await signatures.delete("img@one", options: DeleteOptions(), signatureContext)
            #expect(
                await failure { try await signatures.delete("img@one", options: DeleteOptions(), signatureContext) }?
                    .code == 404)
            #expect(
                await failure { try await signatures.delete("img", options: DeleteOptions(), signatureContext) }?.code
                    == 400)
            let image = try #require(try await world.api.images.object("img", namespace: ""))
            #expect(image.signatures.map(\.metadata.name) == ["img@two"])
            #expect(image.signatures[0].imageIdentity.isEmpty)
        }
    }
}
