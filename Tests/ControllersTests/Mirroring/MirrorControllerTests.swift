import APIMachinery
import APIServer
import ImageAPI
import Logging
import OCI
import Synchronization
import Testing

@testable import Controllers
@testable import ImageStreams

@Suite("Mirror controller")
struct MirrorControllerTests {
    /// Copies nothing, and says so or fails.
    private final class FakeMirror: ImageMirror {
        struct State {
            var failures: [String: MirrorFailure] = [:]
            var asked: [String] = []
            var held: Set<String> = []
        }

        let state = Mutex(State())

        func copy(
            _ image: String, of stream: String, in namespace: String
        ) async throws(MirrorFailure) -> MirroredContent {
            let failure = state.withLock { state in
                state.asked.append("\(namespace)/\(stream)@\(image)")
                return state.failures[image]
            }
            if let failure { throw failure }
            let isNew = state.withLock { $0.held.insert(image).inserted }
            return isNew ? MirroredContent(items: 3, bytes: 100) : MirroredContent()
        }

        func fail(_ image: String, _ failure: MirrorFailure?) { state.withLock { $0.failures[image] = failure } }
        var asked: [String] { state.withLock { $0.asked } }
    }

    private final class Recorder: EventRecorder {
        private let all = Mutex<[Occurrence]>([])
        func record(_ occurrence: Occurrence) async { all.withLock { $0.append(occurrence) } }
        var reasons: [String] { all.withLock { $0.map { "\($0.object.name) \($0.reason)" } } }
        var messages: [String] { all.withLock { $0.map(\.message) } }
    }

    private static func digest(_ text: String) -> String { Digest.sha256(of: Array(text.utf8)).description }

    /// Stores a stream that wants these images copied, a tag each.
    private static func store(_ name: String, _ images: [String], _ world: World) async throws {
        var context = World.context()
        context.namespace = "demo"
        var stream = ImageStream()
        stream.metadata.name = name
        stream.metadata.namespace = "demo"
        stream.metadata.annotations[KnownAnnotation.mirror] = "always"
        for (index, image) in images.enumerated() {
            var tag = TagReference(name: "t\(index)")
            tag.referencePolicy.type = TagReferencePolicy.local
            stream.spec.tags.append(tag)
            var event = TagEvent()
            event.image = image
            event.dockerImageReference = "registry.example/app@\(image)"
            stream.status.addEvent(event, to: tag.name)
        }
        let strategy = ImageStreamStrategy(rules: world.api.tags.rules, writer: .server)
        let final = stream
        if try await world.api.streams.object(name, namespace: "demo") == nil {
            _ = try await world.api.streams.create(final, strategy: strategy, options: WriteOptions(), context)
            return
        }
        _ = try await world.api.streams.update(
            name, strategy: strategy, options: WriteOptions(), context,
            change: ObjectChange(isPatch: false) { known in
                var next = try known.object()
                next.spec = final.spec
                next.status = final.status
                return next
            })
    }

    private func run(
        _ world: World, _ mirror: FakeMirror, _ recorder: Recorder, _ metrics: MetricsRegistry,
        _ body: () async throws -> Void
    ) async throws {
        var configuration = MirrorController.Configuration()
        configuration.retryBase = .milliseconds(1)
        configuration.longestPause = .milliseconds(20)
        configuration.resync = .milliseconds(50)
        let controller = MirrorController(
            api: world.api, mirror: mirror, configuration: configuration, metrics: MirrorMetrics(metrics),
            recorder: recorder, context: World.context, logger: Logger(label: "test"))
        let running = Task { await controller.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        running.cancel()
        await running.value
        try result.get()
    }

    @Test("images that are there are copied, and so are new ones, and looked at again")
    func copies() async throws {
        try await World.run { world in
            let (mirror, recorder, metrics) = (FakeMirror(), Recorder(), MetricsRegistry())
            let images = ["a", "b", "c"].map(Self.digest)
            try await Self.store("app", [images[0]], world)
            try await run(world, mirror, recorder, metrics) {
                try await eventually("the first") { mirror.asked.contains("demo/app@\(images[0])") }
                try await Self.store("web", [images[1], images[2]], world)
                try await eventually("the others") {
                    Set(mirror.asked).isSuperset(of: images[1...].map { "demo/web@\($0)" })
                }
                try await eventually("figures") {
                    let text = metrics.scrape()
                    return text.contains(#"weir_mirror_images{state="complete"} 3"#)
                        && text.contains(#"weir_mirror_copies_total{result="success"} 3"#)
                        && text.contains("weir_mirror_items_total 9\n")
                        && text.contains("weir_mirror_bytes_total 300\n")
                }
                try await eventually("again") { mirror.asked.count { $0 == "demo/app@\(images[0])" } >= 3 }
                #expect(metrics.scrape().contains(#"weir_mirror_copies_total{result="success"} 3"#))
                #expect(recorder.reasons.isEmpty)
            }
        }
    }

    @Test("what fails is tried again; people are told when it begins and when it ends, once for all images of a stream")
    func failures() async throws {
        try await World.run { world in
            let (mirror, recorder, metrics) = (FakeMirror(), Recorder(), MetricsRegistry())
            let images = ["a", "b"].map(Self.digest)
            for image in images { mirror.fail(image, MirrorFailure("the registry is away")) }
            try await Self.store("app", images, world)
            try await run(world, mirror, recorder, metrics) {
                try await eventually("several tries of both") {
                    images.allSatisfy { image in mirror.asked.count { $0.hasSuffix(image) } >= 3 }
                }
                try await eventually("both have failed") {
                    metrics.scrape().contains(#"weir_mirror_images{state="failed"} 2"#)
                }
                mirror.fail(images[0], nil)
                try await eventually("one of them") {
                    metrics.scrape().contains(#"weir_mirror_images{state="complete"} 1"#)
                }
                #expect(recorder.reasons == ["app MirrorFailed"])
                #expect(recorder.messages.first?.hasSuffix("could not be copied: the registry is away") == true)
                mirror.fail(images[1], nil)
                try await eventually("both are told") {
                    recorder.reasons == ["app MirrorFailed", "app MirrorRecovered"]
                }
            }
        }
    }

    @Test("an image that no tag wants any more is let go")
    func unwanted() async throws {
        try await World.run { world in
            let (mirror, recorder, metrics) = (FakeMirror(), Recorder(), MetricsRegistry())
            let images = ["a", "b"].map(Self.digest)
            mirror.fail(images[0], MirrorFailure("no"))
            try await Self.store("app", [images[0]], world)
            try await run(world, mirror, recorder, metrics) {
                try await eventually("it fails") { !recorder.reasons.isEmpty }
                try await Self.store("app", [images[1]], world)
                try await eventually("the other takes its place") {
                    let text = metrics.scrape()
                    return text.contains(#"weir_mirror_images{state="failed"} 0"#)
                        && text.contains(#"weir_mirror_images{state="complete"} 1"#)
                }
            }
        }
    }

    @Test(
        "pauses double up to the longest, and are never shorter than what the registry asks for",
        arguments: [
            (1, nil, 60), (2, nil, 120), (5, nil, 960), (9, nil, 15_360), (10, nil, 21_600), (100, nil, 21_600),
            (1, 30, 60), (1, 300, 300), (1, 1_000_000, 21_600), (0, nil, 60),
        ] as [(Int, Int?, Int)])
    func pauses(_ failures: Int, _ asked: Int?, _ seconds: Int) {
        let pause = MirrorController.Configuration().pause(failures: failures, asked: asked.map { .seconds($0) })
        #expect(pause == .seconds(seconds))
    }
}
