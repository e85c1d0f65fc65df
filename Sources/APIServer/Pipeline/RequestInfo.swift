import APIMachinery

/// What a request asks for, read from method, path and query alone: before any route is looked for
/// (spec/api-machinery.md 1.1). Authorization, audit and flow control use it.
public struct RequestInfo: Sendable, Hashable {
    public var isResourceRequest = false
    /// The decoded path.
    public var path: String
    public var verb: String
    public var group = ""
    public var version = ""
    public var namespace = ""
    public var resource = ""
    public var subresource = ""
    public var name = ""
    /// The path names no resource behind a special verb: the reference answers 500.
    public var isMalformed = false

    /// - Parameter path: the decoded path.
    public init(method: String, path: String, query: QueryParameters) {
        self.path = path
        verb = method.lowercased()
        var parts = PathSegments.nonEmpty(path)
        guard parts.count >= 3, parts[0] == "api" || parts[0] == "apis" else { return }
        if parts.removeFirst() == "apis" {
            guard parts.count >= 3 else { return }
            group = parts.removeFirst()
        }
        isResourceRequest = true
        version = parts.removeFirst()
        if parts[0] == "watch" || parts[0] == "proxy" {
            verb = parts.removeFirst()
            if parts.isEmpty {
                isMalformed = true
                return
            }
        } else {
            verb = Self.verbs[method] ?? ""
        }
        if parts[0] == "namespaces", parts.count > 1 {
            namespace = parts[1]
            if parts.count > 2, parts[2] != "status", parts[2] != "finalize" { parts.removeFirst(2) }
        }
        resource = parts[0]
        if parts.count > 1 { name = parts[1] }
        if parts.count > 2, verb != "proxy" { subresource = parts[2] }
        if name.isEmpty && verb == "get" { refineCollectionVerb(query) }
        if name.isEmpty && verb == "delete" { verb = "deletecollection" }
    }

    private mutating func refineCollectionVerb(_ query: QueryParameters) {
        verb = query.flag("watch") == true ? "watch" : "list"
        if let text = query["fieldSelector"], let selector = try? FieldSelector(parsing: text),
            let required = selector.required("metadata.name"), !required.isEmpty,
            NameRules.pathSegment(required).isEmpty
        {
            name = required
        }
    }

    private static let verbs = [
        "POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
    ]

    public var access: AccessAttributes {
        guard isResourceRequest else { return AccessAttributes(verb: verb, path: path) }
        return AccessAttributes(
            verb: verb, group: group, resource: resource, subresource: subresource,
            namespace: isProject ? name : namespace, name: name)
    }

    /// A project is a namespace: rights in the namespace are rights on the project.
    private var isProject: Bool { group == "project.openshift.io" && resource == "projects" }

    /// Requests that last as long as the client wants: no deadline, not counted in flight.
    public var isLongRunning: Bool { verb == "watch" || verb == "proxy" }
}
