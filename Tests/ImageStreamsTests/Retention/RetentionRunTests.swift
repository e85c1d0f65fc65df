import APIMachinery
import APIServer
import ImageAPI
import JSON
import Store
import Synchronization
import Testing

@testable import ImageStreams

/// Pulls, uses and untagged manifests as a test wants them.
final class PreparedSources: PullTimes, ImageUse, UntaggedManifests {
    struct State: Sendable {
        var since: Timestamp?
        var pulls: [String: Timestamp] = [:]
        var named: Set<NamedImage> = []
        var untagged: Set<String> = []
        var failure: APIError?
    }

    let state: Mutex<State>

    init(_ state: State = State()) { self.state = Mutex(state) }

    var sources: RetentionSources { RetentionSources(pulls: self, use: self, untagged: self) }

    func recordedSince() async throws -> Timestamp? { state.withLock { $0.since } }

    func lastPulls(
        of digests: Set<String>, repository: (namespace: String, stream: String)
    ) async throws -> [String: Timestamp] {
        state.withLock { $0.pulls.filter { digests.contains($0.key) } }
    }

    func namedImages() async throws -> Set<NamedImage> {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.named
        }
    }

    func digests(namespace: String, stream: String) async throws -> Set<String> { state.withLock { $0.untagged } }
}

/// Lets a test do something in the middle of a write.
final class Interruption: TagAdmission {
    private let body = Mutex<(@Sendable () async throws -> Void)?>(nil)

    func once(_ body: @escaping @Sendable () async throws -> Void) { self.body.withLock { $0 = body } }

    func admit(_ request: TagAdmissionRequest) async throws {
        guard request.context.cause == "retention" else { return }
        let body = body.withLock { body in
            defer { body = nil }
            return body
        }
        try await body?()
    }
}

extension World {
    func createPolicy(
        _ name: String = "p", _ change: (inout RetentionPolicySpec) -> Void
    ) async throws {
        var policy = RetentionPolicy()
        policy.metadata.name = name
        change(&policy.spec)
        _ = try await resource(StoredResource<RetentionPolicyStrategy>.self).create(
            policy, options: WriteOptions(), context("retentionpolicies"))
    }

    func policy(_ name: String = "p") async throws -> RetentionPolicy {
        guard let policy = try await api.retention.policies.object(name, namespace: "demo") else {
            throw APIError.notFound(GroupResource(group: "", resource: "retentionpolicies"), name)
        }
        return policy
    }

    /// Runs a policy as the controller does.
    @discardableResult
    func retain(_ name: String = "p", now: Timestamp = noon) async throws -> Retention.Run {
        let context = context("retentionpolicies", user: .system, now: now)
        guard let run = try await api.retention.run(name, namespace: "demo", context) else {
            throw APIError.internalError("no policy")
        }
        try await api.retention.record(run, context)
        return run
    }

    func preview(_ change: (inout RetentionPreviewSpec) -> Void = { _ in }) async throws -> RetentionPreviewStatus {
        var preview = RetentionPreview()
        change(&preview.spec)
        let output = try await resource(RetentionPreviewResource.self).create(
            preview, options: WriteOptions(), context("retentionpreviews"))
        guard case .object(let answer) = output else { throw APIError.internalError("no object") }
        return try answer.object().status
    }
}

@Suite("Running retention policies")
struct RetentionRunTests {
    /// A stream `app` with a tag `v1` that had 5 images.
    static func world(
        _ sources: PreparedSources = PreparedSources(), admission: [any TagAdmission] = [],
        _ body: (World) async throws -> Void
    ) async throws {
        try await World.run(admission: admission, retention: sources.sources) { world in
            try await world.create(stream())
            for letter in "12345" {
                try await world.push(
                    letter, to: "v1", layers: [ImageLayer(name: digest(letter), size: 10, mediaType: "")])
            }
            try await body(world)
        }
    }

    @Test("removes by the ledger, tells in its status what it did, and then writes nothing more")
    func run() async throws {
        try await Self.world { world in
            try await world.createPolicy { $0.keep = RetentionKeep(revisions: 2) }
            #expect(try await world.policy().spec.mode == "Enforce")
            try await world.retain()
            #expect(try await world.stream().status.tag("v1")?.items.map(\.image) == [digest("5"), digest("4")])
            let references = try await world.keys(LedgerKeys.imageReferences)
            #expect(references.count == 2)
            let status = try await world.policy().status
            let result = RetentionResult(streams: 1, tags: 0, revisions: 3, images: 3, bytes: 30)
            #expect(status.lastRun == result && status.total == result)
            #expect(status.lastRunTime == noon && status.observedGeneration == 1 && status.message == "")

            let revision = world.store.currentRevision
            try await world.retain(now: Timestamp(secondsSince1970: noon.secondsSince1970 + 60))
            #expect(world.store.currentRevision == revision)
        }
    }

    @Test("a tag that goes is in its history with the cause")
    func wholeTag() async throws {
        try await Self.world { world in
            try await world.edit { $0.spec.tags = [tag("v1", from("DockerImage", "quay.io/x/app:v1"))] }
            try await world.createPolicy { $0.expireTagsAfter = "1h" }
            let later = Timestamp(secondsSince1970: noon.secondsSince1970 + 3_600)
            try await world.retain(now: Timestamp(secondsSince1970: later.secondsSince1970 - 1))
            #expect(try await world.stream().status.tags.count == 1)
            let run = try await world.retain(now: later)
            #expect(run.result == RetentionResult(streams: 1, tags: 1, revisions: 5, images: 5, bytes: 50))
            let stream = try await world.stream()
            #expect(stream.status.tags.isEmpty && stream.spec.tags.isEmpty)
            let history = try await TagHistoryResourceTests.get(world)
            #expect(history.entries.first?.event == "TagDeleted" && history.entries.first?.cause == "retention")
        }
    }

    @Test("a preview says what the next run removes, and changes nothing")
    func preview() async throws {
        try await Self.world { world in
            for letter in "678" { try await world.push(letter, to: "dev") }
            try await world.createPolicy("p") { $0.keep = RetentionKeep(revisions: 2) }
            let revision = world.store.currentRevision
            let preview = try await world.preview()
            #expect(world.store.currentRevision == revision)
            #expect(preview.removals.map { "\($0.tag) \($0.image.last ?? "-")" } == ["dev 6", "v1 3", "v1 2", "v1 1"])
            #expect(preview.removals.allSatisfy { $0.policy == "p" && $0.stream == "app" && $0.reason == "BeyondKept" })
            #expect(preview.removals.map(\.bytes) == [0, 10, 10, 10])
            let run = try await world.retain()
            #expect(run.result == preview.result)
            #expect(try await world.preview() == RetentionPreviewStatus())
        }
    }

    @Test("previews can be of policies that do not exist yet, of one stream, and short")
    func previews() async throws {
        try await Self.world { world in
            try await world.create(stream("web"))
            for letter in "678" { try await world.push(letter, to: "v1", of: "web") }
            try await world.createPolicy { $0.keep = RetentionKeep(revisions: 4) }
            var rules = RetentionPolicySpec(mode: "DryRun", keep: RetentionKeep(revisions: 1))
            // The policy there is keeps more.
            #expect(try await world.preview { $0.rules = rules }.result.revisions == 1)
            let replaced = try await world.preview { ($0.policy, $0.rules) = ("p", rules) }
            #expect(replaced.result == RetentionResult(streams: 2, tags: 0, revisions: 6, images: 6, bytes: 40))
            let one = try await world.preview { ($0.policy, $0.rules, $0.stream) = ("p", rules, "web") }
            #expect(one.removals.map(\.stream) == ["web", "web"])
            let short = try await world.preview { ($0.policy, $0.rules, $0.limit) = ("p", rules, 1) }
            #expect(short.removals.count == 1 && short.remainingRemovalCount == 5 && short.result.revisions == 6)
            rules.keep?.revisions = 0
            #expect(await failure { try await world.preview { $0.rules = rules } }?.code == 422)
            #expect(await failure { try await world.preview { $0.policy = "none" } }?.code == 404)
            #expect(await failure { try await world.preview { $0.stream = "none" } }?.code == 404)
            #expect(await failure { try await world.preview { $0.limit = 5_001 } }?.code == 422)
        }
    }

    @Test("policies that only look remove nothing and count the same once", arguments: ["DryRun", "Warn"])
    func dryRun(_ mode: String) async throws {
        try await Self.world { world in
            try await world.createPolicy { ($0.mode, $0.keep) = (mode, RetentionKeep(revisions: 2)) }
            // It keeps nothing either.
            try await world.createPolicy("other") { $0.keep = RetentionKeep(revisions: 4) }
            let run = try await world.retain()
            #expect(run.isEnforced == false && run.isWarning == (mode == "Warn"))
            #expect(run.result.revisions == 1)
            #expect(try await world.stream().status.tag("v1")?.items.count == 5)
            let status = try await world.policy().status
            #expect(status.lastRun?.revisions == 1 && status.total == nil)
            let revision = world.store.currentRevision
            try await world.retain(now: Timestamp(secondsSince1970: noon.secondsSince1970 + 60))
            #expect(world.store.currentRevision == revision)
        }
    }

    @Test("what other streams or workloads use stays")
    func use() async throws {
        let sources = PreparedSources()
        try await Self.world(sources) { world in
            try await world.create(stream("web", namespace: "prod"))
            var mapping = ImageStreamMapping()
            mapping.metadata.name = "web"
            mapping.tag = "live"
            mapping.image.metadata.name = digest("1")
            mapping.image.dockerImageReference = "registry:5000/demo/app@\(digest("1"))"
            try await world.api.push(mapping, context("imagestreammappings", namespace: "prod"))
            sources.state.withLock {
                $0.named = [
                    NamedImage(namespace: "x", text: "docker-pullable://registry:5000/demo/app@\(digest("2"))"),
                    NamedImage(namespace: "x", text: "registry:5000/demo/app:v1"),
                    NamedImage(namespace: "x", text: "::: not an image"),
                ]
            }
            try await world.createPolicy { ($0.keep, $0.expireTagsAfter) = (RetentionKeep(revisions: 1), "1s") }
            let run = try await world.retain(now: Timestamp(secondsSince1970: noon.secondsSince1970 + 60))
            // The tag is named, so it stays; 2 runs somewhere; 1 is the newest of another stream's tag.
            #expect(run.result.tags == 0 && run.result.revisions == 2)
            #expect(try await world.stream().status.tag("v1")?.items.map { $0.image.last } == ["5", "2", "1"])

            // In the other stream's history alone it is only shared: the size is not gained.
            mapping.image.metadata.name = digest("9")
            mapping.image.dockerImageReference = "registry:5000/prod/web@\(digest("9"))"
            try await world.api.push(mapping, context("imagestreammappings", namespace: "prod"))
            sources.state.withLock { $0.named = [] }
            let second = try await world.retain(now: Timestamp(secondsSince1970: noon.secondsSince1970 + 60))
            #expect(second.result == RetentionResult(streams: 1, tags: 1, revisions: 3, images: 2, bytes: 20))
        }
    }

    @Test("names without a registry mean streams beside the workload")
    func localNames() async throws {
        let sources = PreparedSources()
        sources.state.withLock {
            $0.named = [NamedImage(namespace: "demo", text: "app:v1"), NamedImage(namespace: "x", text: "web:v1")]
        }
        try await Self.world(sources) { world in
            try await world.create(stream("web"))
            try await world.push("6", to: "v1", of: "web")
            try await world.createPolicy { $0.expireTagsAfter = "1s" }
            try await world.retain(now: Timestamp(secondsSince1970: noon.secondsSince1970 + 60))
            #expect(try await world.stream().status.tags.count == 1)
            #expect(try await world.stream("web").status.tags.isEmpty)
        }
    }

    @Test("where it cannot be told what is used, nothing goes, and the status says why")
    func unknownUse() async throws {
        let sources = PreparedSources()
        sources.state.withLock { $0.failure = .internalError("the cluster does not answer") }
        try await Self.world(sources) { world in
            try await world.createPolicy { $0.keep = RetentionKeep(revisions: 2) }
            let run = try await world.retain()
            #expect(run.failures == 1 && run.result == RetentionResult())
            #expect(try await world.stream().status.tag("v1")?.items.count == 5)
            #expect(try await world.policy().status.message.contains("the cluster does not answer"))
            #expect(await failure { try await world.preview() }?.code == 500)
            sources.state.withLock { $0.failure = nil }
            try await world.retain()
            #expect(try await world.stream().status.tag("v1")?.items.count == 2)
            #expect(try await world.policy().status.message == "")
        }
    }

    @Test("a push in the middle is not lost, and what it makes old goes as well")
    func race() async throws {
        let interruption = Interruption()
        try await Self.world(admission: [interruption]) { world in
            try await world.createPolicy { $0.keep = RetentionKeep(revisions: 2) }
            interruption.once { try await world.push("6", to: "v1") }
            let run = try await world.retain()
            #expect(run.result.revisions == 4)
            #expect(try await world.stream().status.tag("v1")?.items.map { $0.image.last } == ["6", "5"])
        }
    }

    @Test("a stream that is replaced in the middle is left to the next run")
    func replacement() async throws {
        let interruption = Interruption()
        try await Self.world(admission: [interruption]) { world in
            try await world.createPolicy { $0.keep = RetentionKeep(revisions: 2) }
            interruption.once {
                _ = try await world.streams.delete("app", options: DeleteOptions(), context())
                try await world.create(stream())
                for letter in "678" { try await world.push(letter, to: "v1") }
            }
            try await world.retain()
            #expect(try await world.stream().status.tag("v1")?.items.map { $0.image.last } == ["8", "7"])
        }
    }

    @Test("a refused write ends the work on that stream alone")
    func refusal() async throws {
        let interruption = Interruption()
        try await Self.world(admission: [interruption]) { world in
            try await world.create(stream("web"))
            for letter in "678" { try await world.push(letter, to: "v1", of: "web") }
            try await world.createPolicy { $0.keep = RetentionKeep(revisions: 1) }
            interruption.once { throw APIError.forbidden(GroupResource(group: "", resource: "x"), "app", "protected") }
            let run = try await world.retain()
            #expect(run.failures == 1 && run.streams.map(\.name) == ["web"])
            #expect(try await world.stream().status.tag("v1")?.items.count == 5)
            #expect(try await world.policy().status.message.hasPrefix("app: "))
        }
    }

    @Test("more than fits into one write goes in several")
    func steps() async throws {
        try await World.run { world in
            try await world.create(stream())
            let count = Retention.stepSize * 2 + 100
            var full = try await world.stream()
            full.status.tags = (0..<count).map { number in
                NamedTagEventList(
                    tag: "t\(10_000 + number)", items: [event("quay.io/x/a@\(digest("1"))", digest("1"))])
            }
            let written = full
            _ = try await world.resource(StoredSubresource<ImageStreamStatusStrategy>.self).update(
                "app", options: WriteOptions(), context(), change: ObjectChange(isPatch: false) { _ in written })
            try await world.createPolicy { $0.expireTagsAfter = "1s" }
            let before = world.store.currentRevision
            let run = try await world.retain(now: Timestamp(secondsSince1970: noon.secondsSince1970 + 60))
            #expect(run.result.tags == Int64(count) && run.result.streams == 1 && run.result.images == 1)
            #expect(try await world.stream().status.tags.isEmpty)
            // Three writes of the stream, one of the policy.
            #expect(world.store.currentRevision - before == 4)
        }
    }

    @Test("users write the spec, the server the status; each change of the spec is a generation")
    func generations() async throws {
        try await Self.world { world in
            try await world.createPolicy { $0.keep = RetentionKeep(revisions: 4) }
            try await world.retain()
            let resource = try world.resource(StoredResource<RetentionPolicyStrategy>.self)
            let changed = try await resource.update(
                "p", options: WriteOptions(), context("retentionpolicies"),
                change: ObjectChange(isPatch: true) { current in
                    var policy = try current.object()
                    policy.spec.keep?.revisions = 3
                    policy.status = RetentionPolicyStatus()
                    return policy
                }
            ).0.object()
            #expect(changed.metadata.generation == 2 && changed.status.lastRun?.revisions == 1)
            try await world.retain()
            let status = try await world.policy().status
            #expect(status.observedGeneration == 2 && status.total?.revisions == 2)
            #expect(try await world.policy().metadata.generation == 2)
        }
    }

    @Test("the tag of an index goes with the signatures of its platforms")
    func index() async throws {
        try await World.run { world in
            try await world.create(stream())
            var mapping = ImageStreamMapping()
            mapping.metadata.name = "app"
            mapping.tag = "v1"
            mapping.image.metadata.name = digest("1")
            mapping.image.dockerImageReference = "quay.io/x/app@\(digest("1"))"
            mapping.image.dockerImageManifests = [
                ImageManifest(
                    digest: digest("a"), mediaType: "application/x", manifestSize: 1, architecture: "amd64", os: "linux"
                )
            ]
            try await world.api.push(mapping, context("imagestreammappings"))
            try await world.push("b", to: RetentionDecisionTests.signed("a"))
            try await world.createPolicy { ($0.expireTagsAfter, $0.tags) = ("1h", ["v*"]) }
            try await world.retain()
            #expect(try await world.stream().status.tags.count == 2)
            try await world.retain(now: Timestamp(secondsSince1970: noon.secondsSince1970 + 3_600))
            #expect(try await world.stream().status.tags.isEmpty)
        }
    }

    @Test("history annotations of tags bound their own tag")
    func historyAnnotation() async throws {
        try await Self.world { world in
            for letter in "678" { try await world.push(letter, to: "cache") }
            try await world.edit { stream in
                stream.metadata.annotations[KnownAnnotation.history] = "4"
                stream.spec.tags = [TagReference(name: "cache", annotations: [KnownAnnotation.history: "1"])]
            }
            #expect(try await world.stream().status.tag("cache")?.items.map(\.image) == [digest("8")])
            #expect(try await world.stream().status.tag("v1")?.items.count == 4)
            let error = await failure {
                try await world.edit { $0.spec.tags[0].annotations[KnownAnnotation.history] = "0" }
            }
            #expect(error?.code == 422)
        }
    }
}
