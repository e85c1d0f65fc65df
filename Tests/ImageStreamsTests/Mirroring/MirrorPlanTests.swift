import APIMachinery
import ImageAPI
import OCI
import Testing

@testable import ImageStreams

@Suite("Which images are copied without waiting for a pull")
struct MirrorPlanTests {
    private static func digest(_ text: String) -> String { Digest.sha256(of: Array(text.utf8)).description }

    /// A stream with a tag for each triple: its name, its annotation, its policy. Each has had an old image before.
    private static func stream(_ annotation: String?, _ tags: [(String, String?, String)]) -> ImageStream {
        var stream = ImageStream()
        if let annotation { stream.metadata.annotations[KnownAnnotation.mirror] = annotation }
        for (name, annotation, policy) in tags {
            var tag = TagReference(name: name)
            if let annotation { tag.annotations[KnownAnnotation.mirror] = annotation }
            tag.referencePolicy.type = policy
            stream.spec.tags.append(tag)
            var (new, old) = (TagEvent(), TagEvent())
            (new.image, old.image) = (digest(name), digest("old"))
            stream.status.addEvent(old, to: name)
            stream.status.addEvent(new, to: name)
        }
        return stream
    }

    @Test(
        "a tag asks by its own annotation, or its stream's, where it is to be pulled from here",
        arguments: [
            (nil, nil, "Local", false), ("always", nil, "Local", true), ("always", nil, "Source", false),
            (nil, "always", "Local", true), (nil, "always", "Source", false), ("always", "never", "Local", false),
            ("never", "always", "Local", true), ("sometimes", nil, "Local", false), ("", nil, "Local", false),
            ("always", "", "Local", false), ("Always", nil, "Local", false),
            ("eager", nil, "Local", true), ("eager", nil, "Source", false), ("eager", "on-pull", "Local", false),
            ("on-pull", "eager", "Local", true),
        ] as [(String?, String?, String, Bool)])
    func tags(_ ofStream: String?, _ ofTag: String?, _ policy: String, _ isCopied: Bool) {
        let stream = Self.stream(ofStream, [("1", ofTag, policy)])
        #expect(MirrorPlan.images(of: stream) == (isCopied ? [Self.digest("1")] : []))
    }

    @Test("only the newest image of a tag counts, and each once")
    func images() {
        var stream = Self.stream("always", [("b", nil, "Local"), ("a", nil, "Local"), ("empty", nil, "Local")])
        stream.status.tags.removeAll { $0.tag == "empty" }
        #expect(MirrorPlan.images(of: stream) == [Self.digest("b"), Self.digest("a")])
        stream.status.withTag("a") { $0.items[0].image = Self.digest("b") }
        #expect(MirrorPlan.images(of: stream) == [Self.digest("b")])
        stream.status.withTag("b") { $0.items[0].image = "" }
        #expect(MirrorPlan.images(of: stream) == [Self.digest("b")], "of the other tag")
    }

    @Test("who writes what means nothing is warned, once")
    func warnings() {
        let good = Self.stream("always", [("1", "never", "Local"), ("2", "eager", "Local"), ("3", "on-pull", "Local")])
        #expect(MirrorPlan.warnings(for: good, old: nil).isEmpty)
        let bad = Self.stream("yes", [("1", "no", "Local")])
        #expect(
            MirrorPlan.warnings(for: bad, old: good) == [
                #"weir.dev/mirror: "yes" is ignored: it must be always, eager, on-pull or never"#,
                #"spec.tags[1].annotations: weir.dev/mirror: "no" is ignored: it must be always, eager, on-pull or never"#,
            ])
        #expect(MirrorPlan.warnings(for: bad, old: bad).isEmpty)
    }
}
