import APIMachinery
import APIServer
import ImageAPI
import JSON
import Testing

@testable import ImageStreams

@Suite("The full history of a tag")
struct TagHistoryResourceTests {
    static func get(
        _ world: World, _ name: String = "app:v1", limit: Int = 0, continueToken: String = ""
    ) async throws -> TagHistory {
        try await world.resource(TagHistoryResource.self).get(
            name, options: GetOptions(limit: limit, continueToken: continueToken), context("taghistories")
        ).object()
    }

    static func world(_ annotations: [String: String] = [:], _ body: (World) async throws -> Void) async throws {
        try await World.run { world in
            var stream = ImageStream()
            stream.metadata.name = "app"
            stream.metadata.namespace = "demo"
            stream.metadata.annotations = annotations
            try await world.create(stream)
            try await body(world)
        }
    }

    @Test("tells newest first who moved it from where to where and why, also after it is gone")
    func entries() async throws {
        try await Self.world { world in
            try await world.push("1", to: "v1")
            try await world.push("2", to: "v1")
            try await world.push("3", to: "v10")
            let uid = try await world.stream().metadata.uid
            _ = try await world.tags.delete("app:v1", options: DeleteOptions(), context("imagestreamtags"))
            let history = try await Self.get(world)
            #expect(history.metadata.name == "app:v1" && history.metadata.namespace == "demo")
            #expect(history.entries.map(\.event) == ["TagDeleted", "TagMoved", "TagCreated"])
            #expect(history.entries.map { $0.from?.image } == [digest("2"), digest("1"), nil])
            #expect(history.entries.map { $0.to?.image } == [nil, digest("2"), digest("1")])
            #expect(history.entries.map(\.cause) == ["edit", "push", "push"])
            for entry in history.entries {
                #expect(entry.actor == "alice" && entry.client == "test" && entry.request == "request")
                #expect(entry.time == noon && entry.streamUID == uid)
            }
            #expect(history.continue.isEmpty && history.remainingEntryCount == 0)
        }
    }

    @Test("comes in pages that together are all of it, though the tag moves meanwhile")
    func pages() async throws {
        try await Self.world { world in
            for letter in "1234567" { try await world.push(letter, to: "v1") }
            var seen: [String] = []
            var token = ""
            var sizes: [Int] = []
            repeat {
                let page = try await Self.get(world, limit: 3, continueToken: token)
                seen += page.entries.compactMap { $0.to?.image }
                sizes.append(page.entries.count)
                #expect(page.continue.isEmpty == (page.remainingEntryCount == 0))
                token = page.continue
                if sizes.count == 1 { try await world.push("8", to: "v1") }
            } while !token.isEmpty
            #expect(seen == "7654321".map(digest))
            #expect(sizes == [3, 3, 1])
        }
    }

    @Test(
        "names that mean no tag are refused",
        arguments: [("app:none", 404), ("none:v1", 404), ("app", 400), (":v1", 400), ("app:", 400)])
    func names(_ name: String, _ code: Int) async throws {
        try await Self.world { world in
            try await world.push("1", to: "v1")
            #expect(await failure { try await Self.get(world, name) }?.code == code)
        }
    }

    @Test("tokens that were not given out are refused", arguments: ["x", "../../", String(repeating: "u", count: 26)])
    func tokens(_ token: String) async throws {
        try await Self.world { world in
            try await world.push("1", to: "v1")
            #expect(await failure { try await Self.get(world, continueToken: token) }?.code == 400)
        }
    }

    @Test("a stream may bound its own history; the full one goes on")
    func limit() async throws {
        try await Self.world([KnownAnnotation.historyLimit: "2"]) { world in
            for letter in "1234" { try await world.push(letter, to: "v1") }
            #expect(try await world.stream().status.tag("v1")?.items.map(\.image) == [digest("4"), digest("3")])
            #expect(try await Self.get(world).entries.count == 4)
            // What is cut is not referred to any more.
            let keys = try await world.keys(LedgerKeys.imageReferences)
            #expect(keys.count == 2)
            try await world.edit { $0.metadata.annotations[KnownAnnotation.historyLimit] = "1" }
            #expect(try await world.stream().status.tag("v1")?.items.count == 1)
        }
    }

    @Test("a bound that is none is refused", arguments: ["", "0", "-1", "many", "99999999999999999999"])
    func wrongLimit(_ text: String) async throws {
        try await Self.world { world in
            let error = await failure {
                try await world.edit { $0.metadata.annotations[KnownAnnotation.historyLimit] = text }
            }
            #expect(error?.code == 422)
            #expect(error?.message.contains("must be a number from 1 on") == true)
        }
    }
}

@Suite("Names of tags are bytes")
struct TagSpellingTests {
    static let composed = "caf\u{E9}"
    static let decomposed = "cafe\u{301}"

    @Test("two spellings of a letter are two tags", arguments: [[composed, decomposed], [decomposed, composed]])
    func spellings(_ names: [String]) async throws {
        try await World.run { world in
            var stream = ImageStream()
            stream.metadata.name = "app"
            stream.metadata.namespace = "demo"
            stream.spec.tags = names.map { name in
                var tag = TagReference(name: name)
                tag.from = from("DockerImage", "quay.io/x/\(name.utf8.count):1")
                tag.reference = true
                return tag
            }
            let created = try await world.create(stream)
            #expect(created.spec.tags.count == 2)
            for name in names {
                #expect(created.status.head(of: name)?.dockerImageReference == "quay.io/x/\(name.utf8.count):1")
            }
            try await world.push("1", to: Self.composed)
            let pushed = try await world.stream().status
            #expect(pushed.head(of: Self.composed)?.image == digest("1"))
            #expect(pushed.head(of: Self.decomposed)?.image == "")
            _ = try await world.tags.delete(
                "app:\(Self.composed)", options: DeleteOptions(), context("imagestreamtags"))
            let left = try await world.stream()
            #expect(left.spec.tags.map { Array($0.name.utf8) } == [Array(Self.decomposed.utf8)])
            #expect(left.status.tags.map { Array($0.tag.utf8) } == [Array(Self.decomposed.utf8)])
        }
    }

    @Test("a colon separates also where a combining character follows it")
    func separators() throws {
        let name = try TagName(existing: "app:\u{301}x", noun: "ImageStreamTags")
        #expect(name.stream == "app")
        #expect(Array(name.tag.utf8) == Array("\u{301}x".utf8))
        #expect(try TagName(created: "app:\u{301}x").stream == "app")
        #expect("a\u{301}:\u{301}b".parts(at: ":").count == 2)
    }
}
