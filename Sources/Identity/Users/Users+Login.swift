import APIMachinery
import APIServer

extension Users {
    /// Somebody whom a provider vouches for cannot be let in.
    public enum LoginFailure: Error, Hashable, Sendable {
        /// The provider's name of the user is none that a user can have here.
        case unusableName
        /// A user of the name exists and belongs to another identity.
        case nameTaken
        /// The identity belongs to a user who is not there any more, or was made anew.
        case userGone
    }

    /// The user whom a provider vouches for. User and identity are made at the first log-in; a user without any identity,
    /// as administrators make them beforehand, is taken over by the first one that has its name.
    ///
    /// - Throws: `LoginFailure`, or `APIError` where the store fails.
    public func login(provider: String, name: String, _ context: RequestContext) async throws -> User {
        guard UserValidation.userName(name).isEmpty, !name.isEmpty else { throw LoginFailure.unusableName }
        let identityName = ProviderIdentityRules.name(provider: provider, user: name)
        for _ in 0..<8 {
            do {
                if let identity = try await identities.object(identityName, namespace: "") {
                    return try await user(of: identity)
                }
                let user = try await claim(name, for: identityName, context)
                _ = try await identities.create(
                    ProviderIdentity(
                        providerName: provider, providerUserName: name,
                        user: ObjectReference(name: name, uid: user.metadata.uid)),
                    strategy: ProviderIdentityStrategy(), options: WriteOptions(), own(context, identities))
                return user
            } catch let error as APIError where ["AlreadyExists", "Conflict", "NotFound"].contains(error.reason) {
                // Somebody logs in at the same time, or an administrator is at work: look again.
                continue
            }
        }
        throw LoginFailure.userGone
    }

    private func user(of identity: ProviderIdentity) async throws -> User {
        guard let user = try await users.object(identity.user.name, namespace: ""),
            user.metadata.uid == identity.user.uid, user.identities.contains(identity.metadata.name),
            user.metadata.deletionTimestamp == nil
        else { throw LoginFailure.userGone }
        return user
    }

    /// The user of a name with the identity entered, made where it is missing.
    private func claim(_ name: String, for identity: String, _ context: RequestContext) async throws -> User {
        guard let user = try await users.object(name, namespace: "") else {
            return try await users.create(
                User(metadata: ObjectMeta(name: name), identities: [identity]), strategy: UserStrategy(),
                options: WriteOptions(), own(context, users))
        }
        if user.identities == [identity] { return user }
        guard user.identities.isEmpty else { throw LoginFailure.nameTaken }
        return try await users.update(
            name, strategy: UserStrategy(), options: WriteOptions(), own(context, users),
            change: ObjectChange(isPatch: true) { current in
                var user = try current.object()
                guard user.identities.isEmpty || user.identities == [identity] else { throw LoginFailure.nameTaken }
                user.identities = [identity]
                return user
            })
    }

    private func own<Object>(_ context: RequestContext, _ objects: ObjectStore<Object>) -> RequestContext {
        var own = context
        own.resource = objects.kind.descriptor.groupResource
        own.subresource = ""
        return own
    }
}
