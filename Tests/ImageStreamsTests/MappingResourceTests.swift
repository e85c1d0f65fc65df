import APIMachinery
import APIServer
import ImageAPI
import OCI
import Testing

@testable import ImageStreams

@Suite("Pushes")
struct MappingTests {
    @Test("a push stores the Image, moves the tag and its followers by one level")
    func push() async throws {
        try await World.run { world in
            try await world.create(
                stream(spec: [tag("b", from("ImageStreamTag", "c")), tag("a", from("ImageStreamTag", "b"))]))
            try await world.push("a", to: "c")
            let app = try await world.stream()
            #expect(app.status.tags.map(\.tag) == ["b", "c"])
            #expect(app.metadata.generation == 1 && app.status.head(of: "c")?.generation == 1)
            #expect(try await world.api.images.object(digest("a"), namespace: "") != nil)
            let missing = await failure { try await world.push("b", to: "x", of: "nosuch") }
            #expect(missing?.message == "imagestreammappings.image.openshift.io \"nosuch\" not found")
            #expect(try await world.api.images.object(digest("b"), namespace: "") == nil, "nothing is stored for it")
        }
    }

    @Test("without a reference the stream's own repository is used, and for managed images that exist")
    func references() async throws {
        try await World.run { world in
            try await world.create(stream())
            try await world.push("a", to: "own", reference: "")
            try await world.push("a", to: "u", reference: "third.example.com/x@\(digest("a"))")
            try await world.push(
                "a", to: "m", reference: "third.example.com/x@\(digest("a"))",
                annotations: [KnownAnnotation.managed: "true"])
            let app = try await world.stream()
            let own = "registry:5000/demo/app@\(digest("a"))"
            #expect(app.status.head(of: "own")?.dockerImageReference == own)
            #expect(app.status.head(of: "u")?.dockerImageReference == "third.example.com/x@\(digest("a"))")
            #expect(app.status.head(of: "m")?.dockerImageReference == own)
        }
    }

    @Test("pushes to different tags at the same time all succeed")
    func concurrent() async throws {
        try await World.run { world in
            try await world.create(stream())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for letter in "abcdef" { group.addTask { try await world.push(letter, to: "t\(letter)") } }
                try await group.waitForAll()
            }
            #expect(try await world.stream().status.tags.map(\.tag) == ["ta", "tb", "tc", "td", "te", "tf"])
            #expect(try await world.keys(LedgerKeys.imageReferences).count == 6)
        }
    }

    @Test("a lost race is another push's only where the tag has moved")
    func races() {
        #expect(MappingTests.same(nil, event("r")))
        #expect(MappingTests.same(event("r", "i", 1), event("r", "i", 9)))
        #expect(!MappingTests.same(event("r", "i"), event("r", "j")))
        #expect(!MappingTests.same(event("r", "i"), nil))
    }

    private static func same(_ before: TagEvent?, _ after: TagEvent?) -> Bool {
        TagStore.isSame(before, after)
    }
}
