import APIServer

/// Paths at which everybody may post, before another authorizer is asked.
public struct OpenPaths: Authorizer {
    private let paths: Set<String>
    private let next: any Authorizer

    public init(_ paths: Set<String>, before next: any Authorizer) {
        self.paths = paths
        self.next = next
    }

    public func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
        if !attributes.isResourceRequest, attributes.verb == "post", paths.contains(attributes.path) {
            return .allowed
        }
        return try await next.authorize(user, attributes)
    }
}
