import APIMachinery
import JSON

extension AuditPolicy {
    /// What is wrong with a policy file, one line a fault.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public var faults: [String]
        public var description: String { faults.joined(separator: "\n") }
    }

    /// Reads a policy of `audit.k8s.io/v1`, in YAML or JSON.
    /// - Throws: `Invalid` with all faults, each with the path of its field; also for fields that are not known.
    public init(yaml text: String) throws(Invalid) {
        self.init()
        var decoder = AuditPolicyDecoder()
        do {
            let document = try YAML.parse(text)
            decoder.document.faults = document.duplicateKeys
            decoder.decode(document.value, into: &self)
        } catch {
            throw Invalid(faults: [error.text])
        }
        guard decoder.document.faults.isEmpty else { throw Invalid(faults: decoder.document.faults) }
    }
}

/// Reads the values of a policy, and remembers what is wrong with them.
private struct AuditPolicyDecoder {
    var document = DocumentDecoder("the policy")

    mutating func decode(_ value: JSONValue, into policy: inout AuditPolicy) {
        guard
            let fields = document.object(
                value, "", ["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"])
        else { return }
        document.require(fields["apiVersion"], "apiVersion", "audit.k8s.io/v1")
        document.require(fields["kind"], "kind", "Policy")
        policy.omitStages = stages(fields["omitStages"], "omitStages")
        policy.omitManagedFields = document.flag(fields["omitManagedFields"], "omitManagedFields") ?? false
        let rules = document.elements(fields["rules"], "rules")
        if rules.isEmpty { document.faults.append("rules: at least one rule is needed") }
        policy.rules = rules.enumerated().compactMap { rule($1, "rules[\($0)]") }
    }

    private mutating func rule(_ value: JSONValue, _ path: String) -> AuditPolicy.Rule? {
        let known = [
            "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages",
            "omitManagedFields",
        ]
        guard let fields = document.object(value, path, known) else { return nil }
        let levels = AuditPolicy.Level.allCases.map(\.rawValue)
        guard let name = fields["level"]?.stringValue, let level = AuditPolicy.Level(rawValue: name) else {
            let found = fields["level"].map { "\($0) is none of" } ?? "missing; it is one of"
            document.faults.append("\(path).level: \(found) \(levels.joined(separator: ", "))")
            return nil
        }
        var rule = AuditPolicy.Rule(level: level)
        rule.users = document.texts(fields["users"], "\(path).users")
        rule.userGroups = document.texts(fields["userGroups"], "\(path).userGroups")
        rule.verbs = document.texts(fields["verbs"], "\(path).verbs")
        rule.namespaces = document.texts(fields["namespaces"], "\(path).namespaces")
        rule.nonResourceURLs = document.texts(fields["nonResourceURLs"], "\(path).nonResourceURLs")
        rule.omitStages = stages(fields["omitStages"], "\(path).omitStages")
        rule.omitManagedFields = document.flag(fields["omitManagedFields"], "\(path).omitManagedFields")
        rule.resources = document.elements(fields["resources"], "\(path).resources").enumerated().compactMap {
            resources($1, "\(path).resources[\($0)]")
        }
        checkPaths(rule, path)
        return rule
    }

    private mutating func checkPaths(_ rule: AuditPolicy.Rule, _ path: String) {
        if !rule.nonResourceURLs.isEmpty && (!rule.resources.isEmpty || !rule.namespaces.isEmpty) {
            document.faults.append("\(path).nonResourceURLs: a rule is for resources or for other paths, not for both")
        }
        for (index, url) in rule.nonResourceURLs.enumerated() where url != "*" {
            let place = "\(path).nonResourceURLs[\(index)]"
            if !url.hasPrefix("/") { document.faults.append("\(place): \(goQuoted(url)) must begin with / or be *") }
            if url.dropLast().contains("*") {
                document.faults.append("\(place): \(goQuoted(url)) may have a * only at its end")
            }
        }
    }

    private mutating func resources(_ value: JSONValue, _ path: String) -> AuditPolicy.Resources? {
        guard let fields = document.object(value, path, ["group", "resources", "resourceNames"]) else { return nil }
        var resources = AuditPolicy.Resources()
        if let group = fields["group"], !group.isNull {
            if let text = group.stringValue {
                resources.group = text
                if text.contains("/") {
                    document.faults.append("\(path).group: \(goQuoted(text)) is a group without its version")
                }
            } else {
                document.faults.append("\(path).group: must be a string, not \(group)")
            }
        }
        resources.resources = document.texts(fields["resources"], "\(path).resources")
        resources.names = document.texts(fields["resourceNames"], "\(path).resourceNames")
        if !resources.names.isEmpty && resources.resources.isEmpty {
            document.faults.append("\(path).resourceNames: names need resources")
        }
        return resources
    }

    private mutating func stages(_ value: JSONValue?, _ path: String) -> Set<AuditPolicy.Stage> {
        let names = AuditPolicy.Stage.allCases.map(\.rawValue).joined(separator: ", ")
        return Set(
            document.texts(value, path).enumerated().compactMap { index, text in
                let stage = AuditPolicy.Stage(rawValue: text)
                if stage == nil { document.faults.append("\(path)[\(index)]: \(goQuoted(text)) is none of \(names)") }
                return stage
            })
    }
}
