import APIMachinery
import ImageAPI
import Testing

@testable import ImageStreams

@Suite("What the import controller decides")
struct ImportDecisionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var isChecked = true
        var repository = ""
        var tags: [TagReference] = []
        var items: [String: Int64] = [:]
        var conditions: [String: Int64] = [:]
        var images: [String] = []
        var sendsRepository = false
        var testDescription: String { what }
    }

    private static let source = from("DockerImage", "quay.io/x:1")

    static let cases: [Case] = [
        Case(what: "a new stream with a repository", isChecked: false, repository: "test/other", sendsRepository: true),
        Case(what: "a new stream with a tag", isChecked: false, tags: [tag("1", source, generation: 1)], images: ["1"]),
        Case(what: "observed", tags: [tag("1", source, generation: 2)], items: ["1": 2]),
        Case(what: "asked for again", tags: [tag("1", source, generation: 3)], items: ["1": 2], images: ["1"]),
        Case(what: "failed", tags: [tag("1", source, generation: 3)], items: ["1": 2], conditions: ["1": 3]),
        Case(what: "pushed later", tags: [tag("1", source, generation: 3)], items: ["1": 5]),
        Case(
            what: "without generation beside a due one",
            tags: [tag("1", source), tag("2", source, generation: 4)], items: ["2": 3], images: ["1", "2"]),
        Case(what: "without generation alone", tags: [tag("1", source)]),
        Case(
            what: "repository and observed tag of a new stream", isChecked: false, repository: "x/y",
            tags: [tag("1", source, generation: 1)], items: ["1": 1], images: ["1"], sendsRepository: true),
        Case(what: "a mere reference", isChecked: false, tags: [tag("1", source, reference: true, generation: 1)]),
        Case(what: "another stream", isChecked: false, tags: [tag("1", from("ImageStreamTag", "x:1"), generation: 1)]),
        Case(
            what: "the annotation was removed, but nothing is due", isChecked: false,
            tags: [tag("1", source, generation: 2)], items: ["1": 2]),
    ]

    @Test("imports what the table says", arguments: cases)
    func decide(_ test: Case) {
        var app = stream(spec: test.tags)
        app.metadata.resourceVersion = "7"
        app.spec.dockerImageRepository = test.repository
        if test.isChecked { app.metadata.annotations[KnownAnnotation.repositoryCheck] = "x" }
        for (name, generation) in test.items { app.status.addEvent(event("r", "i", generation), to: name) }
        for (name, generation) in test.conditions {
            app.status.withTag(name) {
                $0.conditions = [TagEventCondition(type: "ImportSuccess", status: "False", generation: generation)]
            }
        }
        let request = ImportDecision.request(for: app)
        #expect(request?.spec.images.compactMap { $0.to?.name } ?? [] == test.images)
        #expect((request?.spec.repository != nil) == test.sendsRepository)
        if let request {
            #expect(request.metadata.resourceVersion == "7" && request.spec.import)
        }
    }

    @Test("scheduled tags are imported for ever, those pinned to a digest once")
    func scheduled() {
        let pinned = tag("d", from("DockerImage", "quay.io/x@\(digest("a"))"), generation: 2, scheduled: true)
        let moving = tag("m", from("DockerImage", "quay.io/x:1"), generation: 2, scheduled: true)
        var app = stream(
            generation: 2, spec: [pinned, moving],
            status: ["d": [event("r", digest("a"), 2)], "m": [event("r", digest("a"), 2)]])
        app.metadata.annotations[KnownAnnotation.repositoryCheck] = "x"
        #expect(ImportDecision.request(for: app) == nil)
        #expect(ImportDecision.scheduledRequest(for: app)?.spec.images.compactMap { $0.to?.name } == ["m"])
        app.status.tags = []
        #expect(ImportDecision.scheduledRequest(for: app)?.spec.images.compactMap { $0.to?.name } == ["d", "m"])
        app.spec.tags = [tag("m", from("DockerImage", "quay.io/x:1"), generation: 2)]
        #expect(!ImportDecision.isScheduled(app) && ImportDecision.scheduledRequest(for: app) == nil)
    }
}

@Suite("Recording imports")
struct ImportRecordingTests {
    private func entry(
        _ result: ImportRecording.Entry.Result, tag: String = "v1", policy: String = "Source", mode: String = "Legacy",
        creates: Bool = true
    ) -> ImportRecording.Entry {
        ImportRecording.Entry(
            tag: tag, from: "quay.io/x:\(tag)", importPolicy: TagImportPolicy(importMode: mode),
            referencePolicy: TagReferencePolicy(type: policy), createsTagOnFailure: creates, result: result)
    }

    private func apply(_ entries: [ImportRecording.Entry], to app: ImageStream) -> ImageStream {
        var changed = app
        ImportRecording(now: noon).apply(entries, to: &changed)
        return changed
    }

    @Test(
        "an unchanged image is news only where the spec asks for more",
        arguments: [
            (nil, event("R", "D", 1), true), (1, event("R", "D", 1), false), (2, event("R", "D", 1), true),
            (1, event("R", "D", 5), false), (1, event("R", "D2", 1), true), (1, event("Q", "D", 1), true),
            (1, nil, true),
        ] as [(Int64?, TagEvent?, Bool)])
    func isChanged(_ wanted: Int64?, _ head: TagEvent?, _ expected: Bool) {
        let spec = tag("v1", generation: wanted)
        #expect(ImportRecording.isChanged(spec: spec, head: head, event: event("R", "D", 9)) == expected)
        #expect(ImportRecording.isChanged(spec: nil, head: head, event: event("R", "D", 9)))
    }

    @Test(
        "a reference policy stays as it was set first",
        arguments: [
            (nil, "Local", "Local"), ("Source", "Local", "Source"), ("Local", "Source", "Local"),
            ("", "Local", "Local"),
        ] as [(String?, String, String)])
    func referencePolicy(_ before: String?, _ sent: String, _ after: String) {
        let app = stream(spec: before.map { [tag("v1", generation: 1, policy: $0)] } ?? [])
        let changed = apply([entry(.image(reference: "r", name: "i"), policy: sent)], to: app)
        #expect(changed.spec.tag("v1")?.referencePolicy.type == after)
    }

    @Test("a success takes the spec tag over, but not its annotations")
    func success() {
        var wanted = tag("v1", from("ImageStreamTag", "old"), generation: 2)
        wanted.annotations = ["k": "v"]
        var app = stream(generation: 3, spec: [wanted])
        app.status.withTag("v1") { $0.conditions = [TagEventCondition(type: "ImportSuccess", status: "False")] }
        let changed = apply([entry(.image(reference: "r", name: "i"))], to: app)
        let result = changed.spec.tag("v1")
        #expect(result?.from == from("DockerImage", "quay.io/x:v1"))
        #expect(result?.annotations == ["k": "v"] && result?.generation == 0)
        #expect(changed.history("v1") == ["r i 4"], "the generation the stream will have")
        #expect(changed.status.tag("v1")?.conditions.isEmpty == true)
    }

    @Test("a different import mode alone changes the policy and nothing else")
    func importMode() {
        let app = stream(spec: [tag("v1", generation: 1)], status: ["v1": [event("r", "i", 1)]])
        let changed = apply([entry(.image(reference: "r", name: "i"), mode: "PreserveOriginal")], to: app)
        #expect(changed.spec.tag("v1")?.importPolicy.importMode == "PreserveOriginal")
        #expect(changed.spec.tag("v1")?.generation == 1 && changed.history("v1") == ["r i 1"])
    }

    @Test("a failure leaves the history alone and is written once")
    func failures() {
        let app = stream(generation: 3, spec: [tag("v1", generation: 2)], status: ["v1": [event("r", "i", 2)]])
        let failed = apply([entry(.failure(notFound("x")))], to: app)
        #expect(failed.history("v1") == ["r i 2"])
        #expect(failed.spec.tag("v1")?.generation == 0, "asks for a new number")
        let condition = failed.status.tag("v1")?.conditions.first
        #expect(condition?.reason == "NotFound" && condition?.generation == 4 && condition?.status == "False")
        #expect(condition?.message == "dockerimage.image.openshift.io \"x\" not found")

        var later = failed
        later.metadata.generation = 9
        #expect(apply([entry(.failure(notFound("x")))], to: later) == later)
        #expect(apply([entry(.failure(notFound("y")))], to: later) != later)
    }

    @Test("a failed image makes its spec tag, a failed tag of a repository does not")
    func createsTag() {
        let image = apply([entry(.failure(notFound("x")))], to: stream())
        #expect(image.spec.tag("v1")?.from == from("DockerImage", "quay.io/x:v1"))
        let repository = apply([entry(.failure(notFound("x")), creates: false)], to: stream())
        #expect(repository.spec.tags.isEmpty)
        #expect(repository.status.tag("v1")?.items == [])
    }

    @Test("the last result of a tag wins")
    func order() {
        let changed = apply(
            [entry(.image(reference: "r1", name: "i1")), entry(.image(reference: "r2", name: "i2"))], to: stream())
        #expect(changed.status.head(of: "v1")?.image == "i2")
    }
}
