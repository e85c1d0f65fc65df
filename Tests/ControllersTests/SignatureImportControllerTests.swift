import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Importing
import Logging
import OCI
import RegistryClient
import Synchronization
import Testing

@testable import Controllers

@Suite("Signature import controller")
struct SignatureImportControllerTests {
    /// Runs a controller beside `body`. Its failures are looked at again without much ado.
    private func run(
        _ world: World, _ source: PreparedSource, metrics: MetricsRegistry = MetricsRegistry(),
        _ change: (inout SignatureImportController.Configuration) -> Void = { _ in },
        _ body: () async throws -> Void
    ) async throws {
        var configuration = SignatureImportController.Configuration()
        configuration.startPause = .milliseconds(1)
        configuration.retryBase = .milliseconds(1)
        change(&configuration)
        let controller = SignatureImportController(
            api: world.api, source: source, configuration: configuration, metrics: SignatureMetrics(metrics),
            context: World.context, logger: Logger(label: "test"))
        let running = Task { await controller.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        running.cancel()
        await running.value
        try result.get()
    }

    private func name(_ signature: String) -> String { FoundSignature(Array(signature.utf8)).name }

    @Test("images that are there get their signatures, and so do new ones")
    func imports() async throws {
        try await World.run { world in
            let source = PreparedSource()
            let metrics = MetricsRegistry()
            source.prepare("a", "one", "two")
            source.prepare("b", "three")
            let a = try await world.create("a")
            try await run(world, source, metrics: metrics) {
                try await eventually("signatures of a") { try await world.signatures(a) == ["one", "two"] }
                let b = try await world.create("b")
                try await eventually("signatures of b") { try await world.signatures(b) == ["three"] }
                let text = { metrics.scrape() }
                try await eventually("figures") {
                    text().contains("weir_image_signatures_imported_total 3\n")
                        && text().contains(#"weir_image_signature_lookups_total{result="imported"} 2"#)
                }
            }
            let signature = try #require(try await world.image(a).signatures.first)
            #expect(signature.metadata.name == "\(a)@\(name("one"))")
            #expect(name("one") == Digest.sha256(of: Array("one".utf8)).hex)
            #expect(signature.type == "AtomicImageV1")
            #expect(signature.metadata.creationTimestamp == World.context().now)
            #expect(signature.conditions.isEmpty)
        }
    }

    @Test("stored signatures are neither changed nor removed, and known ones are not asked for")
    func stored() async throws {
        try await World.run { world in
            let source = PreparedSource()
            source.prepare("a", "one", "two")
            let image = try await world.create("a") { image in
                for (name, content) in [(self.name("one"), "verified"), ("release", "by hand")] {
                    var signature = ImageSignature(type: "Other", content: Array(content.utf8))
                    signature.metadata.name = "\(image.metadata.name)@\(name)"
                    signature.conditions = ["Trusted", "ForImage"].map { SignatureCondition(type: $0, status: "True") }
                    signature.issuedBy = SignatureIssuer(commonName: "key")
                    image.signatures.append(signature)
                }
            }
            let before = try await world.image(image).signatures
            try await run(world, source) {
                try await eventually("the new one") { try await world.image(image).signatures.count == 3 }
            }
            #expect(try await world.image(image).signatures.prefix(2) == before[...])
            #expect(try await world.signatures(image) == ["verified", "by hand", "two"])
            #expect(source.asked("a").first == [name("one"), "release"])
        }
    }

    @Test("images without an external place are not asked about")
    func skipped() async throws {
        try await World.run { world in
            let source = PreparedSource()
            for path in ["managed", "named", "control"] { source.prepare(path, "signature of \(path)") }
            let managed = try await world.create("managed") {
                $0.metadata.annotations[KnownAnnotation.managed] = "true"
            }
            let named = try await world.create("named", reference: "registry.example/named:1") {
                $0.metadata.name = "img"
            }
            _ = named
            try await run(world, source) {
                let control = try await world.create("control")
                try await eventually("the other one") { try await world.signatures(control).count == 1 }
                // An update is a reason to look again, but not at these.
                try await world.update(managed) { $0.metadata.labels = ["a": "b"] }
                let last = try await world.create("last")
                try await eventually("the last one") { source.asked("last").count == 1 }
                _ = last
            }
            #expect(source.asked("managed").isEmpty && source.asked("named").isEmpty)
            #expect(try await world.signatures(managed).isEmpty)
        }
    }

    @Test("ten signatures are taken; with one more, none is")
    func limit() async throws {
        try await World.run { world in
            let source = PreparedSource()
            let metrics = MetricsRegistry()
            func many(_ count: Int) -> Result<SignatureFindings, SignatureFailure> {
                .success(SignatureFindings(new: (0..<count).map { FoundSignature([UInt8($0), 1]) }))
            }
            source.prepare("ten", many(10))
            source.prepare("eleven", many(11))
            source.prepare("sum", many(10))
            source.prepare(
                "large", .success(SignatureFindings(new: [FoundSignature([UInt8](repeating: 1, count: 1 << 20 + 1))])))
            let ten = try await world.create("ten")
            let eleven = try await world.create("eleven")
            let large = try await world.create("large")
            let sum = try await world.create("sum") { image in
                var signature = ImageSignature(type: "t", content: [9])
                signature.metadata.name = "\(image.metadata.name)@x"
                image.signatures = [signature]
            }
            try await run(world, source, metrics: metrics) {
                try await eventually("ten") { try await world.image(ten).signatures.count == 10 }
                try await eventually("the others were refused") {
                    metrics.scrape().contains(#"weir_image_signature_lookups_total{result="beyond-limit"} 3"#)
                }
            }
            #expect(try await world.signatures(eleven) + world.signatures(large) == [])
            #expect(try await world.image(sum).signatures.count == 1)
        }
    }

    @Test("failures are tried again, five times at most, and then only by the next resync")
    func failures() async throws {
        try await World.run { world in
            let source = PreparedSource()
            let metrics = MetricsRegistry()
            source.prepare("a", .failure(.timedOut))
            let image = try await world.create("a")
            try await run(world, source, metrics: metrics) {
                try await eventually("six attempts") {
                    metrics.scrape().contains(#"weir_image_signature_lookups_total{result="failed"} 6"#)
                }
                // An update begins to count anew, which shows that nothing more was on its way.
                #expect(source.asked("a").count == 6)
                source.prepare("a", "one")
                try await world.update(image) { $0.metadata.labels = ["a": "b"] }
                try await eventually("the signature") { try await world.signatures(image) == ["one"] }
            }
        }
    }

    @Test("pauses grow, and are as long as a server asks for, within bounds")
    func pauses() {
        let configuration = SignatureImportController.Configuration()
        func pause(_ error: any Error, _ failures: Int) -> Duration {
            configuration.pause(after: error, failures: failures)
        }
        #expect((1...5).map { pause(SignatureFailure.timedOut, $0) } == [1, 2, 4, 8, 16].map { .seconds($0) })
        #expect(pause(CancellationError(), 100) == .seconds(1000))
        func busy(_ seconds: Int) -> SignatureFailure {
            .registry(.unexpectedStatus(503, line: "503", retryAfter: .seconds(seconds)))
        }
        #expect(pause(busy(30), 1) == .seconds(30))
        #expect(pause(busy(3), 3) == .seconds(4))
        #expect(pause(busy(1_000_000), 1) == .seconds(1000))
    }

    @Test("all images are looked at again; those without signatures only after a day, or when they change")
    func resync() async throws {
        try await World.run { world in
            let source = PreparedSource()
            source.prepare("unreachable", .success(SignatureFindings(isComplete: false)))
            source.prepare("signed", "one")
            let signed = try await world.create("signed")
            let none = try await world.create("none")
            _ = try await world.create("unreachable")
            try await run(world, source, { $0.resync = .milliseconds(5) }) {
                try await eventually("several rounds") {
                    source.asked("signed").count > 5 && source.asked("unreachable").count > 5
                }
                #expect(source.asked("none").count == 1)
                #expect(source.asked("signed").last == [name("one")])
                try await world.update(none) { $0.metadata.labels = ["a": "b"] }
                try await eventually("another look") { source.asked("none").count == 2 }
                // What was found later comes with a round.
                source.prepare("signed", "one", "two")
                try await eventually("the second one") { try await world.signatures(signed) == ["one", "two"] }
            }
            try await run(
                world, source,
                {
                    $0.resync = .milliseconds(5)
                    $0.restWithout = .zero
                }
            ) {
                try await eventually("no rest") { source.asked("none").count > 5 }
            }
        }
    }

    @Test("more images than are listed at a time are all looked at, each once")
    func many() async throws {
        try await World.run { world in
            let source = PreparedSource()
            let metrics = MetricsRegistry()
            for number in 0..<600 { try await world.create("image\(number)") }
            try await run(world, source, metrics: metrics, { $0.startPause = .zero }) {
                try await eventually("all") {
                    metrics.scrape().contains(#"weir_image_signature_lookups_total{result="none"} 600"#)
                }
            }
            for number in 0..<600 { #expect(source.asked("image\(number)").count == 1) }
        }
    }

    @Test("an image that changes while it is looked at is looked at again, whatever was found")
    func changesMeanwhile() async throws {
        try await World.run { world in
            let source = PreparedSource()
            let image = try await world.create("a")
            let isFirst = Mutex(true)
            source.before { path in
                guard path == "a",
                    isFirst.withLock({ first in
                        defer { first = false }; return first
                    })
                else { return }
                // The answer "none" is on its way when somebody stores a signature, and says so by a change. A later
                // Image of the same watch shows that the change has been seen.
                try? await world.update(image) { $0.metadata.labels = ["signed": "now"] }
                _ = try? await world.create("b")
                try? await eventually("the change was seen") { source.asked("b").count == 1 }
            }
            try await run(world, source) {
                try await eventually("another look") { source.asked("a").count == 2 }
            }
        }
    }

    @Test("a race with other writers of the image is won, and nothing of theirs is lost")
    func races() async throws {
        try await World.run { world in
            let source = PreparedSource()
            source.prepare("a", "one")
            let image = try await world.create("a")
            source.before { _ in
                // Between the controller's look at the image and its update.
                try? await world.update(image) { $0.metadata.labels["writer"] = "other" }
            }
            try await run(world, source) {
                async let others: Void = {
                    for number in 0..<50 { try await world.update(image) { $0.metadata.labels["n"] = "\(number)" } }
                }()
                try await eventually("the signature") { try await world.signatures(image) == ["one"] }
                try await others
            }
            #expect(try await world.image(image).metadata.labels == ["writer": "other", "n": "49"])
        }
    }

    @Test("images that go while they are looked at are let go")
    func gone() async throws {
        try await World.run { world in
            let source = PreparedSource()
            let metrics = MetricsRegistry()
            source.prepare("a", "one")
            let image = try await world.create("a")
            source.before { path in
                guard path == "a" else { return }
                _ = try? await world.api.images.delete(image, options: DeleteOptions(), World.context())
            }
            try await run(world, source, metrics: metrics) {
                try await eventually("it was looked at") { source.asked("a").count == 1 }
                let other = try await world.create("b")
                _ = other
                try await eventually("so was another") { source.asked("b").count == 1 }
            }
            #expect(try await world.api.images.object(image, namespace: "") == nil)
            #expect(metrics.scrape().contains(#"weir_image_signature_lookups_total{result="failed"} 0"#))
        }
    }
}
