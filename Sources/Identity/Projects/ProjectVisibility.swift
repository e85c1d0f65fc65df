import APIMachinery
import APIServer

/// Which projects somebody sees: those whose namespace they may get (spec/api-machinery.md 9.10).
struct ProjectVisibility: Sendable {
    let authorizer: any Authorizer
    /// Changes whenever rights may have.
    let rights: @Sendable () -> RoleObjects.Stamp

    func isVisible(_ name: String, to user: UserInfo) async throws -> Bool {
        let access = AccessAttributes(verb: "get", group: "", resource: "namespaces", namespace: name, name: name)
        return try await authorizer.authorize(user, access).isAllowed
    }
}
