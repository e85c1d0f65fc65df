import APIServer

extension OAuthScope {
    /// Whether a token of this scope may be used for something, if its user may do it.
    func permits(_ attributes: AccessAttributes) -> Bool {
        switch self {
        case .full: return true
        // Who a user is has been answered before scopes are looked at.
        case .info: return false
        case .checkAccess:
            return attributes.verb == "create"
                && [
                    "authorization.k8s.io/selfsubjectaccessreviews", "authorization.k8s.io/selfsubjectrulesreviews",
                    "authorization.openshift.io/selfsubjectrulesreviews",
                ].contains("\(attributes.group)/\(attributes.resource)")
        case .listProjects, .listScopedProjects:
            return attributes.group == "project.openshift.io" && attributes.resource == "projects"
                && attributes.verb == "list"
        }
    }
}
