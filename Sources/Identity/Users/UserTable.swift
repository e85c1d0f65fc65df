import APIMachinery
import APIServer
import JSON

enum UserTable {
    static let users = TableColumns<User>(
        columns: [
            .init("Name", format: "name", description: TableColumns<User>.nameDescription),
            .init("UID", description: ObjectMeta.schema.documentation(of: "uid")),
            .init("Full Name", description: User.schema.documentation(of: "fullName")),
            .init("Identities", description: User.schema.documentation(of: "identities")),
        ],
        cells: { user, _ in
            [
                .string(user.metadata.name), .string(user.metadata.uid), .string(user.fullName),
                .string(user.identities.joined(separator: ", ")),
            ]
        })

    static let groups = TableColumns<UserGroup>(
        columns: [
            .init("Name", format: "name", description: TableColumns<UserGroup>.nameDescription),
            .init("Users", description: UserGroup.schema.documentation(of: "users")),
        ],
        cells: { group, _ in
            [.string(group.metadata.name), .string(group.users.joined(separator: ", "))]
        })

    static let identities = TableColumns<ProviderIdentity>(
        columns: [
            .init("Name", format: "name", description: TableColumns<ProviderIdentity>.nameDescription),
            .init("IDP Name", description: ProviderIdentity.schema.documentation(of: "providerName")),
            .init("IDP User Name", description: ProviderIdentity.schema.documentation(of: "providerUserName")),
            .init("User Name", description: "Name of the user this identity is associated with."),
            .init("User UID", description: "UID of the user this identity is associated with."),
        ],
        cells: { identity, _ in
            [
                .string(identity.metadata.name), .string(identity.providerName), .string(identity.providerUserName),
                .string(identity.user.name), .string(identity.user.uid),
            ]
        })
}
