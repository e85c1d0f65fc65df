import APIMachinery
import APIServer
import ImageAPI

extension Retention {
    /// What one run of a policy did, or would have done.
    public struct Run: Sendable {
        public var policy: RetentionPolicy
        /// Whether anything was removed, or the policy only looks.
        public var isEnforced: Bool
        /// People asked to be told of what would go.
        public var isWarning: Bool
        public var result = RetentionResult()
        /// For each stream that loses something.
        public var streams: [StreamOutcome] = []
        /// The first of the failures and misunderstandings; a failure ends the work on one stream, not the run.
        public var message = ""
        public var failures = 0
    }

    public struct StreamOutcome: Sendable {
        public var name: String
        public var uid: String
        public var result: RetentionResult
    }

    /// Images that one write takes out of a stream, about.
    static let stepSize = 500
    /// Streams that a run tells of one by one.
    static let maximumOutcomes = 1_000

    /// Runs a policy over its streams.
    ///
    /// Each write is bound to the state of the stream that was decided about; what others change meanwhile is decided
    /// again.
    /// - Returns: nil where the policy has gone.
    /// - Throws: `APIError`, `CancellationError`.
    public func run(_ name: String, namespace: String, _ context: RequestContext) async throws -> Run? {
        guard let policy = try await policies.object(name, namespace: namespace),
            policy.metadata.deletionTimestamp == nil
        else { return nil }
        let rules = RetentionRules(policy.spec, name: name)
        var context = context
        context.namespace = namespace
        context.resource = tags.streams.kind.descriptor.groupResource
        context.cause = "retention"
        var run = Run(policy: policy, isEnforced: rules.mode == .enforce, isWarning: rules.mode == .warn)
        var survey = survey(now: context.now)
        for stream in try await streamNames(for: rules, in: namespace) {
            try Task.checkCancellation()
            do {
                let outcome = try await settle(stream, rules, &survey, &run, context)
                guard let outcome else { continue }
                run.result.add(outcome.result)
                if run.streams.count < Self.maximumOutcomes { run.streams.append(outcome) }
            } catch let error as APIError {
                run.failures += 1
                if run.failures == 1 { run.message = "\(stream): \(error.message)" }
            }
        }
        return run
    }

    private func settle(
        _ name: String, _ rules: RetentionRules, _ survey: inout RetentionSurvey, _ run: inout Run,
        _ context: RequestContext
    ) async throws -> StreamOutcome? {
        var tally = RetentionTally()
        var uid = ""
        var lost = 0
        while lost < TagStore.attempts {
            guard let stream = try await tags.streams.object(name, namespace: context.namespace),
                stream.metadata.deletionTimestamp == nil, uid.isEmpty || stream.metadata.uid == uid
            else { break }
            let others = try await self.rules(in: context.namespace)
            let verdict = try await decide(stream, by: rules, others: others, &survey)
            if run.message.isEmpty, let warning = verdict.decision.warnings.first {
                run.message = "\(name): \(warning)"
            }
            let all = verdict.decision.removals
            guard let step = verdict.decision.step(of: stream, limit: run.isEnforced ? Self.stepSize : .max) else {
                break
            }
            if run.isEnforced {
                do { try await write(step, context) } catch let error as APIError where error.reason == "Conflict" {
                    lost += 1
                    continue
                } catch let error as APIError where error.reason == "NotFound" {
                    break
                }
            }
            if uid.isEmpty { tally.beginStream() }
            uid = stream.metadata.uid
            _ = tally.count(step.removals, of: all, in: stream, verdict.facts)
            if !run.isEnforced { break }
        }
        return uid.isEmpty ? nil : StreamOutcome(name: name, uid: uid, result: tally.result)
    }

    /// Whole tags change the spec too; the history alone is a matter of the status.
    private func write(_ step: RetentionDecision.Step, _ context: RequestContext) async throws {
        if step.changesSpec {
            _ = try await tags.write(step.stream, isNew: false, options: WriteOptions(), context)
            return
        }
        _ = try await tags.streams.update(
            step.stream.metadata.name, strategy: ImageStreamStatusStrategy(rules: tags.rules), options: WriteOptions(),
            context, change: ObjectChange(isPatch: false) { _ in step.stream })
    }

    /// Writes down what a run has to tell. One that found nothing new writes nothing.
    /// - Throws: `APIError`.
    public func record(_ run: Run, _ context: RequestContext) async throws {
        var context = context
        context.namespace = run.policy.metadata.namespace
        context.resource = policies.kind.descriptor.groupResource
        do {
            _ = try await policies.update(
                run.policy.metadata.name, strategy: RetentionPolicyStatusStrategy(), options: WriteOptions(), context,
                change: ObjectChange(isPatch: true) { [context] current in
                    var policy = try current.object()
                    guard policy.metadata.uid == run.policy.metadata.uid else { return policy }
                    policy.status = Self.status(policy.status, after: run, now: context.now)
                    return policy
                })
        } catch let error as APIError where error.reason == "NotFound" {
            return
        }
    }

    static func status(_ old: RetentionPolicyStatus, after run: Run, now: Timestamp) -> RetentionPolicyStatus {
        var status = old
        status.observedGeneration = run.policy.metadata.generation
        status.message = String(run.message.unicodeScalars.prefix(512))
        let isNew = run.isEnforced ? run.result != RetentionResult() : run.result != old.lastRun
        if isNew || status != old {
            status.lastRunTime = now
            status.lastRun = run.result
        }
        if run.isEnforced, run.result != RetentionResult() {
            var total = old.total ?? RetentionResult()
            total.add(run.result)
            status.total = total
        }
        return status
    }
}

extension RetentionResult {
    mutating func add(_ other: RetentionResult) {
        streams = streams.addingClamped(other.streams)
        tags = tags.addingClamped(other.tags)
        revisions = revisions.addingClamped(other.revisions)
        images = images.addingClamped(other.images)
        bytes = bytes.addingClamped(other.bytes)
    }
}
