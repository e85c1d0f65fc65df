import APIMachinery
import APIServer
import ImageAPI
import Testing

@Suite("An object store, writing")
struct ObjectStoreWriteTests {
    @Test("gives new objects what the server owns")
    func create() async throws {
        try await Shelf.with { shelf in
            let created = try await shelf.create("a") {
                $0.metadata.uid = "mine"
                $0.metadata.selfLink = "/x"
                $0.metadata.namespace = "other"
                $0.metadata.creationTimestamp = Timestamp(secondsSince1970: 1)
                $0.metadata.deletionTimestamp = Timestamp(secondsSince1970: 1)
            }
            #expect(created.metadata.uid != "mine" && created.metadata.uid.count == 36)
            #expect(created.metadata.selfLink.isEmpty)
            #expect(created.metadata.namespace == "p")
            #expect(created.metadata.creationTimestamp == context().now)
            #expect(created.metadata.deletionTimestamp == nil)
            let read = try await shelf.objects.get("a", options: GetOptions(), context()).object()
            #expect(read == created)
            #expect(Int64(created.metadata.resourceVersion) == shelf.store.currentRevision)
        }
    }

    @Test("stores no managed fields that it did not write")
    func foreignManagedFields() async throws {
        try await Shelf.with { shelf in
            // As the server itself creates, for example the image of a push.
            let created = try await shelf.create("a") {
                $0.metadata.managedFields = [
                    ManagedFieldsEntry(
                        manager: "m", operation: "Update", apiVersion: "image.openshift.io/v1", fieldsType: "FieldsV1",
                        fieldsV1: RawJSON(compact: Array(#"{"f:\u006detadata":{},"x":{}}"#.utf8)))
                ]
            }
            #expect(created.metadata.managedFields.isEmpty)
        }
    }

    @Test("writes a change from one spelling of a letter to another")
    func spellings() async throws {
        try await Shelf.with { shelf in
            var stream = try await shelf.create("a") { stream in
                stream.metadata.annotations = ["note": "\u{E9}"]
                stream.spec.tags = [
                    TagReference(name: "v1", from: ObjectReference(kind: "DockerImage", name: "\u{E9}"))
                ]
            }
            stream.metadata.annotations = ["note": "e\u{301}"]
            stream.spec.tags[0].from?.name = "e\u{301}"
            let version = stream.metadata.resourceVersion
            let written = try await shelf.put(stream)
            #expect(written.metadata.resourceVersion != version)
            let read = try #require(try await shelf.objects.object("a", namespace: "p"))
            #expect(read.metadata.annotations["note"].map { Array($0.utf8) } == Array("e\u{301}".utf8))
            #expect(read.spec.tags[0].from.map { Array($0.name.utf8) } == Array("e\u{301}".utf8))
        }
    }

    @Test("refuses what must not be created")
    func refusals() async throws {
        try await Shelf.with { shelf in
            try await shelf.create("a")
            let taken = await failure { try await shelf.create("a") }
            #expect(taken?.code == 409)
            #expect(taken?.reason == "AlreadyExists")
            #expect(await failure { try await shelf.create("b", in: "gone") }?.code == 404)
            let ending = await failure { try await shelf.create("b", in: "ending") }
            #expect(ending?.code == 403)
            #expect(ending?.status.details?.causes.first?.reason == "NamespaceTerminating")
            #expect(await failure { try await shelf.create("") }?.code == 422)
            #expect(await failure { try await shelf.create("a/b") }?.code == 422)
            let versioned = await failure { try await shelf.create("b") { $0.metadata.resourceVersion = "7" } }
            #expect(versioned?.message == "resourceVersion should not be set on objects to be created")
            #expect(try await shelf.names().names == ["a"])
        }
    }

    @Test("lets one of many creates of a name win")
    func race() async throws {
        try await Shelf.with { shelf in
            let codes = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<32 {
                    group.addTask { await failure { try await shelf.create("same") }?.code ?? 201 }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == 201 } == 1)
            #expect(codes.count { $0 == 409 } == 31)
        }
    }

    @Test("generates names, and tries again where one is taken")
    func generateName() async throws {
        try await Shelf.with { shelf in
            let first = try await shelf.create("") { $0.metadata.generateName = "app-" }
            #expect(first.metadata.name.hasPrefix("app-") && first.metadata.name.count == 9)
            #expect(first.metadata.name.dropFirst(4).allSatisfy { "bcdfghjklmnpqrstvwxz2456789".contains($0) })
            let long = try await shelf.create("") { $0.metadata.generateName = String(repeating: "x", count: 80) }
            #expect(long.metadata.name.utf8.count == 63)
            let named = try await shelf.create("named") { $0.metadata.generateName = "app-" }
            #expect(named.metadata.name == "named")
            let dry = try await shelf.create("", isDryRun: true) { $0.metadata.generateName = "dry-" }
            #expect(dry.metadata.name.hasPrefix("dry-") && dry.metadata.resourceVersion.isEmpty)
            #expect(try await shelf.names().names.allSatisfy { !$0.hasPrefix("dry-") })

            // Every attempt meets a taken name: eight of them, and a 409 that says when to try again.
            let rules = PlainStrategy(forcedName: "named")
            let error = await failure {
                try await shelf.create("", rules: rules) { $0.metadata.generateName = "app-" }
            }
            #expect(rules.prepared.count == 8)
            #expect(error?.code == 409)
            #expect(error?.status.details?.retryAfterSeconds == 1)
            #expect(
                error?.message.hasSuffix("the server was not able to generate a unique name for the object") == true)
        }
    }

    @Test("updates what the client has seen, and nothing else")
    func preconditions() async throws {
        try await Shelf.with { shelf in
            let first = try await shelf.create("a")
            var changed = first
            changed.metadata.labels = ["x": "1"]
            let second = try await shelf.put(changed)
            #expect(second.metadata.resourceVersion != first.metadata.resourceVersion)

            func refusal(_ base: ImageStream, _ change: (inout ImageStream) -> Void = { _ in }) async -> APIError? {
                var stream = base
                change(&stream)
                do {
                    _ = try await shelf.put(stream)
                    return nil
                } catch { return error as? APIError }
            }
            let stale = await refusal(changed)
            #expect(stale?.code == 409)
            #expect(stale?.message.hasSuffix(APIError.modifiedText) == true)
            #expect(await refusal(changed) { $0.metadata.resourceVersion = "" }?.code == 422)
            #expect(await refusal(second) { $0.metadata.uid = "00000000-0000-4000-8000-000000000000" }?.code == 409)
            #expect(await refusal(second) { $0.metadata.resourceVersion = "x" }?.code == 500)
            #expect(await refusal(second) { $0.metadata.resourceVersion = "99999999999999999999999" }?.code == 500)
            #expect(await refusal(second) { $0.metadata.name = "absent" }?.code == 404)
            #expect(await refusal(second) { $0.spec.dockerImageRepository = "forbidden" }?.code == 422)
            #expect(try await shelf.objects.object("a", namespace: "p") == second)
        }
    }

    @Test("writes nothing where nothing changes, and nothing on a dry run")
    func noOperation() async throws {
        try await Shelf.with { shelf in
            let created = try await shelf.create("a", labels: ["x": "1"])
            let revision = shelf.store.currentRevision
            #expect(try await shelf.put(created) == created)
            #expect(try await shelf.patch("a") { $0.metadata.labels["x"] = "1" } == created)
            var changed = created
            changed.metadata.labels["x"] = "2"
            #expect(try await shelf.put(changed, isDryRun: true).metadata.labels == ["x": "2"])
            #expect(shelf.store.currentRevision == revision)
            #expect(try await shelf.objects.object("a", namespace: "p") == created)
        }
    }

    @Test("loses no patch of many at the same time")
    func patches() async throws {
        try await Shelf.with { shelf in
            try await shelf.create("a")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<24 {
                    group.addTask { try await shelf.patch("a") { $0.metadata.labels["l\(index)"] = "x" } }
                }
                try await group.waitForAll()
            }
            #expect(try await shelf.objects.object("a", namespace: "p")?.metadata.labels.count == 24)
        }
    }

    @Test("deletes at once what nothing holds")
    func delete() async throws {
        try await Shelf.with { shelf in
            let created = try await shelf.create("a")
            for preconditions in [
                Preconditions(uid: "other"), Preconditions(uid: created.metadata.uid, resourceVersion: "999"),
            ] {
                let error = await failure { try await shelf.delete("a", DeleteOptions(preconditions: preconditions)) }
                #expect(error?.code == 409)
            }
            let revision = shelf.store.currentRevision
            try await shelf.delete("a", DeleteOptions(dryRun: ["All"]))
            #expect(shelf.store.currentRevision == revision)
            guard case .status(let status) = try await shelf.delete("a") else {
                Issue.record("no status")
                return
            }
            #expect(status.status == "Success" && status.details?.uid == created.metadata.uid)
            #expect(await failure { try await shelf.delete("a") }?.code == 404)
            #expect(await failure { try await shelf.objects.get("a", options: GetOptions(), context()) }?.code == 404)
        }
    }

    @Test("keeps what finalizers hold until the last is taken away")
    func finalizers() async throws {
        try await Shelf.with { shelf in
            let created = try await shelf.create("a", finalizers: ["example.com/a", "example.com/b"])
            guard case .object(let output) = try await shelf.delete("a") else {
                Issue.record("no object")
                return
            }
            let marked = try output.object()
            #expect(marked.metadata.deletionTimestamp == context().now)
            #expect(marked.metadata.deletionGracePeriodSeconds == 0)
            #expect(marked.metadata.generation == created.metadata.generation + 1)

            let revision = shelf.store.currentRevision
            try await shelf.delete("a")
            #expect(shelf.store.currentRevision == revision, "deleting twice changes nothing")
            let again = await failure { try await shelf.create("a") }
            #expect(again?.message.hasPrefix("object is being deleted: ") == true)
            #expect(
                await failure { try await shelf.patch("a") { $0.metadata.finalizers.append("example.com/c") } }?.code
                    == 422)

            try await shelf.patch("a") { $0.metadata.finalizers = ["example.com/b"] }
            #expect(try await shelf.objects.object("a", namespace: "p") != nil)
            let last = try await shelf.patch("a") { $0.metadata.finalizers = [] }
            #expect(last.metadata.deletionTimestamp != nil)
            #expect(try await shelf.objects.object("a", namespace: "p") == nil)
            try await shelf.create("a")
        }
    }

    @Test("deletes a selection one by one")
    func deleteCollection() async throws {
        try await Shelf.with { shelf in
            for (name, app) in [("a", "web"), ("b", "db"), ("c", "web")] {
                try await shelf.create(name, labels: ["app": app], finalizers: name == "c" ? ["example.com/f"] : [])
            }
            try await shelf.create("a", in: "q", labels: ["app": "web"])
            let options = ListOptions(labelSelector: try LabelSelector(parsing: "app=web"))
            let deleted = try await shelf.objects.deleteCollection(options, options: DeleteOptions(), context())
            #expect(try deleted.items.map { try $0.object().metadata.name } == ["a", "c"])
            #expect(try await shelf.names(in: "p").names == ["b", "c"])
            #expect(try await shelf.names(in: "q").names == ["a"])
        }
    }
}
