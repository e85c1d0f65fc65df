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
            let shown = try await #require(location.presented(try world.stream()))
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

            let layers = try await world.api.layers(of: try world.stream())
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
            let error = await failure { try await world.api.layers(of: try world.stream()) }
            #expect(
                error?.message
                    == ".image.openshift.io \"\" is invalid: images[\(digest("a"))].config: Invalid value: \"\": config cannot be an empty string"
            )
        }
    }
}

@Suite("Pull secrets")
struct SecretsResourceTests {
    @Test("those of the namespace are listed, whatever stream is asked for")
    func list() async throws {
        try await World.run(secrets: ImportResourceTests.Secrets()) { world in
            let resource = try world.resource(ImageStreamSecretsResource.self)
            let bytes = try await resource.document("nosuch", options: ListOptions(), context()).jsonBytes()
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(
                text.hasPrefix(
                    #"{"kind":"SecretList","apiVersion":"image.openshift.io/v1","metadata":{"resourceVersion":"8"},"items":[{"metadata":{"name":"pull"}"#
                ))
            #expect(try SecretList.decode(bytes).items.map(\.metadata.name) == ["pull", "old"])
        }
    }
}
