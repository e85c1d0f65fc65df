import APIMachinery
import APIServer
import ImageAPI
import OCI
import Testing

@testable import ImageStreams

@Suite("Image streams")
struct StreamResourceTests {
    @Test("a client's status is dropped, references are resolved, defaults are filled in")
    func create() async throws {
        try await World.run { world in
            var sent = stream(
                generation: 5,
                spec: [
                    tag("b", from("DockerImage", "first/x"), reference: true),
                    TagReference(name: "a", from: from("DockerImage", "quay.io/x/y:1"), generation: 7),
                    tag("b", from("DockerImage", "second/x"), reference: true),
                ], status: ["evil": [event("r")]])
            sent.spec.lookupPolicy.local = true
            let created = try await world.create(sent)
            #expect(created.metadata.generation == 1)
            #expect(created.spec.tags.map(\.name) == ["a", "b"])
            #expect(created.spec.tags.map(\.generation) == [1, 1])
            #expect(created.spec.tags[0].importPolicy.importMode == "Legacy")
            #expect(created.spec.tags[0].referencePolicy.type == "Source")
            #expect(created.status.tags.map(\.tag) == ["b"], "a waits for its import")
            #expect(created.history("b") == ["second/x  1"])
            #expect(created.status.dockerImageRepository == "registry:5000/demo/app")
        }
    }

    @Test("a tag that is pointed elsewhere is resolved again, its follower with it")
    func update() async throws {
        try await World.run { world in
            try await world.create(
                stream(
                    spec: [
                        tag("ref", from("DockerImage", "a/b:1"), reference: true),
                        tag("follower", from("ImageStreamTag", "ref")),
                    ]))
            let changed = try await world.edit { $0.spec.tags[1].from?.name = "a/b:2" }
            #expect(changed.spec.tags.map(\.name) == ["follower", "ref"])
            #expect(changed.metadata.generation == 2)
            #expect(changed.history("ref") == ["a/b:2  2"])
            #expect(changed.history("follower") == ["a/b:2  2"])
        }
    }

    @Test("nothing is written where nothing changes")
    func quiet() async throws {
        try await World.run { world in
            let created = try await world.create(stream(spec: [tag("r", from("DockerImage", "a/b"), reference: true)]))
            let same = try await world.edit { $0.spec.tags[0].generation = 99 }
            #expect(same.metadata.resourceVersion == created.metadata.resourceVersion)
        }
    }

    @Test("repository fields follow the configuration, not the write")
    func presented() async throws {
        try await World.run { world in
            try await world.create(stream())
            let location = RepositoryLocation(internalHostname: "new:1", publicHostname: "apps.example.com")
            let shown = try #require(location.presented(try world.stream()))
            #expect(shown.status.dockerImageRepository == "new:1/demo/app")
            #expect(shown.status.publicDockerImageRepository == "apps.example.com/demo/app")
            #expect(location.presented(shown) == nil)
        }
    }

    @Test("the status subresource writes history and nothing of the spec's tags")
    func status() async throws {
        try await World.run { world in
            try await world.create(stream(spec: [tag("one", from("DockerImage", "a/x:1"), reference: true)]))
            try await world.push("a", to: "v1")
            try await world.push("b", to: "v1", reference: "other.example.com/x@\(digest("b"))")
            let status: StoredSubresource<ImageStreamStatusStrategy> = try world.resource(StoredSubresource.self)
            let (output, _) = try await status.update(
                "app", options: WriteOptions(), context(),
                change: ObjectChange(isPatch: false) { current in
                    var object = try current.object()
                    object.spec.tags = []
                    object.spec.lookupPolicy.local = true
                    object.metadata.labels = ["l": "m"]
                    object.status.withTag("v1") { _ = $0.items.removeLast() }
                    return object
                })
            let written = try output.object()
            #expect(written.spec.tags.map(\.name) == ["one"])
            #expect(written.spec.lookupPolicy.local && written.metadata.labels == ["l": "m"])
            #expect(written.status.tag("v1")?.items.map(\.image) == [digest("b")])
            #expect(try await world.keys(LedgerKeys.imageReferences) == ["\(digest("b"))/demo/app"])
        }
    }

    @Test("imports, tags and edits of a tightened allow-list: what is there stays editable")
    func allowList() async throws {
        let configuration = ImageStreamsConfiguration(allowedRegistries: [AllowedRegistry(domainName: "good.example")])
        try await World.run(configuration: configuration) { world in
            let refused = await failure {
                try await world.create(stream(spec: [tag("x", from("DockerImage", "bad.example/a/b"))]))
            }
            #expect(
                refused?.status.details?.causes.map(\.message) == [
                    "Forbidden: registry \"bad.example\" not allowed by whitelist: \"good.example:443\""
                ])
            let viaTag = await failure {
                var object = ImageStreamTag(tag: tag("", from("DockerImage", "bad.example/a/b")))
                object.metadata.name = "app:x"
                return try await world.tags.create(object, options: WriteOptions(), context("imagestreamtags"))
            }
            #expect(viaTag?.status.details?.causes.map(\.field) == ["tag.from.name"])
            try await world.create(stream(spec: [tag("x", from("DockerImage", "good.example/a/b"))]))
        }
    }

    @Test("layers: blobs and images, children and missing ones")
    func layers() async throws {
        try await World.run { world in
            try await world.create(stream())
            let images: StoredResource<ImageStrategy> = try world.resource(StoredResource.self)
            var child = Image()
            child.metadata.name = digest("b")
            child.dockerImageReference = "a/b"
            child.dockerImageManifestMediaType = MediaType.dockerManifest
            child.dockerImageLayers = [ImageLayer(name: "l1", size: 100, mediaType: "m")]
            child.setDockerImage(DockerImage(id: "cfg"))
            _ = try await images.create(child, options: WriteOptions(), context("images", namespace: ""))
            var mapping = ImageStreamMapping(tag: "v1")
            mapping.metadata.name = "app"
            mapping.image.metadata.name = digest("a")
            mapping.image.dockerImageReference = "a/b"
            mapping.image.dockerImageManifestMediaType = MediaType.dockerManifestList
            mapping.image.dockerImageManifests = ["b", "c"].map {
                ImageAPI.ImageManifest(
                    digest: digest($0), mediaType: MediaType.dockerManifest, architecture: "amd64", os: "linux")
            }
            try await world.api.push(mapping, context("imagestreammappings"))
            try await world.push("d", to: "plain")

            let layers = try world.api.layers(of: try world.stream())
            #expect(layers.images[digest("a")]?.manifests == [digest("b"), digest("c")])
            #expect(layers.images[digest("b")]?.config == "cfg" && layers.images[digest("b")]?.layers == ["l1"])
            #expect(layers.images[digest("c")] == ImageBlobReferences(imageMissing: true))
            #expect(layers.images[digest("d")] == ImageBlobReferences(), "no media type, no config")
            #expect(layers.blobs["l1"] == ImageLayerData(size: 100, mediaType: "m"))
            #expect(layers.blobs["cfg"] == ImageLayerData(size: nil, mediaType: MediaType.dockerConfig))
            #expect(layers.blobs[digest("a")]?.mediaType == MediaType.dockerManifestList)
            #expect(layers.blobs[digest("d")]?.mediaType == MediaType.dockerManifest)
            #expect(layers.blobs[digest("c")] == nil)
        }
    }

    @Test("an image whose config is unknown breaks the view of layers, as it does the reference's")
    func brokenLayers() async throws {
        try await World.run { world in
            try await world.create(stream())
            var mapping = ImageStreamMapping(tag: "v1")
            mapping.metadata.name = "app"
            mapping.image.metadata.name = digest("a")
            mapping.image.dockerImageReference = "a/b"
            mapping.image.dockerImageManifestMediaType = MediaType.dockerManifest
            try await world.api.push(mapping, context("imagestreammappings"))
            let error = await failure { try world.api.layers(of: try world.stream()) }
            #expect(
                error?.message
                    == ".image.openshift.io \"\" is invalid: images[\(digest("a"))].config: Invalid value: \"\": config cannot be an empty string"
            )
        }
    }
}

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

    private func update(_ world: World, _ name: String, _ change: @escaping @Sendable (inout Image) -> Void) async throws
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
            #expect(await failure { try await signatures.delete("img@one", options: DeleteOptions(), signatureContext) }?.code == 404)
            #expect(await failure { try await signatures.delete("img", options: DeleteOptions(), signatureContext) }?.code == 400)
            let image = try #require(try world.api.images.object("img", namespace: ""))
            #expect(image.signatures.map(\.metadata.name) == ["img@two"])
            #expect(image.signatures[0].imageIdentity.isEmpty)
        }
    }
}

@Suite("Pull secrets")
struct SecretsResourceTests {
    @Test("those of the namespace are listed, whatever stream is asked for")
    func list() async throws {
        try await World.run(secrets: ImportResourceTests.Secrets()) { world in
            let resource = try world.resource(ImageStreamSecretsResource.self)
            let document = try await resource.document("nosuch", context())
            let text = String(decoding: document, as: UTF8.self)
            #expect(
                text.hasPrefix(
                    #"{"kind":"SecretList","apiVersion":"image.openshift.io/v1","metadata":{"resourceVersion":"8"},"items":[{"metadata":{"name":"pull"}"#
                ))
            #expect(try SecretList.decode(document).items.map(\.metadata.name) == ["pull", "old"])
        }
    }
}
