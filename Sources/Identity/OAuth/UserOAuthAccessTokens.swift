import APIMachinery
import APIServer

/// `useroauthaccesstokens`: the caller's own tokens, and no others.
struct UserOAuthAccessTokens: GettableResource, ListableResource, DeletableResource {
    let tokens: ObjectStore<OAuthAccessToken>
    let descriptor = ResourceDescriptor(
        groupVersion: UserOAuthAccessToken.groupVersionKind.groupVersion, name: "useroauthaccesstokens",
        kind: UserOAuthAccessToken.groupVersionKind, isNamespaced: false)
    var table: TableColumns<UserOAuthAccessToken>? { OAuthTokenTable.userTokens }

    func get(
        _ name: String, options: GetOptions, _ context: RequestContext
    ) async throws -> Output<UserOAuthAccessToken> {
        Output(UserOAuthAccessToken(try await own(name, context)))
    }

    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<UserOAuthAccessToken> {
        let all = try await tokens.list(options, context)
        var own: [Output<UserOAuthAccessToken>] = []
        for item in try await all.allItems() {
            let token = try item.object()
            if token.belongs(to: context.user) { own.append(Output(UserOAuthAccessToken(token))) }
        }
        var metadata = all.metadata
        // How many tokens others have is nobody's business.
        metadata.remainingItemCount = nil
        return OutputList(items: own, metadata: metadata)
    }

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<UserOAuthAccessToken> {
        _ = try await own(name, context)
        switch try await tokens.delete(name, options: options, context) {
        case .status(let status): return .status(status)
        case .object(let output): return .object(Output(UserOAuthAccessToken(try output.object())))
        }
    }

    /// Somebody else's token does not exist here.
    private func own(_ name: String, _ context: RequestContext) async throws -> OAuthAccessToken {
        guard let token = try await tokens.object(name, namespace: ""), token.belongs(to: context.user) else {
            throw APIError.notFound(context.resource, name)
        }
        return token
    }
}

extension OAuthAccessToken {
    /// Whether this was made out to a user: to the same one, not to another of the same name.
    func belongs(to user: UserInfo) -> Bool {
        !user.uid.isEmpty && userName == user.name && userUID == user.uid
    }
}
