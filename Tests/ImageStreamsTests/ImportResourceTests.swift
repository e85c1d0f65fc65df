import APIMachinery
import APIServer
import ImageAPI
import OCI
import Synchronization
import Testing

@testable import ImageStreams

@Suite("Imports")
struct ImportResourceTests {
    private func request(
        _ names: [String], to target: String? = nil, import isImport: Bool = true, resourceVersion: String = ""
    ) -> ImageStreamImport {
        var request = ImageStreamImport()
        request.metadata.name = "app"
        request.metadata.resourceVersion = resourceVersion
        request.spec.import = isImport
        request.spec.images = names.map {
            ImageImportSpec(from: from("DockerImage", $0), to: target.map { LocalObjectReference(name: $0) })
        }
        return request
    }

    private func run(
        _ world: World, _ request: ImageStreamImport, options: WriteOptions = WriteOptions(),
        user: UserInfo = UserInfo(name: "alice")
    ) async throws -> ImageStreamImport {
        try await world.api.runImport(request, options: options, context("imagestreamimports", user: user))
    }

    @Test("looking stores nothing")
    func look() async throws {
        try await World.run { world in
            world.importer.prepare("r/x:1", .image(fetched("r/x", seed: "a")))
            var look = request(["r/x:1", "r/x:nosuch"], import: false)
            look.spec.images[0].includeManifest = true
            let answer = try await run(world, look)
            #expect(answer.status.images.map(\.status.status) == ["Success", "Failure"])
            #expect(answer.status.images.map(\.tag) == ["1", "nosuch"])
            #expect(answer.spec.images[0].to?.name == "1", "defaults are shown")
            #expect(answer.status.import == nil && answer.status.images[0].image?.dockerImageManifest.isEmpty == false)
            #expect(answer.status.images[0].image?.dockerImageLayers.count == 1)
            #expect(!answer.metadata.uid.isEmpty)
            #expect(try await world.api.streams.object("app", namespace: "demo") == nil)
        }
    }

    @Test("one good and one bad image make a stream with both tags")
    func newStream() async throws {
        try await World.run { world in
            let image = fetched("r/x", seed: "a")
            world.importer.prepare("r/x:1", .image(image))
            let answer = try await run(world, request(["r/x:1", "r/x:nope"]))
            let app = try #require(answer.status.import)
            #expect(app.metadata.generation == 1 && app.spec.tags.map(\.generation) == [1, 1])
            #expect(app.metadata.annotations[KnownAnnotation.repositoryCheck] == noon.description)
            #expect(app.history("1") == ["\(image.dockerImageReference) \(image.digest) 1"])
            #expect(app.status.tag("nope")?.conditions.map(\.generation) == [1])
            let stored = try #require(try await world.api.images.object(image.digest.description, namespace: ""))
            #expect(stored.dockerImageManifest.isEmpty && stored.dockerImageConfig.isEmpty)
            #expect(try stored.dockerImage().architecture == "amd64")

            let again = try await run(world, request(["r/x:1", "r/x:nope"]))
            #expect(again.status.import?.metadata.resourceVersion == app.metadata.resourceVersion, "no write")
        }
    }

    @Test("generations follow the time line of the specification")
    func timeline() async throws {
        try await World.run { world in
            world.importer.prepare("r/x:1", .image(fetched("r/x", seed: "a")))
            func state() async throws -> [Int64?] {
                let app = try await world.stream()
                return [
                    app.metadata.generation, app.spec.tag("1")?.generation, app.status.head(of: "1")?.generation,
                    app.status.tag("1")?.conditions.first?.generation,
                ]
            }
            try await world.create(stream(spec: [tag("1", from("DockerImage", "r/x:1"))]))
            #expect(try await state() == [1, 1, nil, nil])
            _ = try await run(world, try #require(ImportDecision.request(for: try world.stream())))
            #expect(try await state() == [2, 2, 2, nil])
            #expect(try await ImportDecision.request(for: try world.stream()) == nil)
            try await world.edit { $0.spec.tags[0].generation = 0 }
            #expect(try await state() == [3, 3, 2, nil])
            _ = try await run(world, try #require(ImportDecision.request(for: try world.stream())))
            #expect(try await state() == [4, 4, 4, nil])
            try await world.edit { $0.spec.tags[0].from?.name = "r/x:2" }
            #expect(try await state() == [5, 5, 4, nil])
            _ = try await run(world, try #require(ImportDecision.request(for: try world.stream())))
            #expect(try await state() == [6, 6, 4, 6])
            #expect(try await ImportDecision.request(for: try world.stream()) == nil)
        }
    }

    @Test("an imported tag is passed on to its followers")
    func followers() async throws {
        try await World.run { world in
            world.importer.prepare("r/x:1", .image(fetched("r/x", seed: "a")))
            try await world.create(stream(spec: [tag("t", from("ImageStreamTag", "1"))]))
            let app = try #require(try await run(world, request(["r/x:1"])).status.import)
            #expect(app.history("t") == app.history("1"))
        }
    }

    @Test("the revision a client names is a precondition, looked at before anything is fetched")
    func preconditions() async throws {
        try await World.run { world in
            #expect(await failure { try await run(world, request(["r/x:1"], resourceVersion: "5")) }?.code == 404)
            try await world.create(stream())
            let stale = await failure { try await run(world, request(["r/x:1"], resourceVersion: "0005")) }
            #expect(stale?.code == 409)
            #expect(
                stale?.message.hasPrefix("Operation cannot be fulfilled on imagestream.image.openshift.io \"app\"")
                    == true)
            #expect(world.importer.orders.isEmpty)
        }
    }

    @Test("a lost race is run again on the newer stream, unless the client named a revision")
    func races() async throws {
        let holder = Mutex<World?>(nil)
        let importer = PreparedImporter {
            guard let world = holder.withLock({ $0 }) else { return }
            _ = try? await world.edit { $0.metadata.labels["touched"] = "\($0.metadata.labels.count)" }
        }
        importer.prepare("r/x:1", .image(fetched("r/x", seed: "a")))
        try await World.run(importer: importer) { world in
            let created = try await world.create(stream())
            holder.withLock { $0 = world }
            let bound = await failure {
                try await run(world, request(["r/x:1"], resourceVersion: created.metadata.resourceVersion))
            }
            #expect(bound?.code == 409)
            let app = try #require(try await run(world, request(["r/x:1"])).status.import)
            #expect(app.metadata.labels["touched"] != nil && app.status.head(of: "1") != nil)
            holder.withLock { $0 = nil }
        }
    }

    @Test("a dry run answers like a real one and stores nothing")
    func dryRun() async throws {
        try await World.run { world in
            let image = fetched("r/x", seed: "a")
            world.importer.prepare("r/x:1", .image(image))
            let answer = try await run(world, request(["r/x:1"]), options: WriteOptions(isDryRun: true))
            #expect(answer.status.import?.status.head(of: "1") != nil)
            #expect(try await world.api.streams.object("app", namespace: "demo") == nil)
            #expect(try await world.api.images.object(image.digest.description, namespace: "") == nil)
        }
    }

    @Test("images without a target tag are looked at and not recorded")
    func noTarget() async throws {
        try await World.run { world in
            let image = fetched("r/x", seed: "a")
            world.importer.prepare("r/x", .image(image))
            let answer = try await run(world, request(["r/x"]))
            #expect(answer.status.images[0].tag == "latest" && answer.status.images[0].image != nil)
            #expect(answer.status.import?.status.tags.isEmpty == true)
            #expect(try await world.api.images.object(image.digest.description, namespace: "") == nil)
        }
    }

    @Test("an existing Image is left as it is")
    func existingImage() async throws {
        try await World.run { world in
            let image = fetched("r/x", seed: "a")
            world.importer.prepare("r/x:1", .image(image))
            _ = try await run(world, request(["r/x:1"]))
            var moved = image
            moved.dockerImageReference = "mirror/x@\(image.digest)"
            world.importer.prepare("mirror/x:1", .image(moved))
            let answer = try await run(world, request(["mirror/x:1"], to: "1"))
            #expect(answer.status.import?.history("1").count == 1, "the same image elsewhere changes in place")
            #expect(answer.status.import?.status.head(of: "1")?.dockerImageReference == moved.dockerImageReference)
            #expect(answer.status.images[0].image?.metadata.resourceVersion == "")
            let stored = try #require(try await world.api.images.object(image.digest.description, namespace: ""))
            #expect(stored.dockerImageReference == image.dockerImageReference)
        }
    }

    @Test("a manifest list is stored with its children")
    func list() async throws {
        try await World.run { world in
            let child = fetched("r/x", seed: "a")
            let text =
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifestList)","manifests":[{"mediaType":"\#(MediaType.dockerManifest)","size":9,"digest":"\#(child.digest)"}]}"#
            let name = Digest.sha256(of: Array(text.utf8))
            world.importer.prepare(
                "r/x:1",
                .image(
                    FetchedImage(
                        dockerImageReference: "r/x@\(name)", digest: name, manifest: Array(text.utf8),
                        mediaType: MediaType.dockerManifestList, children: [child])))
            let answer = try await run(world, request(["r/x:1"]))
            let image = try #require(answer.status.images[0].image)
            #expect(image.dockerImageManifests.map(\.architecture) == ["unknown"], "what the list does not say")
            #expect(image.metadata.annotations.isEmpty && image.dockerImageManifest.isEmpty)
            #expect(answer.status.images[0].manifests.map(\.metadata.name) == [child.digest.description])
            let layers = try await world.api.layers(of: try world.stream())
            #expect(Set(layers.images.keys) == [name.description, child.digest.description])
        }
    }

    @Test("tags that prefer a platform say so to the importer")
    func platforms() async throws {
        try await World.run { world in
            var arm = tag("arm")
            arm.annotations = [KnownAnnotation.preferredArchitecture: "arm64"]
            try await world.create(stream(spec: [arm]))
            _ = try await run(world, request(["r/x:1", "r/x@\(digest("a"))"], to: "arm"))
            #expect(world.importer.orders.first?.images.map(\.preferredArchitecture) == ["arm64", ""])
        }
    }

    struct Secrets: PullSecretSource {
        func secrets(
            in namespace: String, options: ListOptions
        ) async throws -> (items: [Secret], metadata: ListMeta) {
            func secret(_ name: String, _ type: String, excluded: Bool = false) -> Secret {
                var secret = Secret()
                secret.metadata.name = name
                secret.type = type
                if excluded { secret.metadata.annotations[KnownAnnotation.excludeSecret] = "true" }
                return secret
            }
            return (
                [
                    secret("pull", "kubernetes.io/dockerconfigjson"), secret("old", "kubernetes.io/dockercfg"),
                    secret("other", "Opaque"), secret("hidden", "kubernetes.io/dockercfg", excluded: true),
                ], ListMeta(resourceVersion: "8")
            )
        }
    }

    @Test("a wrong password is tried once more without")
    func withoutSecrets() async throws {
        try await World.run(secrets: Secrets()) { world in
            let refused = Status(
                status: "Failure", message: "incorrect username or password for image \"r/x:1\"",
                reason: "Unauthorized", code: 401)
            world.importer.prepare("r/x:1", .failure(refused))
            let answer = try await run(world, request(["r/x:1"], import: false))
            #expect(world.importer.orders.map { $0.pullSecrets.map(\.metadata.name) } == [["pull", "old"], []])
            #expect(answer.status.images[0].status.message == refused.message)
        }
    }

    @Test("the allow-list binds those who may not create Images")
    func allowList() async throws {
        let configuration = ImageStreamsConfiguration(allowedRegistries: [AllowedRegistry(domainName: "good.example")])
        let authorizer = RecordingAuthorizer { user, attributes in
            user.name == "root"
                || !["images", "imagestreammapping", "imagestreammappings"].contains(attributes.resource)
        }
        try await World.run(configuration: configuration, authorizer: authorizer) { world in
            world.importer.prepare("bad.example/x:1", .image(fetched("bad.example/x", seed: "a")))
            let refused = await failure { try await run(world, request(["bad.example/x:1"])) }
            #expect(
                refused?.status.details?.causes.map(\.message) == [
                    "Forbidden: importing images from registry \"bad.example:443\" is forbidden: registry \"bad.example:443\" not allowed by whitelist: \"good.example:443\""
                ])
            #expect(world.importer.orders.isEmpty)
            let answer = try await run(world, request(["bad.example/x:1"]), user: UserInfo(name: "root"))
            #expect(answer.status.import?.status.head(of: "1") != nil, "the exemption reaches the store")
        }
    }

    @Test("an old wildcard fails by itself, not the request")
    func wildcard() async throws {
        try await World.run { world in
            world.importer.prepare("r/x:1", .image(fetched("r/x", seed: "a")))
            let answer = try await run(world, request(["*", "r/x:1"], import: false))
            #expect(answer.status.images.map(\.status.status) == ["Failure", "Success"])
        }
    }
}
