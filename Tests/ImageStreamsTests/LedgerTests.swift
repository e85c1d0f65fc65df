import APIMachinery
import APIServer
import ImageAPI
import JSON
import Store
import Testing

@testable import ImageStreams

@Suite("The rows of the ledger")
struct LedgerRowTests {
    private func rows(_ old: ImageStream?, _ new: ImageStream?) throws -> [Mutation] {
        try TagLedger.record(ObjectWrite(old: old, new: new, context: context()))
    }

    private func puts(_ mutations: [Mutation], _ prefix: String) -> [[UInt8]] {
        mutations.compactMap { if case .put(let key, let value) = $0, key.hasPrefix(prefix) { value } else { nil } }
    }

    @Test("a tag that moves leaves one line of history and one event for the outbox")
    func moved() throws {
        let old = stream(status: ["v1": [event("r1", digest("a"))], "v2": [event("x", digest("c"))]])
        var new = old
        new.status.addEvent(event("r2", digest("b"), 2), to: "v1")
        let mutations = try rows(old, new)
        #expect(mutations.count == 3, "history, outbox, reference: whatever else the stream has")
        let history = try JSONValue.parse(try #require(puts(mutations, LedgerKeys.histories).first))
        #expect(history["kind"] == "TagMoved" && history["tag"] == "v1" && history["stream"] == "app")
        #expect(history["actor"] == "alice" && history["client"] == "test" && history["cause"] == "edit")
        #expect(history["streamUID"] == "uid-app" && history["time"] == .string(noon.description))
        #expect(history["from"]?["image"] == .string(digest("a")) && history["to"]?["image"] == .string(digest("b")))
        #expect(puts(mutations, LedgerKeys.outbox) == puts(mutations, LedgerKeys.histories))
    }

    @Test("a reference row stands as long as any event of the stream names the image")
    func references() throws {
        let key = LedgerKeys.reference(image: digest("a"), namespace: "demo", stream: "app")
        let one = stream(status: ["v1": [event("r1", digest("a"))]])
        let two = stream(status: ["v1": [event("r2", digest("b")), event("r1", digest("a"))]])
        let pruned = stream(status: ["v1": [event("r2", digest("b"))]])
        func changes(_ old: ImageStream?, _ new: ImageStream?) throws -> [Mutation] {
            try rows(old, new).filter { $0.key == key }
        }
        #expect(try changes(nil, one).count == 1)
        #expect(try changes(one, two).isEmpty)
        #expect(try changes(two, pruned) == [.delete(key: key)])
        #expect(try changes(one, nil) == [.delete(key: key)])
    }

    @Test("a later event with an image that is named already leaves a row of its own, which goes with the image")
    func renewals() throws {
        let key = LedgerKeys.renewal(image: digest("a"), namespace: "demo", stream: "app")
        let one = stream(status: ["v1": [event("r1", digest("a"))]])
        let moved = stream(status: ["v1": [event("r2", digest("b"), 2), event("r1", digest("a"))]])
        var back = moved
        back.status.addEvent(event("r1", digest("a"), 3), to: "v1")
        var twice = one
        twice.status.addEvent(event("r1", digest("a")), to: "v2")
        func changes(_ old: ImageStream?, _ new: ImageStream?) throws -> [Mutation] {
            try rows(old, new).filter { $0.key == key }
        }
        func isPut(_ old: ImageStream?, _ new: ImageStream?) throws -> Bool {
            let mutations = try changes(old, new)
            if case .put = mutations.first { return mutations.count == 1 }
            return false
        }
        #expect(try changes(nil, one).isEmpty)
        #expect(try changes(one, moved).isEmpty)
        #expect(try isPut(moved, back))
        #expect(try isPut(one, twice))
        // What comes to the front because others go is no event.
        #expect(try changes(moved, one).isEmpty)
        #expect(try changes(back, stream(status: ["v1": [event("r2", digest("b"), 2)]])) == [.delete(key: key)])
        #expect(try changes(twice, nil) == [.delete(key: key)])
    }

    @Test("a new generation, a condition or a new label is no change of a tag")
    func quiet() throws {
        let old = stream(status: ["v1": [event("r1", digest("a"))]])
        var new = old
        new.metadata.labels = ["a": "b"]
        new.status.tags[0].items[0].generation = 9
        new.status.tags[0].conditions = [TagEventCondition(type: "ImportSuccess", status: "False")]
        #expect(try rows(old, new).isEmpty)
    }

    @Test("a deleted tag is a change, a deleted stream is one event however many tags it had, and ends its repository")
    func deletions() throws {
        let old = stream(status: ["v1": [event("r1")], "v2": [event("r2")]])
        var without = old
        without.status.tags.removeFirst()
        #expect(
            TagChange.between(old, without) == [TagChange(tag: "v1", from: event("r1"), to: nil)])
        let removal = try rows(old, nil)
        #expect(removal.count == 2)
        let metadata = old.metadata
        let repository = LedgerKeys.repository(namespace: metadata.namespace, stream: metadata.name)
        #expect(removal.contains(.delete(key: repository)))
        #expect(try JSONValue.parse(try #require(puts(removal, LedgerKeys.outbox).first))["kind"] == "StreamDeleted")
    }

    @Test("a write of very many tags fits into a transaction")
    func batch() async throws {
        try await World.run { world in
            let tags = (0..<2_500).map { tag("t\($0)", from("DockerImage", "a/b:\($0)"), reference: true) }
            try await world.create(stream(spec: tags))
            #expect(try await world.keys(LedgerKeys.histories).count == 2_500)
            #expect(try await world.keys(LedgerKeys.outbox).count == 1)
        }
    }

    @Test("any tag name makes a key of its own")
    func keys() {
        let names = [
            "", "/", "%", "%2F", "a/b", "latest", String(repeating: "x", count: 5_000),
            String(repeating: "x", count: 5_001),
        ]
        let keys = names.map { LedgerKeys.history(namespace: "n", stream: "s", tag: $0, id: "1") }
        #expect(Set(keys).count == names.count)
        #expect(keys.allSatisfy { $0.utf8.count < 1_000 && $0.split(separator: "/").count == 6 })
    }

    @Test("ids are in the order in which they were made")
    func ids() {
        let made = (0..<10_000).map { _ in OrderedIDs.shared.next() }
        #expect(made == made.sorted() && Set(made).count == made.count)
        #expect(made.allSatisfy { $0.utf8.count == 26 })
    }
}

@Suite("The ledger in the store")
struct LedgerStoreTests {
    @Test("history, references and outbox are written with the stream, and references go with it")
    func rows() async throws {
        try await World.run { world in
            try await world.create(stream())
            try await world.push("a", to: "v1")
            try await world.push("b", to: "v1")
            try await world.push("b", to: "v1")
            let histories = try await world.keys("\(LedgerKeys.histories)demo/app/v1/")
            #expect(histories.count == 2, "a push that changes nothing leaves nothing")
            let outbox = try await world.keys(LedgerKeys.outbox)
            #expect(outbox == histories, "the same ids, in order")
            let references = try await world.keys(LedgerKeys.imageReferences)
            #expect(references == ["\(digest("a"))/demo/app", "\(digest("b"))/demo/app"])
            let blobs = try await world.keys(LedgerKeys.blobReferences)
            #expect(blobs == [digest("a"), digest("b")])

            _ = try await world.streams.delete("app", options: DeleteOptions(), context())
            #expect(try await world.keys(LedgerKeys.imageReferences).isEmpty)
            #expect(try await world.keys("\(LedgerKeys.histories)demo/app/v1/") == histories, "the past stays")
            let images: StoredResource<ImageStrategy> = try world.resource(StoredResource.self)
            _ = try await images.delete(digest("a"), options: DeleteOptions(), context("images", namespace: ""))
            #expect(try await world.keys(LedgerKeys.blobReferences) == [digest("b")])
        }
    }

    struct Frozen: TagAdmission {
        func admit(_ request: TagAdmissionRequest) async throws {
            if request.changes.contains(where: { $0.tag == "frozen" && $0.from != nil }) {
                throw APIError.forbidden(request.context.resource, request.new.metadata.name, "the tag is frozen")
            }
        }
    }

    @Test("a member of the admission chain refuses every way of moving a tag")
    func admission() async throws {
        try await World.run(admission: [Frozen()]) { world in
            try await world.create(stream())
            try await world.push("a", to: "frozen")
            let push = await failure { try await world.push("b", to: "frozen") }
            #expect(push?.code == 403)
            let edit = await failure {
                try await world.edit { $0.spec.tags = [tag("frozen", from("DockerImage", "a/b"), reference: true)] }
            }
            #expect(edit?.message.hasSuffix("the tag is frozen") == true)
            let deletion = await failure {
                try await world.tags.delete("app:frozen", options: DeleteOptions(), context("imagestreamtags"))
            }
            #expect(deletion?.code == 403)
            #expect(try await world.stream().history("frozen").count == 1)
        }
    }

    @Test("sources in other namespaces need permission on the stream's layers, once for each stream")
    func access() async throws {
        let authorizer = RecordingAuthorizer { user, attributes in
            attributes.subresource != "layers" || user.name == "alice" || attributes.name != "db"
        }
        try await World.run(authorizer: authorizer) { world in
            try await world.create(stream("db", namespace: "prod"))
            let tags = [
                tag("a", from("ImageStreamTag", "db:1", namespace: "prod")),
                tag("b", from("ImageStreamTag", "db:2", namespace: "prod")),
            ]
            let refused = await failure { try await world.create(stream(spec: tags), user: UserInfo(name: "bob")) }
            #expect(
                refused?.message
                    == "ImageStream.image.openshift.io \"app\" is invalid: []: Internal error: imagestreams \"app\" is invalid: [spec.tags[a].from: Forbidden: prod/db: \"\" \"\", spec.tags[b].from: Forbidden: prod/db: \"\" \"\"]"
            )
            #expect(
                authorizer.questions == [
                    AccessAttributes(
                        verb: "get", group: "image.openshift.io", resource: "imagestreams", subresource: "layers",
                        namespace: "prod", name: "db")
                ])
            try await world.create(stream(spec: tags))
            // Who may not pull may still edit what is there.
            try await world.edit(user: UserInfo(name: "bob")) { $0.metadata.labels = ["a": "b"] }
            #expect(authorizer.questions.count == 2)
        }
    }
}
