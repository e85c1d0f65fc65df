import APIMachinery
import APIServer
import ImageAPI
import ImageStreams
import Logging
import Synchronization
import Testing

@testable import Controllers

@Suite("When retention policies run")
struct RetentionScheduleTests {
    private static let start = ContinuousClock.now

    private static func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private static func key(_ name: String) -> RetentionSchedule.Key { .init(namespace: "p", name: name) }

    private static func version(_ generation: Int64, uid: String = "1") -> RetentionSchedule.Version {
        .init(uid: uid, generation: generation)
    }

    @Test("at once when they are new, changed or replaced; then once an interval")
    func intervals() {
        var schedule = RetentionSchedule(minimumInterval: .seconds(10))
        #expect(schedule.nextDue == nil && schedule.takeDue(Self.at(0)) == nil)
        schedule.note(Self.key("a"), version: Self.version(1), interval: .seconds(100), now: Self.at(0))
        #expect(schedule.takeDue(Self.at(0)) == Self.key("a"))
        #expect(schedule.takeDue(Self.at(99)) == nil && schedule.nextDue == Self.at(100))
        schedule.note(Self.key("a"), version: Self.version(1), interval: .seconds(100), now: Self.at(50))
        #expect(schedule.nextDue == Self.at(100))
        schedule.note(Self.key("a"), version: Self.version(2), interval: .seconds(100), now: Self.at(60))
        #expect(schedule.takeDue(Self.at(61)) == Self.key("a") && schedule.nextDue == Self.at(161))
        schedule.note(Self.key("a"), version: Self.version(1, uid: "2"), interval: .seconds(100), now: Self.at(70))
        #expect(schedule.nextDue == Self.at(70))
    }

    @Test("not more often than the server lets them, and those that wait longest first")
    func order() {
        var schedule = RetentionSchedule(minimumInterval: .seconds(10))
        schedule.note(Self.key("a"), version: Self.version(1), interval: .seconds(1), now: Self.at(1))
        schedule.note(Self.key("b"), version: Self.version(1), interval: .seconds(20), now: Self.at(0))
        #expect(schedule.takeDue(Self.at(5)) == Self.key("b"))
        #expect(schedule.takeDue(Self.at(5)) == Self.key("a"))
        #expect(schedule.takeDue(Self.at(14)) == nil)
        #expect(schedule.takeDue(Self.at(15)) == Self.key("a"))
        schedule.remove(Self.key("a"))
        #expect(schedule.nextDue == Self.at(25))
        schedule.keep(only: [])
        #expect(schedule.nextDue == nil)
    }
}

/// Remembers what it was told.
private final class HeardEvents: EventRecorder {
    let heard = Mutex<[Occurrence]>([])

    func record(_ occurrence: Occurrence) async { heard.withLock { $0.append(occurrence) } }
}

@Suite("The retention controller")
struct RetentionControllerTests {
    private static func images(_ world: World) async throws -> [String] {
        let stream = try await world.api.streams.object("app", namespace: "p")
        return stream?.status.tags.first?.items.map { String($0.image.suffix(1)) } ?? []
    }

    private static func push(_ world: World, _ letters: String) async throws {
        for letter in letters {
            var mapping = ImageStreamMapping()
            mapping.metadata.name = "app"
            mapping.tag = "v1"
            mapping.image.metadata.name = "sha256:" + String(repeating: letter, count: 64)
            mapping.image.dockerImageReference = "quay.io/x/app@\(mapping.image.metadata.name)"
            for resource in world.api.resources {
                guard let mappings = resource as? any CreatableResource<ImageStreamMapping> else { continue }
                _ = try await mappings.create(mapping, options: WriteOptions(), context())
            }
        }
    }

    private static func context() -> RequestContext {
        var context = World.context()
        context.namespace = "p"
        return context
    }

    private static func create(_ policy: RetentionPolicy, _ world: World) async throws {
        for resource in world.api.resources where resource.descriptor.path == "retentionpolicies" {
            guard let policies = resource as? any CreatableResource<RetentionPolicy> else { continue }
            _ = try await policies.create(policy, options: WriteOptions(), context())
        }
    }

    @Test("follows policies as they come, change and go, and tells what it did")
    func follows() async throws {
        try await World.run(minimumRetentionInterval: .milliseconds(20)) { world in
            _ = try await world.api.createStream("app", Self.context())
            try await Self.push(world, "12345")
            let events = HeardEvents()
            let metrics = MetricsRegistry()
            let controller = RetentionController(
                retention: world.api.retention, recorder: events, metrics: RetentionMetrics(metrics),
                context: World.context, logger: Logger(label: "test"))
            let task = Task { await controller.run() }
            var policy = RetentionPolicy()
            policy.metadata.name = "short"
            policy.spec.keep = RetentionKeep(revisions: 3)
            policy.spec.interval = "1s"
            try await Self.create(policy, world)
            try await eventually("the first run") { try await Self.images(world) == ["5", "4", "3"] }
            try await eventually("the status") {
                try await world.api.retention.policies.object("short", namespace: "p")?.status.total?.revisions == 2
            }
            // The next run comes by itself.
            try await Self.push(world, "6")
            try await eventually("the second run") { try await Self.images(world) == ["6", "5", "4"] }
            try await eventually("both events") { events.heard.withLock { $0.count } == 2 }
            let told = events.heard.withLock { $0 }
            #expect(told.allSatisfy { $0.reason == "RetentionApplied" && $0.object.name == "app" })
            #expect(
                told.map(\.message) == [
                    "retention policy short removed 2 images of tags", "retention policy short removed 1 image of tags",
                ])
            let text = metrics.scrape()
            #expect(text.contains(#"weir_retention_removed_total{kind="revision"} 3"#))
            #expect(text.contains(#"weir_retention_runs_total{result="failed"} 0"#))
            var gone = Self.context()
            gone.resource = GroupResource(group: "weir.dev", resource: "retentionpolicies")
            _ = try await world.api.retention.policies.delete("short", options: DeleteOptions(), gone)
            policy.metadata.name = "looks"
            policy.spec = RetentionPolicySpec(mode: "Warn", keep: RetentionKeep(revisions: 1))
            try await Self.create(policy, world)
            try await eventually("the warning") {
                events.heard.withLock { $0.last?.reason } == "RetentionWouldApply"
            }
            #expect(try await Self.images(world) == ["6", "5", "4"])
            task.cancel()
            await task.value
        }
    }
}
