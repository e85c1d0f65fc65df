import APIMachinery
import APIServer
import ImageAPI

/// POST `weir.dev/v1alpha1 retentionpreviews`: what policies would remove now, and why. Removes and stores nothing.
struct RetentionPreviewResource: CreatableResource {
    typealias Object = RetentionPreview

    let retention: Retention

    /// Removals that are listed where the client does not say, and at most.
    static let standardLimit: Int64 = 500
    static let maximumLimit: Int64 = 5_000

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: GroupVersion(group: "weir.dev", version: "v1alpha1"), name: "retentionpreviews",
            kind: RetentionPreview.groupVersionKind, isNamespaced: true)
    }
    var table: TableColumns<RetentionPreview>? { RetentionPreviewTable.columns }

    func create(
        _ object: RetentionPreview, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<RetentionPreview> {
        var preview = object
        try VirtualObjects.fill(&preview.metadata, context)
        preview.status = RetentionPreviewStatus()
        let errors = validate(preview.spec)
        if !errors.isEmpty { throw APIError.invalid(descriptor.groupKind, preview.metadata.name, errors) }
        let (removers, others) = try await policies(preview.spec, context)
        try await fill(&preview.status, preview.spec, removers, others, context)
        return .object(Output(preview))
    }

    private func validate(_ spec: RetentionPreviewSpec) -> [FieldError] {
        var errors = spec.rules.map { RetentionPolicyValidation.validate($0, field: "spec.rules") } ?? []
        if spec.limit < 0 || spec.limit > Self.maximumLimit {
            errors.append(.invalid("spec.limit", .number(spec.limit), "must be 0 to \(Self.maximumLimit)"))
        }
        return errors
    }

    /// The policies that are asked about, and all that hold besides. What is not enforced yet is shown as if it were.
    private func policies(
        _ spec: RetentionPreviewSpec, _ context: RequestContext
    ) async throws -> (removers: [RetentionRules], others: [RetentionRules]) {
        var others = try await retention.rules(in: context.namespace)
        if let rules = spec.rules {
            others.removeAll { $0.name == spec.policy }
            return ([RetentionRules(rules, name: spec.policy)], others)
        }
        if spec.policy.isEmpty { return (others, others) }
        guard let policy = others.first(where: { $0.name == spec.policy }) else {
            throw APIError.notFound(retention.policies.kind.descriptor.groupResource, spec.policy)
        }
        return ([policy], others)
    }

    private func fill(
        _ status: inout RetentionPreviewStatus, _ spec: RetentionPreviewSpec, _ removers: [RetentionRules],
        _ others: [RetentionRules], _ context: RequestContext
    ) async throws {
        let limit = Int(spec.limit == 0 ? Self.standardLimit : spec.limit)
        var survey = retention.survey(now: context.now)
        let names = try await retention.tags.streams.names(in: context.namespace)
        if !spec.stream.isEmpty, !names.contains(spec.stream) {
            throw APIError.notFound(retention.tags.streams.kind.descriptor.groupResource, spec.stream)
        }
        for name in names where spec.stream.isEmpty || name == spec.stream {
            try Task.checkCancellation()
            guard var stream = try await retention.tags.streams.object(name, namespace: context.namespace) else {
                continue
            }
            var tally = RetentionTally()
            var hasBegun = false
            for remover in removers where remover.selects(stream) {
                let verdict = try await retention.decide(stream, by: remover, others: others, &survey)
                for warning in verdict.decision.warnings
                where status.warnings.count < 100 && !status.warnings.contains("\(name): \(warning)") {
                    status.warnings.append("\(name): \(warning)")
                }
                let removals = verdict.decision.removals
                guard let step = verdict.decision.step(of: stream, limit: .max) else { continue }
                if !hasBegun { tally.beginStream() }
                hasBegun = true
                let sizes = tally.count(removals, of: removals, in: stream, verdict.facts)
                for (removal, bytes) in zip(removals, sizes) {
                    if status.removals.count < limit {
                        status.removals.append(
                            RetentionRemoval(removal, of: name, by: remover.name, bytes: bytes))
                    } else {
                        status.remainingRemovalCount += 1
                    }
                }
                // The next policy sees what this one would leave.
                stream = step.stream
            }
            status.result.add(tally.result)
        }
    }
}

extension RetentionRemoval {
    init(_ removal: RetentionDecision.Removal, of stream: String, by policy: String, bytes: Int64) {
        self.init(
            stream: stream, tag: removal.tag, image: removal.event.image,
            dockerImageReference: removal.event.dockerImageReference, created: removal.event.created,
            wholeTag: removal.wholeTag, policy: policy, reason: removal.reason.rawValue, message: removal.message,
            bytes: bytes)
    }
}
