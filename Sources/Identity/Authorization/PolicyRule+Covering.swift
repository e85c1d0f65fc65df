import APIMachinery

/// Whether somebody who holds some rules may hand out others (spec/api-machinery.md 9.7, escalation).
extension PolicyRule {
    /// The smallest rules that `rule` is made of: one verb and one resource, or one verb and one URL each.
    ///
    /// - Parameter limit: of the pieces; nil where there would be more.
    static func pieces(of rule: PolicyRule, limit: Int) -> [PolicyRule]? {
        let names = max(1, rule.resourceNames.count)
        let resources = rule.apiGroups.count.multipliedReportingOverflow(by: rule.resources.count)
        let targets = resources.partialValue.multipliedReportingOverflow(by: names)
        let count = (targets.partialValue &+ rule.nonResourceURLs.count)
            .multipliedReportingOverflow(by: rule.verbs.count)
        guard !resources.overflow, !targets.overflow, !count.overflow, count.partialValue <= limit else { return nil }
        var pieces: [PolicyRule] = []
        pieces.reserveCapacity(count.partialValue)
        for group in rule.apiGroups {
            for resource in rule.resources {
                for verb in rule.verbs {
                    if rule.resourceNames.isEmpty {
                        pieces.append(PolicyRule(verbs: [verb], apiGroups: [group], resources: [resource]))
                    }
                    for name in rule.resourceNames {
                        pieces.append(
                            PolicyRule(verbs: [verb], apiGroups: [group], resources: [resource], resourceNames: [name]))
                    }
                }
            }
        }
        for url in rule.nonResourceURLs {
            for verb in rule.verbs { pieces.append(PolicyRule(verbs: [verb], nonResourceURLs: [url])) }
        }
        return pieces
    }

    /// Whether everything that `piece`, which is one of `pieces(of:)`, allows is allowed by this rule.
    func covers(_ piece: PolicyRule) -> Bool {
        guard contains(piece.verbs, in: verbs), contains(piece.apiGroups, in: apiGroups) else { return false }
        let coversURLs = piece.nonResourceURLs.allSatisfy { url in
            nonResourceURLs.contains { Self.url($0, covers: url) }
        }
        guard coversURLs, piece.resources.allSatisfy(covers(resource:)) else { return false }
        if resourceNames.isEmpty { return true }
        return !piece.resourceNames.isEmpty && piece.resourceNames.allSatisfy(resourceNames.contains)
    }

    private func contains(_ values: [String], in own: [String]) -> Bool {
        own.contains(Self.all) || values.allSatisfy(own.contains)
    }

    private func covers(resource: String) -> Bool {
        if resources.contains(Self.all) || resources.contains(resource) { return true }
        guard let slash = resource.firstIndex(of: "/") else { return false }
        return resources.contains("*\(resource[slash...])")
    }

    /// `{APIGroups:["image.openshift.io"], Resources:["images"], Verbs:["delete"]}`, as refusals name a rule.
    var compactText: String {
        let parts = [
            ("APIGroups", apiGroups), ("Resources", resources), ("NonResourceURLs", nonResourceURLs),
            ("ResourceNames", resourceNames), ("Verbs", verbs),
        ]
        let shown = parts.filter { !$0.1.isEmpty }.map { "\($0.0):\(Self.quoted($0.1))" }
        return "{\(shown.joined(separator: ", "))}"
    }

    /// Go's `%q` of a list of strings.
    static func quoted(_ values: [String]) -> String { "[\(values.map(goQuoted).joined(separator: " "))]" }

    /// Pieces of one resource as one rule with all their verbs; others as they are.
    static func joined(_ pieces: [PolicyRule]) -> [PolicyRule] {
        var joined: [PolicyRule] = []
        var places: [PolicyRule: Int] = [:]
        for piece in pieces {
            var key = piece
            key.verbs = []
            if piece.nonResourceURLs.isEmpty, let place = places[key] {
                for verb in piece.verbs where !joined[place].verbs.contains(verb) { joined[place].verbs.append(verb) }
            } else {
                places[key] = joined.count
                joined.append(piece)
            }
        }
        return joined
    }
}
