/// What a request wants to do, as authorization sees it (spec/api-machinery.md 1.1).
public struct AccessAttributes: Sendable, Hashable {
    public var verb: String
    public var namespace: String
    public var group: String
    public var resource: String
    public var subresource: String
    public var name: String
    /// The path of a request that names no resource; empty otherwise.
    public var path: String

    public init(
        verb: String, group: String, resource: String, subresource: String = "", namespace: String = "",
        name: String = ""
    ) {
        self.verb = verb
        self.namespace = namespace
        self.group = group
        self.resource = resource
        self.subresource = subresource
        self.name = name
        path = ""
    }

    public init(verb: String, path: String) {
        self.init(verb: verb, group: "", resource: "")
        self.path = path
    }

    public var isResourceRequest: Bool { path.isEmpty }
}

/// The answer of an authorizer.
public struct AccessDecision: Sendable, Hashable {
    public var isAllowed: Bool
    /// Why, for people; often empty.
    public var reason: String

    public init(isAllowed: Bool, reason: String = "") {
        self.isAllowed = isAllowed
        self.reason = reason
    }

    public static let allowed = AccessDecision(isAllowed: true)
    public static let denied = AccessDecision(isAllowed: false)
}

/// Decides whether a user may do something. One of the seams between stand-alone and aggregated mode.
public protocol Authorizer: Sendable {
    /// - Throws: only where no decision could be made; a denial is an answer.
    func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision
}
