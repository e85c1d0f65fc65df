import APIServer

extension RolePolicy {
    /// The rules of a role, arranged so that a decision looks at those few that speak of its verb and resource.
    ///
    /// A reference: many grants have one set.
    package final class RuleSet: Sendable {
        let rules: [PolicyRule]

        private struct OneVerb {
            /// By `resource` or `resource/subresource`, as rules name them.
            var byResource: [String: [PolicyRule]] = [:]
            /// Of more than one resource, by `*`, and of URLs.
            var general: [PolicyRule] = []
        }

        private let byVerb: [String: OneVerb]
        /// Of verbs that no rule names.
        private let others: OneVerb

        package init(_ rules: [PolicyRule]) {
            self.rules = rules
            var byVerb: [String: OneVerb] = [:]
            for verb in Set(rules.flatMap(\.verbs)) { byVerb[verb] = Self.arrange(rules, verb) }
            self.byVerb = byVerb
            others = byVerb[PolicyRule.all] ?? OneVerb()
        }

        private static func arrange(_ rules: [PolicyRule], _ verb: String) -> OneVerb {
            var one = OneVerb()
            for rule in rules where rule.verbs.contains(verb) || rule.verbs.contains(PolicyRule.all) {
                if rule.resources.isEmpty || rule.resources.contains(where: { $0.hasPrefix(PolicyRule.all) }) {
                    one.general.append(rule)
                } else {
                    for resource in Set(rule.resources) { one.byResource[resource, default: []].append(rule) }
                }
            }
            return one
        }

        /// - Parameter path: the access's `resourcePath`, made once for all sets that are asked.
        func allows(_ access: AccessAttributes, _ path: String) -> Bool {
            let one = byVerb[access.verb] ?? others
            if one.general.contains(where: { $0.allows(access) }) { return true }
            return one.byResource[path]?.contains { $0.allows(access) } ?? false
        }
    }
}

extension AccessAttributes {
    /// `imagestreams` or `imagestreams/layers`.
    var resourcePath: String { subresource.isEmpty ? resource : "\(resource)/\(subresource)" }
}
