import APIMachinery
import APIServer
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("Lists of tags")
struct TagListTests {
    static func world(_ body: (World) async throws -> Void) async throws {
        try await World.run { world in
            for (name, namespace, tags) in [
                ("a", "demo", ["1", "2", "3"]), ("b", "demo", []), ("c", "demo", ["1"]), ("a", "other", ["1", "2"]),
            ] {
                var stream = ImageStream()
                stream.metadata.name = name
                stream.metadata.namespace = namespace
                stream.metadata.labels = ["from": namespace]
                try await world.create(stream)
                for tag in tags {
                    var mapping = ImageStreamMapping()
                    mapping.metadata.name = name
                    mapping.tag = tag
                    mapping.image.metadata.name = digest("1")
                    mapping.image.dockerImageReference = "quay.io/x/\(name)@\(digest("1"))"
                    try await world.api.push(mapping, context("imagestreammappings", namespace: namespace))
                }
            }
            try await body(world)
        }
    }

    static let all = ["demo/a:1", "demo/a:2", "demo/a:3", "demo/c:1", "other/a:1", "other/a:2"]

    @Test("the pages of a list are together what the list is, whatever their size", arguments: 1...7)
    func pages(_ limit: Int) async throws {
        try await Self.world { world in
            for namespace in ["", "demo"] {
                let expected = Self.all.filter { namespace.isEmpty || $0.hasPrefix(namespace) }
                var options = ListOptions(limit: limit)
                var seen: [String] = []
                var tagsSeen: [String] = []
                repeat {
                    let page = try await world.tags.list(options, context("imagestreamtags", namespace: namespace))
                    let same = try await world.imageTags.list(options, context("imagetags", namespace: namespace))
                    #expect(page.items.count <= limit)
                    #expect(page.metadata.continue.isEmpty == (page.metadata.resourceVersion.isEmpty))
                    seen += try page.items.map { try $0.object().metadata }.map { "\($0.namespace)/\($0.name)" }
                    tagsSeen += try same.items.map { try $0.object().metadata }.map { "\($0.namespace)/\($0.name)" }
                    options.continueToken = page.metadata.continue
                } while !options.continueToken.isEmpty
                #expect(seen == expected)
                #expect(tagsSeen == expected)
            }
        }
    }

    @Test("a page goes on in the state that the first one showed")
    func consistency() async throws {
        try await Self.world { world in
            var options = ListOptions(limit: 2)
            let first = try await world.tags.list(options, context("imagestreamtags"))
            try await world.push("2", to: "0", of: "a")
            _ = try await world.tags.delete("a:3", options: DeleteOptions(), context("imagestreamtags"))
            options.continueToken = first.metadata.continue
            let second = try await world.tags.list(options, context("imagestreamtags"))
            #expect(try second.items.map { try $0.object().metadata.name } == ["a:3", "c:1"])
        }
    }

    @Test("selectors hold on every page")
    func selectors() async throws {
        try await Self.world { world in
            var options = ListOptions(labelSelector: try LabelSelector(parsing: "from=other"), limit: 1)
            var seen: [String] = []
            repeat {
                let page = try await world.tags.list(options, context("imagestreamtags", namespace: ""))
                seen += try page.items.map { try $0.object().metadata.name }
                options.continueToken = page.metadata.continue
            } while !options.continueToken.isEmpty
            #expect(seen == ["a:1", "a:2"])
        }
    }

    @Test("tokens of strangers are refused")
    func tokens() async throws {
        try await Self.world { world in
            let options = ListOptions(limit: 1, continueToken: "none")
            #expect(await failure { try await world.tags.list(options, context("imagestreamtags")) }?.code == 400)
        }
    }

    @Test("a list of image tags leaves out who manages the stream")
    func managedFields() async throws {
        try await Self.world { world in
            let list = try await world.imageTags.list(ListOptions(), context("imagetags"))
            #expect(try list.items.allSatisfy { try $0.object().metadata.managedFields.isEmpty })
        }
    }
}
