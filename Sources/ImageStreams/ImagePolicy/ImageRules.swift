import APIMachinery
import ImageAPI
import OCI

/// The execution rules: which images may run (spec/image-resources.md 20.1, 20.5). Pure.
struct ImageRules: Sendable {
    /// An image that some object wants to use.
    struct Subject: Sendable {
        var resource: GroupResource
        /// Rules that the namespace does without.
        var excludedRules: Set<String> = []
        var name = ImageReference()
        /// Found in a stream of this server.
        var isIntegrated = false
        /// Nil where it could not be resolved.
        var image: Image?
    }

    let rules: [ImagePolicyConfiguration.ExecutionRule]
    let internalRegistry: String

    /// One rule that rejects it is enough. Where there are rules that let images in, one of them must.
    func accepts(_ subject: Subject) -> Bool {
        let own = rules.filter { $0.resources.contains(subject.resource) }
        var isLetIn = false
        for rule in own {
            if subject.excludedRules.contains(rule.name) && !rule.ignoresNamespaceOverride { continue }
            if subject.image == nil && rule.skipsUnresolved { continue }
            guard matches(rule, subject) != rule.invertsMatch else { continue }
            if rule.rejects { return false }
            isLetIn = true
        }
        return isLetIn || own.allSatisfy(\.rejects)
    }

    private func matches(_ rule: ImagePolicyConfiguration.ExecutionRule, _ subject: Subject) -> Bool {
        let isOwn = subject.isIntegrated || !internalRegistry.isEmpty && subject.name.registry == internalRegistry
        if rule.matchesIntegratedRegistry && !isOwn { return false }
        if !rule.registries.isEmpty && !rule.registries.contains(subject.name.registry) { return false }
        if rule.imageLabels.isEmpty && rule.imageAnnotations.isEmpty && rule.dockerImageLabels.isEmpty { return true }
        guard let image = subject.image else { return false }
        return rule.imageLabels.allSatisfy { $0.matches(image.metadata.labels) }
            && rule.imageAnnotations.allSatisfy { $0.holds(in: image.metadata.annotations) }
            && (rule.dockerImageLabels.isEmpty || Self.holds(rule.dockerImageLabels, in: image))
    }

    private static func holds(_ conditions: [ImagePolicyConfiguration.ValueCondition], in image: Image) -> Bool {
        guard let labels = try? image.dockerImage().config?.labels else { return false }
        return conditions.allSatisfy { $0.holds(in: labels) }
    }
}
