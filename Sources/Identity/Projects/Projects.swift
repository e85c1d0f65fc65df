import APIMachinery
import APIServer

/// Namespaces as their users see them: `project.openshift.io`.
public struct Projects: Sendable {
    public let resources: [any Resource]

    /// - Parameter system: makes the context of what the server does for a requester, with its own rights.
    public init(
        namespaces: Namespaces, roles: Roles, authorizer: any Authorizer,
        system: @escaping @Sendable () -> RequestContext
    ) {
        let visibility = ProjectVisibility(authorizer: authorizer, rights: { roles.objects.stamp })
        resources = [
            ProjectResource(namespaces: namespaces, visibility: visibility),
            ProjectRequestResource(namespaces: namespaces, roles: roles, authorizer: authorizer, system: system),
        ]
    }
}
