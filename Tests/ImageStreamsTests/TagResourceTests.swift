import APIMachinery
import APIServer
import ImageAPI
import OCI
import Testing

@testable import ImageStreams

@Suite("Tags as resources")
struct TagResourceTests {
    private func create(
        _ world: World, _ name: String, _ tag: TagReference? = nil, annotations: [String: String] = [:],
        options: WriteOptions = WriteOptions()
    ) async throws -> ImageStreamTag {
        var object = ImageStreamTag(tag: tag)
        object.metadata.name = name
        object.metadata.annotations = annotations
        guard
            case .object(let created) = try await world.tags.create(
                object, options: options, context("imagestreamtags"))
        else { throw APIError.internalError("no object") }
        return try created.object()
    }

    private func put(
        _ world: World, _ name: String, _ tag: TagReference?, annotations: [String: String] = [:],
        resourceVersion: String = "", user: UserInfo = UserInfo(name: "alice")
    ) async throws -> (ImageStreamTag, created: Bool) {
        let (output, created) = try await world.tags.update(
            name, options: WriteOptions(), context("imagestreamtags", user: user),
            change: ObjectChange(isPatch: false) { _ in
                var object = ImageStreamTag(tag: tag)
                object.metadata.name = name
                object.metadata.annotations = annotations
                object.metadata.resourceVersion = resourceVersion
                return object
            })
        return (try output.object(), created)
    }

    private let reference = tag("", from("DockerImage", "a.example.com/x:1"), reference: true)

    @Test(
        "names of tags that exist have one colon and two parts",
        arguments: ["app", "app:", ":v1", "a:b:c", "app@sha256:1", "app:v1@x"])
    func names(_ name: String) async throws {
        #expect(throws: APIError.self) { try TagName(existing: name, noun: "ImageStreamTags") }
        #expect(try TagName(existing: "app:v1", noun: "x") == TagName(existing: "app:v1", noun: "y"))
    }

    @Test("names of new tags are split at the first colon")
    func newNames() throws {
        #expect(try TagName(created: "app:").tag == "latest")
        #expect(try TagName(created: "app:a:b").tag == "a:b")
        #expect(throws: APIError.self) { try TagName(created: "app") }
        #expect(throws: APIError.self) { try TagName(created: ":x") }
    }

    @Test("a tag is created with its stream, and beside others; twice is once too often")
    func create() async throws {
        try await World.run { world in
            let first = try await create(world, "app:one", reference)
            #expect(first.tag?.name == "one" && first.tag?.generation == 1 && first.generation == 0)
            #expect(try await first.metadata.uid == (try world.stream()).metadata.uid)
            #expect(first.image.metadata.name.isEmpty && !first.image.dockerImageMetadata.isEmpty)
            let second = try await create(world, "app:", reference)
            #expect(second.metadata.name == "app:latest" && second.tag?.generation == 2)
            #expect(
                await failure { try await create(world, "app:one", reference) }?.message
                    == "imagestreamtag.image.openshift.io \"app:one\" already exists")
            _ = try await create(world, "dry:one", reference, options: WriteOptions(isDryRun: true))
            #expect(try await world.api.streams.object("dry", namespace: "demo") == nil)
        }
    }

    @Test("a tag is shown with its image once it has one")
    func get() async throws {
        try await World.run { world in
            var desc = tag("v1", policy: "Local")
            desc.annotations = ["desc": "one"]
            var app = stream(spec: [desc, tag("ref", from("DockerImage", "a/b"), reference: true)])
            app.metadata.labels = ["team": "a"]
            app.metadata.annotations = ["stream": "yes"]
            try await world.create(app)
            try await world.push("a", to: "v1", annotations: ["img": "yes", "desc": "image"])
            let shown = try await world.tags.get("app:v1", options: GetOptions(), context("imagestreamtags")).object()
            #expect(shown.metadata.labels == ["team": "a"] && shown.metadata.annotations == ["desc": "one"])
            #expect(shown.image.metadata.annotations == ["img": "yes", "desc": "one"], "the tag's win")
            #expect(shown.image.dockerImageReference == "registry:5000/demo/app@\(digest("a"))", "the policy is Local")
            #expect(shown.metadata.generation == 0 && shown.metadata.managedFields.isEmpty)

            let missing = await failure {
                try await world.tags.get("app:ref", options: GetOptions(), context("imagestreamtags"))
            }
            #expect(missing?.message == "imagestreamtags.image.openshift.io \"app:ref\" not found")
            let stream = await failure {
                try await world.tags.get("nosuch:v1", options: GetOptions(), context("imagestreamtags"))
            }
            #expect(stream?.message == "imagestreamtags.image.openshift.io \"nosuch\" not found")

            let complete = try await world.imageTags.get("app:ref", options: GetOptions(), context("imagetags"))
                .object()
            #expect(complete.spec?.name == "ref" && complete.status?.items.count == 1 && complete.image == nil)
            #expect(complete.metadata.annotations == ["stream": "yes"] && complete.metadata.generation == 1)
        }
    }

    @Test("lists hold what the resource shows, by the labels of the streams")
    func list() async throws {
        try await World.run { world in
            var app = stream(spec: [tag("ref", from("DockerImage", "a/b"), reference: true), tag("none")])
            app.metadata.labels = ["team": "a"]
            try await world.create(app)
            try await world.create(stream("other"))
            try await world.push("a", to: "v1")
            try await world.push("b", to: "x", of: "other")
            func names(_ options: ListOptions = ListOptions()) async throws -> [String] {
                try await world.tags.list(options, context("imagestreamtags")).items.map {
                    try $0.object().metadata.name
                }
            }
            #expect(try await names() == ["app:v1", "other:x"])
            let selector = try LabelSelector(parsing: "team=a")
            #expect(try await names(ListOptions(labelSelector: selector)) == ["app:v1"])
            let all = try await world.imageTags.list(ListOptions(), context("imagetags"))
            #expect(
                try all.items.map { try $0.object().metadata.name } == ["app:none", "app:ref", "app:v1", "other:x"])
            #expect(all.metadata == ListMeta())
            let unknown = await failure {
                try await names(ListOptions(fieldSelector: FieldSelector([.init(field: "a", value: "b")])))
            }
            #expect(
                unknown?.message
                    == "\"a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        }
    }

    @Test("PUT creates streams and tags, and changes tags")
    func update() async throws {
        try await World.run { world in
            let (one, created) = try await put(world, "app:one", reference)
            #expect(created && one.tag?.name == "one")
            let (same, again) = try await put(world, "app:one", reference)
            #expect(!again && same.metadata.resourceVersion == one.metadata.resourceVersion)

            let (noted, _) = try await put(world, "app:one", nil, annotations: ["n": "m"])
            #expect(noted.tag?.annotations == ["n": "m"] && noted.tag?.from == reference.from)
            #expect(noted.tag?.generation == 1, "annotations are no change")

            var zero = reference
            zero.generation = 0
            #expect(try await put(world, "app:one", zero).0.tag?.generation == 3)

            #expect(
                await failure { try await put(world, "app:two", nil) }?.message
                    == "imagestreamtag two is not a spec tag in imagestream demo/app, cannot be updated")
            #expect(await failure { try await put(world, "new:x", reference, resourceVersion: "3") }?.code == 404)
            let stale = await failure { try await put(world, "app:one", reference, resourceVersion: "1") }
            #expect(stale?.code == 409 && stale?.message.contains("another caller has updated") == true)
        }
    }

    @Test("nothing but annotations and the tag may be changed")
    func immutable() async throws {
        try await World.run { world in
            var app = stream(spec: [tag("v1")])
            app.metadata.labels = ["team": "a"]
            try await world.create(app)
            let error = await failure {
                try await world.tags.update(
                    "app:v1", options: WriteOptions(), context("imagestreamtags"),
                    change: ObjectChange(isPatch: true) { current in
                        var object = try current.object()
                        object.metadata.labels = ["x": "y"]
                        return object
                    })
            }
            #expect(
                error?.message
                    == "ImageStreamTag.image.openshift.io \"app:v1\" is invalid: metadata: Invalid value: \"\": may not update fields other than metadata.annotations"
            )
        }
    }

    @Test("a tag in a missing stream takes the permission to create tags")
    func permission() async throws {
        let authorizer = RecordingAuthorizer { _, attributes in attributes.verb != "create" }
        try await World.run(authorizer: authorizer) { world in
            let denied = await failure { try await put(world, "app:one", reference) }
            #expect(denied?.code == 403)
            #expect(
                denied?.message
                    == "imagestreamtags.image.openshift.io \"app:one\" is forbidden: User \"alice\" cannot create resource \"imagestreamtags\" in API group \"image.openshift.io\" in the namespace \"demo\""
            )
            try await world.create(stream())
            let (_, created) = try await put(world, "app:one", reference)
            #expect(created, "beside other tags no further permission is asked for")
        }
    }

    @Test("an unconditional update is run again when it loses a race")
    func race() async throws {
        try await World.run { world in
            try await world.create(stream(spec: [tag("a"), tag("b")]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in ["a", "b"] {
                    for value in 0..<2 {
                        group.addTask {
                            _ = try await self.put(world, "app:\(name)", tag(name), annotations: ["v": "\(value)"])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await world.stream().spec.tags.allSatisfy { $0.annotations["v"] != nil })
        }
    }

    @Test("a deleted tag leaves spec and status")
    func delete() async throws {
        try await World.run { world in
            try await world.create(stream(spec: [tag("v1"), tag("ref", from("DockerImage", "a/b"), reference: true)]))
            try await world.push("a", to: "v1")
            let tagContext = context("imagestreamtags")
            _ = try await world.tags.delete("app:v1", options: DeleteOptions(), tagContext)
            _ = try await world.imageTags.delete("app:ref", options: DeleteOptions(), tagContext)
            let app = try await world.stream()
            #expect(app.spec.tags.isEmpty && app.status.tags.isEmpty && app.metadata.generation == 3)
            #expect(
                await failure { try await world.tags.delete("app:v1", options: DeleteOptions(), tagContext) }?.code
                    == 404)
            let precondition = DeleteOptions(preconditions: Preconditions(uid: "else"))
            #expect(
                await failure { try await world.tags.delete("app:v1", options: precondition, tagContext) }?.message
                    == "Operation cannot be fulfilled on imagestreamtags.image.openshift.io \"app:v1\": the UID precondition was not met"
            )
        }
    }

    @Test("an ImageTag may lose its spec, and must bring its status along")
    func imageTag() async throws {
        try await World.run { world in
            try await world.create(stream(spec: [tag("ref", from("DockerImage", "a/b:1"), reference: true)]))
            func update(_ change: @escaping @Sendable (inout ImageTag) -> Void) async throws -> ImageTag {
                try await world.imageTags.update(
                    "app:ref", options: WriteOptions(), context("imagetags"),
                    change: ObjectChange(isPatch: false) { current in
                        var object = try current.object()
                        change(&object)
                        return object
                    }
                ).0.object()
            }
            let changed = try await update { $0.spec?.from?.name = "a/b:2" }
            #expect(changed.status?.items.map(\.dockerImageReference) == ["a/b:2"])
            #expect(await failure { try await update { $0.status = nil } }?.code == 422)
            #expect(await failure { try await update { $0.spec?.name = "x" } }?.code == 422)
            #expect(await failure { try await update { $0.metadata.labels = ["a": "b"] } }?.code == 422)
            let removed = try await update { $0.spec = nil }
            #expect(removed.spec == nil && removed.status?.items.count == 1)
        }
    }

    @Test("images of a stream are found by digest and by prefix")
    func imageStreamImage() async throws {
        try await World.run { world in
            var app = stream()
            app.metadata.annotations = ["stream": "yes"]
            try await world.create(app)
            try await world.push("a", to: "v1")
            let resource = try world.resource(ImageStreamImageResource.self)
            func get(_ name: String) async throws -> ImageStreamImage {
                try await resource.get(name, options: GetOptions(), context("imagestreamimages")).object()
            }
            let short = try await get("app@aaaa")
            #expect(short.metadata.name == "app@aaaa" && short.image.metadata.name == digest("a"))
            #expect(short.metadata.annotations == ["stream": "yes"] && short.metadata.uid.isEmpty)
            #expect(
                await failure { try await get("app@bb") }?.message
                    == "imagestreamimage.image.openshift.io \"app@bb\" not found")
            #expect(await failure { try await get("app") }?.code == 400)
            #expect(ImageStreamImageResource.choose("sha256:", from: [digest("b"), digest("a")]) == digest("a"))
        }
    }
}
