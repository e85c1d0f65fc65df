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
            decoder.faults = document.duplicateKeys
            decoder.decode(document.value, into: &self)
        } catch {
            throw Invalid(faults: [error.text])
        }
        guard decoder.faults.isEmpty else { throw Invalid(faults: decoder.faults) }
    }
}

/// Reads the values of a policy, and remembers what is wrong with them.
private struct AuditPolicyDecoder {
    var faults: [String] = []

    mutating func decode(_ value: JSONValue, into policy: inout AuditPolicy) {
        guard
            let fields = object(
                value, "", ["apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields"])
        else { return }
        require(fields["apiVersion"], "apiVersion", "audit.k8s.io/v1")
        require(fields["kind"], "kind", "Policy")
        policy.omitStages = stages(fields["omitStages"], "omitStages")
        policy.omitManagedFields = flag(fields["omitManagedFields"], "omitManagedFields") ?? false
        let rules = elements(fields["rules"], "rules")
        if rules.isEmpty { faults.append("rules: at least one rule is needed") }
        policy.rules = rules.enumerated().compactMap { rule($1, "rules[\($0)]") }
    }

    private mutating func rule(_ value: JSONValue, _ path: String) -> AuditPolicy.Rule? {
        let known = [
            "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages",
            "omitManagedFields",
        ]
        guard let fields = object(value, path, known) else { return nil }
        let levels = AuditPolicy.Level.allCases.map(\.rawValue)
        guard let name = fields["level"]?.stringValue, let level = AuditPolicy.Level(rawValue: name) else {
            let found = fields["level"].map { "\($0) is none of" } ?? "missing; it is one of"
            faults.append("\(path).level: \(found) \(levels.joined(separator: ", "))")
            return nil
        }
        var rule = AuditPolicy.Rule(level: level)
        rule.users = texts(fields["users"], "\(path).users")
        rule.userGroups = texts(fields["userGroups"], "\(path).userGroups")
        rule.verbs = texts(fields["verbs"], "\(path).verbs")
        rule.namespaces = texts(fields["namespaces"], "\(path).namespaces")
        rule.nonResourceURLs = texts(fields["nonResourceURLs"], "\(path).nonResourceURLs")
        rule.omitStages = stages(fields["omitStages"], "\(path).omitStages")
        rule.omitManagedFields = flag(fields["omitManagedFields"], "\(path).omitManagedFields")
        rule.resources = elements(fields["resources"], "\(path).resources").enumerated().compactMap {
            resources($1, "\(path).resources[\($0)]")
        }
        checkPaths(rule, path)
        return rule
    }

    private mutating func checkPaths(_ rule: AuditPolicy.Rule, _ path: String) {
        if !rule.nonResourceURLs.isEmpty && (!rule.resources.isEmpty || !rule.namespaces.isEmpty) {
            faults.append("\(path).nonResourceURLs: a rule is for resources or for other paths, not for both")
        }
        for (index, url) in rule.nonResourceURLs.enumerated() where url != "*" {
            let place = "\(path).nonResourceURLs[\(index)]"
            if !url.hasPrefix("/") { faults.append("\(place): \(goQuoted(url)) must begin with / or be *") }
            if url.dropLast().contains("*") { faults.append("\(place): \(goQuoted(url)) may have a * only at its end") }
        }
    }

    private mutating func resources(_ value: JSONValue, _ path: String) -> AuditPolicy.Resources? {
        guard let fields = object(value, path, ["group", "resources", "resourceNames"]) else { return nil }
        var resources = AuditPolicy.Resources()
        if let group = fields["group"], !group.isNull {
            if let text = group.stringValue {
                resources.group = text
                if text.contains("/") {
                    faults.append("\(path).group: \(goQuoted(text)) is a group without its version")
                }
            } else {
                faults.append("\(path).group: must be a string, not \(group)")
            }
        }
        resources.resources = texts(fields["resources"], "\(path).resources")
        resources.names = texts(fields["resourceNames"], "\(path).resourceNames")
        if !resources.names.isEmpty && resources.resources.isEmpty {
            faults.append("\(path).resourceNames: names need resources")
        }
        return resources
    }

    // MARK: Shapes

    private mutating func object(_ value: JSONValue, _ path: String, _ known: [String]) -> JSONObject? {
        guard let object = value.objectValue else {
            faults.append("\(path.isEmpty ? "the policy" : path): must be an object, not \(value.typeName)")
            return nil
        }
        for key in object.keys where !known.contains(key) {
            faults.append("\(path.isEmpty ? key : "\(path).\(key)"): unknown field")
        }
        return object
    }

    private mutating func require(_ value: JSONValue?, _ path: String, _ expected: String) {
        guard value?.stringValue != expected else { return }
        faults.append("\(path): must be \(expected)\(value.map { ", not \($0)" } ?? "")")
    }

    private mutating func elements(_ value: JSONValue?, _ path: String) -> [JSONValue] {
        guard let value, !value.isNull else { return [] }
        guard let array = value.arrayValue else {
            faults.append("\(path): must be a list, not \(value.typeName)")
            return []
        }
        return Array(array)
    }

    private mutating func texts(_ value: JSONValue?, _ path: String) -> [String] {
        elements(value, path).enumerated().compactMap { index, element in
            if element.stringValue == nil { faults.append("\(path)[\(index)]: must be a string, not \(element)") }
            return element.stringValue
        }
    }

    private mutating func flag(_ value: JSONValue?, _ path: String) -> Bool? {
        guard let value, !value.isNull else { return nil }
        if value.boolValue == nil { faults.append("\(path): must be true or false, not \(value)") }
        return value.boolValue
    }

    private mutating func stages(_ value: JSONValue?, _ path: String) -> Set<AuditPolicy.Stage> {
        let names = AuditPolicy.Stage.allCases.map(\.rawValue).joined(separator: ", ")
        return Set(
            texts(value, path).enumerated().compactMap { index, text in
                let stage = AuditPolicy.Stage(rawValue: text)
                if stage == nil { faults.append("\(path)[\(index)]: \(goQuoted(text)) is none of \(names)") }
                return stage
            })
    }
}
