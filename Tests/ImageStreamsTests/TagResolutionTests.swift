import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("Resolving spec tags")
struct TagResolutionTests {
    private let base = stream(
        "base", generation: 3,
        status: [
            "v1": [event("registry:5000/demo/base@\(digest("a"))", digest("a"), 3)],
            "v2": [event("quay.io/x@\(digest("b"))", digest("b"), 3)],
        ])

    private func resolve(
        _ target: ImageStream, old: ImageStream? = nil, streams: [ImageStream] = []
    ) async -> (ImageStream, [FieldError]) {
        var target = target
        let resolution = TagResolution(internalRegistry: "registry:5000", now: noon) { namespace, name in
            streams.first { $0.metadata.namespace == namespace && $0.metadata.name == name }
        }
        let errors = await resolution.resolve(&target, old: old)
        return (target, errors)
    }

    @Test("references become events at once, other sources wait for their import")
    func references() async {
        let (found, errors) = await resolve(
            stream(
                generation: 7,
                spec: [
                    tag("imp", from("DockerImage", "quay.io/x/y:1")),
                    tag("ref", from("DockerImage", "quay.io/x/y:1"), reference: true),
                ]))
        #expect(errors.isEmpty)
        #expect(found.status.tags.map(\.tag) == ["ref"])
        #expect(found.history("ref") == ["quay.io/x/y:1  7"])
    }

    @Test("tags of other streams are copied, with pull specs of the registry turned to this stream")
    func copies() async {
        let (found, errors) = await resolve(
            stream(
                generation: 5,
                spec: [
                    tag("local", from("ImageStreamTag", "base:v1")),
                    tag("reference", from("ImageStreamTag", "base:v1"), reference: true),
                    tag("remote", from("ImageStreamTag", "base:v2")),
                    tag("image", from("ImageStreamImage", "base@\(digest("b"))")),
                    tag("short", from("ImageStreamImage", "base@aaaa")),
                    tag("later", from("ImageStreamTag", "base:v9")),
                ]), streams: [base])
        #expect(errors.isEmpty)
        #expect(found.history("local") == ["registry:5000/demo/app@\(digest("a")) \(digest("a")) 5"])
        #expect(found.history("reference") == ["registry:5000/demo/base@\(digest("a")) \(digest("a")) 5"])
        #expect(found.history("remote") == ["quay.io/x@\(digest("b")) \(digest("b")) 5"])
        #expect(found.history("image") == ["quay.io/x@\(digest("b")) \(digest("b")) 5"])
        #expect(found.history("short") == ["registry:5000/demo/app@\(digest("a")) \(digest("a")) 5"])
        #expect(found.status.tag("later") == nil)
    }

    @Test("within a stream the source's newest event takes the generation, too")
    func ownStream() async {
        let (found, errors) = await resolve(
            stream(
                generation: 7, spec: [tag("latest", from("ImageStreamTag", "v1"))],
                status: ["v1": [event("r", digest("a"), 2), event("old", digest("b"), 1)]]))
        #expect(errors.isEmpty)
        #expect(found.history("latest") == ["r \(digest("a")) 7"])
        #expect(found.history("v1") == ["r \(digest("a")) 7", "old \(digest("b")) 1"])
    }

    @Test("what has not changed is left alone")
    func unchanged() async {
        let old = stream(spec: [tag("x", from("ImageStreamTag", "nosuch:1"), generation: 1)])
        let (found, errors) = await resolve(old, old: old)
        #expect(errors.isEmpty && found == old)
    }

    struct Failing: Sendable, CustomTestStringConvertible {
        var from: ObjectReference
        var text: String
        var testDescription: String { "\(from.kind) \(from.name)" }
    }

    static let form = "must be of the form <tag>, <repo>:<tag>, <id>, or <repo>@<id>"
    static let failing: [Failing] = [
        Failing(from: from("ImageStreamTag", "a:b:c"), text: "Invalid value: \"a:b:c\": \(form)"),
        Failing(from: from("ImageStreamImage", "a@b@c"), text: "Invalid value: \"a@b@c\": \(form)"),
        Failing(from: from("Pod", "x"), text: "Invalid value: \"x\": \(form)"),
        Failing(from: from("DockerImage", ""), text: "Invalid value: \"\": \(form)"),
        Failing(from: from("ImageStreamTag", "nosuch:1"), text: "Not found: \"nosuch:1\""),
        Failing(
            from: from("ImageStreamImage", "sha256:123"),
            text:
                "Invalid value: \"sha256:123\": error generating tag event: imagestreamimage.image.openshift.io \"sha256:123\" not found"
        ),
        Failing(
            from: from("ImageStreamImage", "base@sha256"),
            text:
                "Invalid value: \"base@sha256\": error generating tag event: Operation cannot be fulfilled on imagestreamimage.image.openshift.io \"sha256\": multiple images match the prefix \"sha256\": \(digest("a")), \(digest("b"))"
        ),
    ]

    @Test("says what is wrong with a source", arguments: failing)
    func failures(_ test: Failing) async {
        let (_, errors) = await resolve(stream(spec: [tag("t", test.from)]), streams: [base])
        #expect(errors.map(\.text) == ["spec.tags[t].from.name: \(test.text)"])
    }

    @Test("one failure does not stop the others")
    func collects() async {
        let (found, errors) = await resolve(
            stream(
                spec: [
                    tag("a", from("ImageStreamTag", "nosuch:1")),
                    tag("b", from("ImageStreamTag", "base:v2")),
                    tag("c", from("ImageStreamTag", "a:b:c")),
                ]), streams: [base])
        #expect(errors.map(\.field) == ["spec.tags[a].from.name", "spec.tags[c].from.name"])
        #expect(found.status.tags.map(\.tag) == ["b"])
    }

    @Test(
        "an id stands for images whose name or hex it begins",
        arguments: [
            ("sha256:aaaa", true), ("aaaa", true), ("", true), ("sha256:bbbb", false), ("bbbb", false), ("sha", true),
            (digest("a"), true), ("256", false),
        ])
    func identifiers(_ id: String, _ matches: Bool) async {
        #expect(ImageIdentifier.matches(id, image: digest("a")) == matches)
    }
}
