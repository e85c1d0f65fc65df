import APIServer

/// What a rule allows (spec/api-machinery.md 9.7).
extension PolicyRule {
    static let all = "*"

    func allows(_ access: AccessAttributes) -> Bool {
        guard access.isResourceRequest else {
            return matches(access.verb, in: verbs) && nonResourceURLs.contains { Self.url($0, covers: access.path) }
        }
        // What rules differ in most comes first.
        guard matches(resource: access), matches(access.verb, in: verbs), matches(access.group, in: apiGroups) else {
            return false
        }
        return resourceNames.isEmpty || (!access.name.isEmpty && resourceNames.contains(access.name))
    }

    private func matches(_ value: String, in values: [String]) -> Bool {
        values.contains { $0 == value || $0 == Self.all }
    }

    /// A rule about a resource says nothing about its subresources.
    private func matches(resource access: AccessAttributes) -> Bool {
        if access.subresource.isEmpty { return matches(access.resource, in: resources) }
        return resources.contains { Self.resource($0, is: access.resource, access.subresource) }
    }

    /// Whether `rule` is `*`, `resource/subresource` or `*/subresource`. Makes no strings: every request asks.
    private static func resource(_ rule: String, is resource: String, _ subresource: String) -> Bool {
        if rule == all { return true }
        let (rule, resource, subresource) = (rule.utf8, resource.utf8, subresource.utf8)
        guard let slash = rule.firstIndex(of: UInt8(ascii: "/")) else { return false }
        guard rule[rule.index(after: slash)...].elementsEqual(subresource) else { return false }
        let head = rule[..<slash]
        return head.elementsEqual(resource) || head.elementsEqual(all.utf8)
    }

    /// Whether a pattern with at most a trailing `*` covers a path, or the part of a path before a trailing `*`.
    static func url(_ pattern: String, covers path: String) -> Bool {
        if pattern == all || pattern == path { return true }
        guard pattern.hasSuffix(all) else { return false }
        return path.hasPrefix(pattern.dropLast())
    }
}
