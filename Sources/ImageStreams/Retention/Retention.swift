import APIMachinery
import APIServer
import ImageAPI
import Store

/// Retention policies, and what follows from them (spec/registry.md 5.6 GC-9).
///
/// Policies act through the tag ledger alone: what they remove is a write of the stream like any other.
public struct Retention: Sendable {
    public let policies: ObjectStore<RetentionPolicy>
    /// The time between two runs of a policy at least.
    public let minimumInterval: Duration

    let tags: TagStore
    let index: ImageLayerIndex
    let store: Store
    let sources: RetentionSources
    let configuration: ImageStreamsConfiguration
    private let rules: NamespaceDigest<RetentionPolicy, [RetentionRules]>

    init(
        store: Store, tags: TagStore, index: ImageLayerIndex, namespaces: (any NamespaceLookup)?,
        sources: RetentionSources, configuration: ImageStreamsConfiguration
    ) {
        let policies = ObjectStore(kind: RetentionPolicyStrategy.kind, store: store, namespaces: namespaces)
        self.policies = policies
        self.tags = tags
        self.index = index
        self.store = store
        self.sources = sources
        self.configuration = configuration
        minimumInterval = configuration.minimumRetentionInterval
        rules = NamespaceDigest(of: policies) { $0.map { RetentionRules($0.spec, name: $0.metadata.name) } }
    }

    var resources: [any Resource] {
        [
            StoredResource(
                policies,
                strategy: RetentionPolicyStrategy(
                    minimumInterval: RetentionPeriod(seconds: minimumInterval.components.seconds)),
                table: RetentionPolicyTable.columns),
            StoredSubresource(policies, name: "status", strategy: RetentionPolicyStatusStrategy()),
            RetentionPreviewResource(retention: self),
        ]
    }

    /// The policies of a namespace, in the order of their names.
    func rules(in namespace: String) async throws -> [RetentionRules] { try await rules.value(in: namespace) }

    /// How long the registry keeps a manifest that no tag refers to, after it was pushed or pulled last; nil for ever.
    public func untaggedPeriod(of stream: ImageStream) async throws -> Duration? {
        switch UntaggedRetention.of(stream, policies: try await rules(in: stream.metadata.namespace)) {
        case .forever: nil
        case .after(let period): period.duration
        }
    }

    /// The time between two runs of a policy, as it says.
    public static func interval(of policy: RetentionPolicy) -> Duration {
        (RetentionPeriod(policy.spec.interval) ?? RetentionRules.standardInterval).duration
    }

    func survey(now: Timestamp) -> RetentionSurvey {
        RetentionSurvey(
            streams: tags.streams, index: index, store: store, sources: sources, configuration: configuration, now: now)
    }

    /// A decision and what it was made of.
    struct Verdict: Sendable {
        var decision: RetentionDecision
        var facts: RetentionFacts
    }

    /// What a policy removes from a stream now. Looks up only what the outcome depends on.
    /// - Parameter others: the policies of the namespace; those that are not enforced keep nothing.
    func decide(
        _ stream: ImageStream, by remover: RetentionRules, others: [RetentionRules], _ survey: inout RetentionSurvey
    ) async throws -> Verdict {
        let keepers = others.filter { $0.mode == .enforce && $0.name != remover.name }
        let untagged = UntaggedRetention.of(stream, policies: others)
        let boldest = survey.boldest(untagged: untagged)
        let bold = RetentionDecision(of: stream, by: remover, besides: keepers, boldest)
        if bold.removals.isEmpty { return Verdict(decision: bold, facts: boldest) }
        // Of what belongs to an image, it is only known with the facts whether the image goes.
        let signatures = stream.status.tags.filter { SignatureTag($0.tag) != nil }.flatMap(\.items)
        let candidates = Set((bold.removals.map(\.event) + signatures).map(\.image))
        let facts = try await survey.facts(of: stream, candidates: candidates, untagged: untagged)
        return Verdict(
            decision: RetentionDecision(of: stream, by: remover, besides: keepers, facts), facts: facts)
    }

    /// The names of the streams a policy may be about.
    func streamNames(for rules: RetentionRules, in namespace: String) async throws -> [String] {
        try await tags.streams.names(in: namespace).filter { rules.selects(name: $0) }
    }
}
