import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("Generations of a stream and its tags")
struct TagGenerationsTests {
    private static let source = from("DockerImage", "quay.io/x/php:8")

    struct ChangeCase: Sendable, CustomTestStringConvertible {
        var what: String
        var isChanged: Bool
        var new: TagReference
        var testDescription: String { what }
    }

    static let changes: [ChangeCase] = [
        ChangeCase(what: "identical", isChanged: false, new: tag("8", source, generation: 3)),
        ChangeCase(what: "no source any more", isChanged: false, new: tag("8", nil, generation: 3)),
        ChangeCase(what: "an empty source", isChanged: false, new: tag("8", from("", ""), generation: 3)),
        ChangeCase(what: "another name", isChanged: true, new: tag("8", from("DockerImage", "quay.io/x/php:9"))),
        ChangeCase(
            what: "another kind alone", isChanged: false, new: tag("8", from("ImageStreamTag", "quay.io/x/php:8"))),
        ChangeCase(
            what: "another namespace", isChanged: true,
            new: tag("8", from("DockerImage", "quay.io/x/php:8", namespace: "prod"))),
        ChangeCase(
            what: "the own namespace, spelled out", isChanged: false,
            new: tag("8", from("DockerImage", "quay.io/x/php:8", namespace: "demo"))),
        ChangeCase(what: "a mere reference", isChanged: true, new: tag("8", source, reference: true)),
        ChangeCase(what: "another import mode", isChanged: true, new: tag("8", source, mode: "PreserveOriginal")),
        ChangeCase(what: "generation 0", isChanged: true, new: tag("8", source, generation: 0)),
        ChangeCase(what: "another generation", isChanged: false, new: tag("8", source, generation: 9)),
        ChangeCase(what: "a schedule", isChanged: false, new: tag("8", source, scheduled: true)),
        ChangeCase(what: "another reference policy", isChanged: false, new: tag("8", source, policy: "Local")),
    ]

    @Test("a spec tag asks for something else", arguments: changes)
    func isChanged(_ test: ChangeCase) {
        let old = tag("8", Self.source, generation: 3)
        #expect(TagGenerations.isChanged(test.new, from: old, namespace: "demo") == test.isChanged)
    }

    struct UpdateCase: Sendable, CustomTestStringConvertible {
        var what: String
        /// Nil removes the tag.
        var submitted: TagReference?
        var stream: Int64
        var tag: Int64?
        var testDescription: String { what }
    }

    static let updates: [UpdateCase] = [
        UpdateCase(what: "identical", submitted: tag("8", source, generation: 3), stream: 5, tag: 3),
        UpdateCase(what: "without generation", submitted: tag("8", source), stream: 5, tag: 3),
        UpdateCase(what: "ahead", submitted: tag("8", source, generation: 99), stream: 5, tag: 3),
        UpdateCase(what: "behind", submitted: tag("8", source, generation: 1), stream: 5, tag: 3),
        UpdateCase(what: "negative", submitted: tag("8", source, generation: -3), stream: 5, tag: 3),
        UpdateCase(what: "zero", submitted: tag("8", source, generation: 0), stream: 6, tag: 6),
        UpdateCase(
            what: "another source", submitted: tag("8", from("DockerImage", "quay.io/x/php:9"), generation: 3),
            stream: 6, tag: 6),
        UpdateCase(what: "another policy", submitted: tag("8", source, policy: "Local"), stream: 6, tag: 3),
        UpdateCase(what: "removed", submitted: nil, stream: 6, tag: nil),
    ]

    @Test("an update moves the generations as the table says", arguments: updates)
    func update(_ test: UpdateCase) {
        let old = stream(generation: 5, spec: [tag("8", Self.source, generation: 3)])
        var new = stream(generation: 77, spec: test.submitted.map { [$0] } ?? [])
        TagGenerations.prepareUpdate(&new, old: old)
        #expect(new.metadata.generation == test.stream)
        #expect(new.spec.tag("8")?.generation == test.tag)
    }

    @Test("a new tag gets the new generation whatever it brings")
    func newTag() {
        let old = stream(generation: 5, spec: [tag("8", Self.source, generation: 3)])
        var new = old
        new.spec.tags.append(tag("9", Self.source, generation: 2))
        TagGenerations.prepareUpdate(&new, old: old)
        #expect(new.spec.tags.map(\.generation) == [3, 6])
    }

    @Test("what old streams lack is filled in")
    func legacy() {
        let old = stream(generation: 5, spec: [tag("8", Self.source)])
        var unchanged = old
        TagGenerations.prepareUpdate(&unchanged, old: old)
        #expect(unchanged.metadata.generation == 5 && unchanged.spec.tags[0].generation == 5)

        let ancient = stream(generation: 0, spec: [tag("8", Self.source)])
        var touched = ancient
        TagGenerations.prepareUpdate(&touched, old: ancient)
        #expect(touched.metadata.generation == 1 && touched.spec.tags[0].generation == 1)
    }

    @Test("a new stream starts at one")
    func create() {
        var new = stream(generation: 5, spec: [tag("8", Self.source, generation: 9), tag("9")])
        TagGenerations.prepareCreate(&new)
        #expect(new.metadata.generation == 1 && new.spec.tags.map(\.generation) == [1, 1])
    }

    @Test("a status write fills in the generation of heads that have none")
    func status() {
        let old = stream(
            generation: 2, spec: [tag("one", Self.source, generation: 1)],
            status: ["one": [event("a/x:1", "", 1)], "same": [event("b", "", 0)]])
        var new = stream(
            generation: 9, spec: old.spec.tags,
            status: [
                "one": [event("a/x:9", "", 0)], "new": [event("n:9", "i", 0), event("n:8", "j", 0)],
                "same": [event("b", "", 0)], "given": [event("g", "i", 77)],
            ])
        TagGenerations.prepareStatusUpdate(&new, old: old)
        #expect(new.metadata.generation == 2)
        #expect(new.history("one") == ["a/x:9  1"], "that of its spec tag")
        #expect(new.history("new") == ["n:9 i 2", "n:8 j 0"], "that of the stream, of the head only")
        #expect(new.history("same") == ["b  2"])
        #expect(new.history("given") == ["g i 77"])
    }
}
