import APIMachinery
import APIServer
import Store

/// People, their groups and their identities.
public struct Users: Sendable {
    public let users: ObjectStore<User>
    public let groups: ObjectStore<UserGroup>
    public let identities: ObjectStore<ProviderIdentity>
    let membership: GroupMembership

    /// Registers the caches: before the store starts.
    public init(store: Store) {
        users = ObjectStore(kind: UserRules.kind, store: store)
        groups = ObjectStore(kind: UserGroupRules.kind, store: store)
        identities = ObjectStore(kind: ProviderIdentityRules.kind, store: store)
        membership = GroupMembership(groups)
    }

    public var resources: [any Resource] {
        [
            UserResource(stored: StoredResource(users, strategy: UserStrategy())),
            StoredResource(groups, strategy: UserGroupStrategy(), table: UserTable.groups),
            StoredResource(identities, strategy: ProviderIdentityStrategy(), table: UserTable.identities),
        ]
    }

    /// A user that exists, with the groups that name it; nil where there is none of this name and uid.
    public func known(_ name: String, uid: String) async throws -> UserInfo? {
        guard let user = try await users.object(name, namespace: ""), user.metadata.uid == uid,
            user.metadata.deletionTimestamp == nil
        else { return nil }
        return UserInfo(name: name, uid: uid, groups: try await membership.groups(of: name))
    }
}
