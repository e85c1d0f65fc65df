import APIMachinery
import APIServer

/// `users` with all verbs, and `users/~`: whoever asks, also those of whom no object is stored (spec/api-machinery.md
/// 9.10).
struct UserResource: GettableResource, WatchableResource, CreatableResource, UpdatableResource, DeletableResource,
    CollectionDeletableResource
{
    let stored: StoredResource<UserStrategy>

    var descriptor: ResourceDescriptor { stored.descriptor }
    var table: TableColumns<User>? { UserTable.users }

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<User> {
        guard name == "~" else { return try await stored.get(name, options: options, context) }
        let caller = context.user
        guard !caller.name.isEmpty, caller.groups.contains(UserInfo.authenticated) else {
            throw APIError.forbidden(context.resource, "~", "requests to ~ must be authenticated")
        }
        let groups = Set(caller.groups).sorted()
        if UserValidation.userName(caller.name).isEmpty,
            var user = try await stored.objects.object(caller.name, namespace: "")
        {
            user.groups = groups
            return Output(user)
        }
        return Output(User(metadata: ObjectMeta(name: caller.name, uid: caller.uid), groups: groups))
    }

    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<User> {
        try await stored.list(options, context)
    }

    func watch(_ options: ListOptions, _ context: RequestContext) async throws -> any WatchStream<User> {
        try await stored.watch(options, context)
    }

    func create(_ object: User, options: WriteOptions, _ context: RequestContext) async throws -> CreateOutput<User> {
        try await stored.create(object, options: options, context)
    }

    func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<User>
    ) async throws -> (Output<User>, created: Bool) {
        try await stored.update(name, options: options, context, change: change)
    }

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<User> {
        try await stored.delete(name, options: options, context)
    }

    func deleteCollection(
        _ list: ListOptions, options: DeleteOptions, _ context: RequestContext
    ) async throws -> OutputList<User> {
        try await stored.deleteCollection(list, options: options, context)
    }
}
