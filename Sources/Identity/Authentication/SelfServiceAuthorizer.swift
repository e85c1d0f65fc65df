import APIMachinery
import APIServer

/// What everybody may do about themselves, whatever the roles say, and what a token's scopes leave of what its user may
/// do; all else is another authorizer's (spec/clients.md 2.5, spec/api-machinery.md 9.10).
public struct SelfServiceAuthorizer: Authorizer {
    private let tokens: OAuthTokens
    private let next: any Authorizer
    private static let group = OAuthAccessToken.groupVersionKind.group

    public init(tokens: OAuthTokens, next: any Authorizer) {
        self.tokens = tokens
        self.next = next
    }

    public func authorize(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> AccessDecision {
        if !attributes.isResourceRequest, Self.isPublic(attributes) { return .allowed }
        guard user.groups.contains(UserInfo.authenticated) else { return try await next.authorize(user, attributes) }
        if attributes.isResourceRequest, Self.isAboutSelf(attributes) { return .allowed }
        if try await isOwnToken(user, attributes) { return .allowed }
        if let scopes = user.extra[OAuthScope.extraKey], !Self.permit(scopes, attributes) {
            return AccessDecision(
                isAllowed: false, reason: "scopes [\(scopes.joined(separator: " "))] prevent this action")
        }
        return try await next.authorize(user, attributes)
    }

    /// Where people log in, and where others learn how tokens are verified.
    private static func isPublic(_ attributes: AccessAttributes) -> Bool {
        let isRead = attributes.verb == "get" || attributes.verb == "head"
        switch attributes.path {
        case OAuthPath.authorize, OAuthPath.token, OAuthPath.display: return isRead || attributes.verb == "post"
        case OAuthPath.metadata, OAuthPath.request, OAuthPath.implicit: return isRead
        case ServiceAccountTokenPath.configuration, ServiceAccountTokenPath.keys: return isRead
        default: return false
        }
    }

    /// Who am I?
    private static func isAboutSelf(_ attributes: AccessAttributes) -> Bool {
        switch (attributes.group, attributes.resource, attributes.subresource, attributes.verb) {
        case ("authentication.k8s.io", "selfsubjectreviews", "", "create"): true
        case ("user.openshift.io", "users", "", "get"): attributes.name == "~"
        default: false
        }
    }

    /// A token's own user may revoke it; the resource that shows only one's own tokens is for everybody who has some.
    private func isOwnToken(_ user: UserInfo, _ attributes: AccessAttributes) async throws -> Bool {
        guard attributes.isResourceRequest, attributes.group == Self.group, attributes.subresource.isEmpty else {
            return false
        }
        switch (attributes.resource, attributes.verb) {
        case ("useroauthaccesstokens", "get"), ("useroauthaccesstokens", "list"), ("useroauthaccesstokens", "delete"):
            return user.groups.contains(OAuthTokens.group) && Self.permitsAll(user)
        case ("oauthaccesstokens", "delete"):
            guard !attributes.name.isEmpty else { return false }
            return try await tokens.accessTokens.object(attributes.name, namespace: "")?.belongs(to: user) ?? false
        default: return false
        }
    }

    private static func permitsAll(_ user: UserInfo) -> Bool {
        user.extra[OAuthScope.extraKey]?.contains(OAuthScope.full.rawValue) ?? true
    }

    private static func permit(_ scopes: [String], _ attributes: AccessAttributes) -> Bool {
        // Clients look at what there is before they do anything.
        if !attributes.isResourceRequest, isDiscovery(attributes) { return true }
        return scopes.contains { OAuthScope($0)?.permits(attributes) ?? false }
    }

    private static func isDiscovery(_ attributes: AccessAttributes) -> Bool {
        guard attributes.verb == "get" || attributes.verb == "head" else { return false }
        return ["/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz"].contains { prefix in
            attributes.path == prefix || attributes.path.hasPrefix(prefix + "/")
        }
    }
}
