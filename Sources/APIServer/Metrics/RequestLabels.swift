import HTTPTypes

/// What the figures of a request are told apart by: small numbers instead of texts, made once a request.
///
/// Nothing a client can invent is in them: unknown methods, resources and paths are all `other`.
struct RequestLabels: Hashable, Sendable {
    enum Verb: UInt8, CaseIterable {
        case get, list, watch, post, put, patch, apply, delete, deleteCollection, other

        var label: String { self == .other ? "other" : "\(self)".uppercased() }
    }

    enum Scope: UInt8 {
        case none, resource, namespace, cluster

        var label: String { self == .none ? "" : "\(self)" }
    }

    var verb: Verb
    var scope: Scope
    var isDryRun: Bool
    /// Index into the resources of a `RequestMetrics`.
    var resource: UInt16

    init(_ request: ServerRequest, _ info: RequestInfo, _ query: QueryParameters, resource: UInt16) {
        self.resource = resource
        verb = info.isResourceRequest ? Self.verb(of: info, request) : Self.verb(ofMethod: request.method)
        scope = Self.scope(of: info)
        isDryRun = query["dryRun"] == "All"
    }

    /// The scope of the reference: what the request is about, not what the resource could be.
    private static func scope(of info: RequestInfo) -> Scope {
        guard info.isResourceRequest else { return .none }
        if !info.name.isEmpty || info.verb == "create" { return .resource }
        return info.namespace.isEmpty ? .cluster : .namespace
    }

    private static func verb(of info: RequestInfo, _ request: ServerRequest) -> Verb {
        switch info.verb {
        case "get": .get
        case "list": .list
        case "watch": .watch
        case "create": .post
        case "update": .put
        case "patch": request.header(.contentType)?.hasPrefix(PatchFormat.apply.rawValue) == true ? .apply : .patch
        case "delete": .delete
        case "deletecollection": .deleteCollection
        default: .other
        }
    }

    private static func verb(ofMethod method: String) -> Verb {
        switch method {
        case "GET", "HEAD": .get
        case "POST": .post
        case "PUT": .put
        case "PATCH": .patch
        case "DELETE": .delete
        default: .other
        }
    }
}
