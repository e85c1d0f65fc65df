import APIMachinery

/// What the image policy does with which resources: `ImagePolicyConfig` (spec/image-resources.md 20.1).
public struct ImagePolicyConfiguration: Hashable, Sendable {
    /// How hard images are resolved.
    public enum Mode: String, CaseIterable, Sendable {
        case requiredRewrite = "RequiredRewrite"
        case required = "Required"
        case attemptRewrite = "AttemptRewrite"
        case attempt = "Attempt"
        case doNotAttempt = "DoNotAttempt"

        var resolves: Bool { self != .doNotAttempt }
        /// What cannot be resolved is refused.
        var isRequired: Bool { self == .requiredRewrite || self == .required }
        var rewrites: Bool { self == .requiredRewrite || self == .attemptRewrite }
    }

    /// Which images of a resource are rewritten.
    public struct ResolutionRule: Hashable, Sendable {
        /// `*` stands for all resources of the group.
        public var target: GroupResource
        public var policy: Mode
        /// Names of tags in the object's namespace are taken for these tags.
        public var localNames: Bool

        public init(target: GroupResource, policy: Mode, localNames: Bool) {
            self.target = target
            self.policy = policy
            self.localNames = localNames
        }

        func covers(_ resource: GroupResource) -> Bool {
            target.group == resource.group && (target.resource == resource.resource || target.resource == "*")
        }
    }

    /// A value that an image must have under a key.
    public struct ValueCondition: Hashable, Sendable {
        public var key: String
        /// Any value will do.
        public var isSet: Bool
        public var value: String

        public init(key: String, isSet: Bool = false, value: String = "") {
            self.key = key
            self.isSet = isSet
            self.value = value
        }

        func holds(in values: [String: String]) -> Bool {
            isSet ? values[key] != nil : values[key, default: ""].utf8.elementsEqual(value.utf8)
        }
    }

    /// Which images a resource may use.
    public struct ExecutionRule: Hashable, Sendable {
        public var name = ""
        public var resources: [GroupResource] = []
        /// Images that match are refused; otherwise they are let in.
        public var rejects = false
        public var invertsMatch = false
        public var matchesIntegratedRegistry = false
        public var registries: [String] = []
        public var skipsUnresolved = false
        /// Labels of the image's own configuration.
        public var dockerImageLabels: [ValueCondition] = []
        /// Labels of the Image object.
        public var imageLabels: [LabelSelector] = []
        public var imageAnnotations: [ValueCondition] = []
        /// The rule holds also in namespaces that ask to be left out of it.
        public var ignoresNamespaceOverride = false

        public init() {}
    }

    public var resolveImages: Mode
    public var resolutionRules: [ResolutionRule]
    public var executionRules: [ExecutionRule]

    /// - Parameter resolutionRules: the shipped ones where there are none.
    public init(
        resolveImages: Mode = .attempt, resolutionRules: [ResolutionRule] = [], executionRules: [ExecutionRule] = []
    ) {
        self.resolveImages = resolveImages
        self.executionRules = executionRules.map { rule in
            var rule = rule
            if rule.resources.isEmpty { rule.resources = [Self.pods] }
            return rule
        }
        let covered = Set(self.executionRules.flatMap(\.resources))
        self.resolutionRules =
            resolutionRules.isEmpty
            ? Self.shipped.map { target in
                ResolutionRule(
                    target: target, policy: covered.contains(target) ? resolveImages : .doNotAttempt, localNames: true)
            } : resolutionRules
    }

    static let pods = GroupResource(group: "", resource: "pods")

    private static let shipped = [
        pods, GroupResource(group: "", resource: "replicationcontrollers"),
        GroupResource(group: "apps.openshift.io", resource: "deploymentconfigs"),
        GroupResource(group: "apps", resource: "daemonsets"), GroupResource(group: "apps", resource: "deployments"),
        GroupResource(group: "apps", resource: "statefulsets"), GroupResource(group: "apps", resource: "replicasets"),
        GroupResource(group: "build.openshift.io", resource: "builds"),
        GroupResource(group: "batch", resource: "jobs"), GroupResource(group: "batch", resource: "cronjobs"),
        GroupResource(group: "extensions", resource: "daemonsets"),
        GroupResource(group: "extensions", resource: "deployments"),
        GroupResource(group: "extensions", resource: "replicasets"),
    ]
}

extension ImagePolicyConfiguration {
    func covers(_ resource: GroupResource) -> Bool {
        resolutionRules.contains { $0.covers(resource) } || executionRules.contains { $0.resources.contains(resource) }
    }

    func resolves(_ resource: GroupResource) -> Bool {
        resolveImages.resolves || resolutionRules.contains { $0.covers(resource) }
    }

    /// Whether an image that was resolved takes the place of what the object said (20.3).
    ///
    /// - Parameter isLocal: the image was found by a name that this namespace lends it.
    func rewrites(_ resource: GroupResource, isLocal: Bool, isUpdate: Bool) -> Bool {
        if isUpdate && Self.immutable.contains(resource) { return false }
        let rules = resolutionRules.filter { $0.covers(resource) }
        if rules.isEmpty { return resolveImages.rewrites }
        return rules.contains { $0.localNames && isLocal || $0.policy.rewrites }
    }

    /// What may not be changed once it is there.
    private static let immutable: Set<GroupResource> = [
        GroupResource(group: "batch", resource: "jobs"), GroupResource(group: "build.openshift.io", resource: "builds"),
    ]
}
