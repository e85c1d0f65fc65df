import APIServer

/// The rules of a server without roles: administrators may do everything, everybody may ask whether the server is
/// well, and known users may read what it offers.
public struct BasicAuthorizer: Authorizer {
    /// Paths at which anybody may post.
    private let openPaths: Set<String>

    public init(openPaths: Set<String> = []) { self.openPaths = openPaths }

    public func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
        if user.groups.contains(UserInfo.masters) { return .allowed }
        if !attributes.isResourceRequest, attributes.verb == "post", openPaths.contains(attributes.path) {
            return .allowed
        }
        guard !attributes.isResourceRequest, attributes.verb == "get" || attributes.verb == "head" else {
            return .denied
        }
        let path = attributes.path
        if Self.isPublic(path) { return .allowed }
        let isKnown = user.groups.contains(UserInfo.authenticated)
        return isKnown && Self.isDiscovery(path) ? .allowed : .denied
    }

    /// `system:public-info-viewer`.
    private static func isPublic(_ path: String) -> Bool {
        ["/healthz", "/livez", "/readyz", "/version", "/version/"].contains(path)
    }

    /// `system:discovery`.
    private static func isDiscovery(_ path: String) -> Bool {
        path == "/api" || path == "/apis" || path == "/openapi" || path.hasPrefix("/api/") || path.hasPrefix("/apis/")
            || path.hasPrefix("/openapi/")
    }
}
