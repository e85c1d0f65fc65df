import APIMachinery
import JSON

extension ImagePolicyConfiguration {
    /// What is wrong with a configuration file, one line a fault.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public var faults: [String]
        public var description: String { faults.joined(separator: "\n") }
    }

    /// Reads an `ImagePolicyConfig` of `image.openshift.io/v1`, in YAML or JSON.
    /// - Throws: `Invalid` with all faults, each with the path of its field; also for fields that are not known.
    public init(yaml text: String) throws(Invalid) {
        var decoder = ImagePolicyDecoder()
        let value: JSONValue
        do {
            let document = try YAML.parse(text)
            decoder.document.faults = document.duplicateKeys
            value = document.value
        } catch {
            throw Invalid(faults: [error.text])
        }
        let configuration = decoder.configuration(value)
        guard decoder.document.faults.isEmpty else { throw Invalid(faults: decoder.document.faults) }
        self = configuration
    }
}

private struct ImagePolicyDecoder {
    var document = DocumentDecoder("the image policy")

    mutating func configuration(_ value: JSONValue) -> ImagePolicyConfiguration {
        let known = ["apiVersion", "kind", "resolveImages", "resolutionRules", "executionRules"]
        guard let fields = document.object(value, "", known) else { return ImagePolicyConfiguration() }
        document.require(fields["apiVersion"], "apiVersion", "image.openshift.io/v1")
        document.require(fields["kind"], "kind", "ImagePolicyConfig")
        let mode = mode(fields["resolveImages"], "resolveImages") ?? .attempt
        let resolutions = document.elements(fields["resolutionRules"], "resolutionRules").enumerated()
            .compactMap { resolutionRule($1, "resolutionRules[\($0)]", default: mode) }
        let executions = document.elements(fields["executionRules"], "executionRules").enumerated()
            .compactMap { executionRule($1, "executionRules[\($0)]") }
        var names = Set<String>()
        for (index, rule) in executions.enumerated() where !names.insert(rule.name).inserted {
            document.faults.append("executionRules[\(index)].name: \(goQuoted(rule.name)) is there twice")
        }
        return ImagePolicyConfiguration(
            resolveImages: mode, resolutionRules: resolutions, executionRules: executions)
    }

    private mutating func mode(_ value: JSONValue?, _ path: String) -> ImagePolicyConfiguration.Mode? {
        guard let text = document.text(value, path), !text.isEmpty else { return nil }
        let mode = ImagePolicyConfiguration.Mode(rawValue: text)
        if mode == nil {
            let names = ImagePolicyConfiguration.Mode.allCases.map(\.rawValue).joined(separator: ", ")
            document.faults.append("\(path): \(goQuoted(text)) is none of \(names)")
        }
        return mode
    }

    private mutating func resolutionRule(
        _ value: JSONValue, _ path: String, default mode: ImagePolicyConfiguration.Mode
    ) -> ImagePolicyConfiguration.ResolutionRule? {
        guard let fields = document.object(value, path, ["policy", "targetResource", "localNames"]),
            let target = resource(fields["targetResource"] ?? .null, "\(path).targetResource")
        else { return nil }
        return ImagePolicyConfiguration.ResolutionRule(
            target: target, policy: self.mode(fields["policy"], "\(path).policy") ?? mode,
            localNames: document.flag(fields["localNames"], "\(path).localNames") ?? false)
    }

    private mutating func executionRule(
        _ value: JSONValue, _ path: String
    ) -> ImagePolicyConfiguration.ExecutionRule? {
        let known = [
            "name", "onResources", "reject", "invertMatch", "matchIntegratedRegistry", "matchRegistries",
            "skipOnResolutionFailure", "matchDockerImageLabels", "matchImageLabels", "matchImageAnnotations",
            "ignoreNamespaceOverride",
        ]
        guard let fields = document.object(value, path, known) else { return nil }
        func list(_ key: String) -> [(JSONValue, String)] {
            document.elements(fields[key], "\(path).\(key)").enumerated().map { ($1, "\(path).\(key)[\($0)]") }
        }
        func flag(_ key: String) -> Bool { document.flag(fields[key], "\(path).\(key)") ?? false }
        var rule = ImagePolicyConfiguration.ExecutionRule()
        rule.name = document.text(fields["name"], "\(path).name") ?? ""
        if rule.name.isEmpty { document.faults.append("\(path).name: every rule needs a name") }
        rule.resources = list("onResources").compactMap { resource($0, $1) }
        rule.rejects = flag("reject")
        rule.invertsMatch = flag("invertMatch")
        rule.matchesIntegratedRegistry = flag("matchIntegratedRegistry")
        rule.registries = document.texts(fields["matchRegistries"], "\(path).matchRegistries")
        rule.skipsUnresolved = flag("skipOnResolutionFailure")
        rule.dockerImageLabels = list("matchDockerImageLabels").compactMap { condition($0, $1) }
        rule.imageLabels = list("matchImageLabels").compactMap { selector($0, $1) }
        rule.imageAnnotations = list("matchImageAnnotations").compactMap { condition($0, $1) }
        rule.ignoresNamespaceOverride = flag("ignoreNamespaceOverride")
        return rule
    }

    private mutating func resource(_ value: JSONValue, _ path: String) -> GroupResource? {
        guard let fields = document.object(value, path, ["group", "resource"]) else { return nil }
        let group = document.text(fields["group"], "\(path).group") ?? ""
        guard let name = document.text(fields["resource"], "\(path).resource"), !name.isEmpty else {
            document.faults.append("\(path).resource: a resource is needed, or * for all of the group")
            return nil
        }
        return GroupResource(group: group, resource: name)
    }

    private mutating func condition(
        _ value: JSONValue, _ path: String
    ) -> ImagePolicyConfiguration.ValueCondition? {
        guard let fields = document.object(value, path, ["key", "set", "value"]) else { return nil }
        let condition = ImagePolicyConfiguration.ValueCondition(
            key: document.text(fields["key"], "\(path).key") ?? "",
            isSet: document.flag(fields["set"], "\(path).set") ?? false,
            value: document.text(fields["value"], "\(path).value") ?? "")
        if condition.key.isEmpty { document.faults.append("\(path).key: a key is needed") }
        if condition.isSet && !condition.value.isEmpty {
            document.faults.append("\(path): either a value is asked for, or any")
        }
        return condition
    }

    private mutating func selector(_ value: JSONValue, _ path: String) -> LabelSelector? {
        guard let fields = document.object(value, path, ["matchLabels", "matchExpressions"]) else { return nil }
        let labels = document.textsByKey(fields["matchLabels"], "\(path).matchLabels")
        var requirements = labels.sorted { $0.key < $1.key }.map { LabelSelector.Requirement.isIn($0.key, [$0.value]) }
        for (index, element) in document.elements(fields["matchExpressions"], "\(path).matchExpressions").enumerated() {
            let place = "\(path).matchExpressions[\(index)]"
            guard let fields = document.object(element, place, ["key", "operator", "values"]) else { continue }
            let key = document.text(fields["key"], "\(place).key") ?? ""
            let values = Set(document.texts(fields["values"], "\(place).values"))
            switch fields["operator"]?.stringValue {
            case "In": requirements.append(.isIn(key, values))
            case "NotIn": requirements.append(.notIn(key, values))
            case "Exists": requirements.append(.exists(key))
            case "DoesNotExist": requirements.append(.absent(key))
            default: document.faults.append("\(place).operator: must be In, NotIn, Exists or DoesNotExist")
            }
        }
        return LabelSelector(requirements)
    }
}
