import APIMachinery
import HTTPTypes

/// Acting as somebody else (spec/api-machinery.md 9.5): allowed per user and group by the authorizer.
struct Impersonation: Sendable {
    let authorizer: any Authorizer

    func effectiveUser(for user: UserInfo, _ request: ServerRequest) async throws -> UserInfo {
        let names = request.headers[values: .impersonateUser]
        let groups = request.headers[values: .impersonateGroup]
        guard let name = names.first, !name.isEmpty else {
            if !groups.isEmpty || request.header(.impersonateUID) != nil {
                throw APIError.badRequest("requested [{Group  }] without impersonating a user")
            }
            return user
        }
        try await require(user, resource: "users", name: name)
        for group in groups { try await require(user, resource: "groups", name: group) }
        var effective = UserInfo(name: name, groups: groups)
        if name == UserInfo.anonymous.name {
            if !groups.contains(UserInfo.unauthenticated) { effective.groups.append(UserInfo.unauthenticated) }
        } else if !groups.contains(UserInfo.authenticated) {
            effective.groups.append(UserInfo.authenticated)
        }
        return effective
    }

    private func require(_ user: UserInfo, resource: String, name: String) async throws {
        let access = AccessAttributes(verb: "impersonate", group: "", resource: resource, name: name)
        let decision = try await authorizer.authorize(user, access)
        guard decision.isAllowed else { throw APIError.denied(user, access, decision) }
    }
}
