/// What is written to the audit log about which requests: the first rule that matches counts
/// (spec/api-machinery.md 9.9).
public struct AuditPolicy: Sendable, Hashable {
    /// How much is written about a request.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        /// Nothing.
        case none = "None"
        /// Who did what, when, and what came of it.
        case metadata = "Metadata"
        /// And the body of the request.
        case request = "Request"
        /// And the body of the answer.
        case requestResponse = "RequestResponse"

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    /// When an event is written.
    public enum Stage: String, Sendable, CaseIterable {
        case requestReceived = "RequestReceived"
        /// Of long-running requests, once their answer has begun.
        case responseStarted = "ResponseStarted"
        case responseComplete = "ResponseComplete"
        /// Part of the format; no request of this server ends so.
        case panic = "Panic"
    }

    /// Resources of one API group.
    public struct Resources: Sendable, Hashable {
        /// Empty for the core group.
        public var group = ""
        /// `pods`, `pods/log`, `pods/*`, `*/scale` or `*`; empty for all of the group.
        public var resources: [String] = []
        /// Empty for all names.
        public var names: [String] = []

        func matches(_ request: RequestInfo) -> Bool {
            guard group == request.group else { return false }
            if resources.isEmpty { return true }
            guard names.isEmpty || names.contains(request.name) else { return false }
            return resources.contains { Self.matches($0, request.resource, request.subresource) }
        }

        private static func matches(_ pattern: String, _ resource: String, _ subresource: String) -> Bool {
            if pattern == "*" { return true }
            if pattern == (subresource.isEmpty ? resource : "\(resource)/\(subresource)") { return true }
            if !subresource.isEmpty, pattern.hasPrefix("*/"), pattern.dropFirst(2) == subresource { return true }
            return pattern.hasSuffix("/*") && pattern.dropLast(2) == resource
        }
    }

    /// One rule. An empty list is no condition; all other conditions must hold.
    public struct Rule: Sendable, Hashable {
        public var level: Level
        public var users: [String] = []
        public var userGroups: [String] = []
        public var verbs: [String] = []
        public var resources: [Resources] = []
        /// The empty name stands for resources without a namespace.
        public var namespaces: [String] = []
        /// Paths; a `*` at the end stands for any rest.
        public var nonResourceURLs: [String] = []
        public var omitStages: Set<Stage> = []
        /// Nil where the policy's own word counts.
        public var omitManagedFields: Bool?

        public init(level: Level) { self.level = level }

        func matches(_ request: RequestInfo, _ user: UserInfo) -> Bool {
            guard users.isEmpty || users.contains(user.name),
                userGroups.isEmpty || userGroups.contains(where: user.groups.contains),
                verbs.isEmpty || verbs.contains(request.verb)
            else { return false }
            if !namespaces.isEmpty || !resources.isEmpty {
                return request.isResourceRequest && (namespaces.isEmpty || namespaces.contains(request.namespace))
                    && (resources.isEmpty || resources.contains { $0.matches(request) })
            }
            if nonResourceURLs.isEmpty { return true }
            return !request.isResourceRequest && nonResourceURLs.contains { Self.matches($0, path: request.path) }
        }

        private static func matches(_ pattern: String, path: String) -> Bool {
            pattern == path || pattern.hasSuffix("*") && path.hasPrefix(pattern.dropLast())
        }
    }

    public var rules: [Rule] = []
    public var omitStages: Set<Stage> = []
    public var omitManagedFields = false

    public init() {}

    /// What holds for one request.
    public struct Verdict: Sendable, Hashable {
        public var level: Level
        public var omitStages: Set<Stage> = []
        public var omitsManagedFields = false
    }

    /// - Parameter user: who made the request, not who it acts as.
    public func verdict(for request: RequestInfo, _ user: UserInfo) -> Verdict {
        guard let rule = rules.first(where: { $0.matches(request, user) }) else { return Verdict(level: .none) }
        return Verdict(
            level: rule.level, omitStages: omitStages.union(rule.omitStages),
            omitsManagedFields: rule.omitManagedFields ?? omitManagedFields)
    }

    /// Where nobody wrote a policy: everything but probes and scrapes, without bodies, once a request.
    public static var standard: AuditPolicy {
        var policy = AuditPolicy()
        var probes = Rule(level: .none)
        probes.nonResourceURLs = ["/healthz*", "/livez*", "/readyz*", "/version", "/metrics"]
        policy.rules = [probes, Rule(level: .metadata)]
        policy.omitStages = [.requestReceived]
        return policy
    }
}
