import APIMachinery
import JSON

/// The endpoint of a resource: its verbs follow from the protocols the resource conforms to.
struct TypedEndpoint<R: Resource>: ResourceEndpoint {
    typealias Object = R.Object

    let resource: R
    let environment: EndpointEnvironment
    /// The type of lists; made once, as it holds all types below it.
    let listSchema: TypeSchema
    /// For apply; plain writes are tracked where they are stored.
    let fields: FieldManager
    /// Figures of the resource's watches.
    let watches: WatchMetrics.Cell

    // What the resource can do; asked once, because asking a value for its protocols is slow.
    let gettable: (any GettableResource<Object>)?
    let documented: (any DocumentResource<Object>)?
    let collectionDocumented: (any CollectionDocumentResource<Object>)?
    let listable: (any ListableResource<Object>)?
    let watchable: (any WatchableResource<Object>)?
    let creatable: (any CreatableResource<Object>)?
    let action: (any ObjectActionResource<Object>)?
    let updatable: (any UpdatableResource<Object>)?
    let deletable: (any DeletableResource<Object>)?
    let collectionDeletable: (any CollectionDeletableResource<Object>)?

    init(_ resource: R, environment: EndpointEnvironment) {
        self.resource = resource
        self.environment = environment
        watches = environment.watches.cell(for: resource.descriptor)
        gettable = resource as? any GettableResource<Object>
        documented = resource as? any DocumentResource<Object>
        collectionDocumented = resource as? any CollectionDocumentResource<Object>
        listable = resource as? any ListableResource<Object>
        watchable = resource as? any WatchableResource<Object>
        creatable = resource as? any CreatableResource<Object>
        action = resource as? any ObjectActionResource<Object>
        updatable = resource as? any UpdatableResource<Object>
        deletable = resource as? any DeletableResource<Object>
        collectionDeletable = resource as? any CollectionDeletableResource<Object>
        listSchema = Object.listSchema ?? Object.schema.list
        fields = FieldManager(
            schema: Object.schema, identity: Object.groupVersionKind, subresource: resource.descriptor.subresource)
    }

    var descriptor: ResourceDescriptor { resource.descriptor }
    var groupResource: GroupResource { descriptor.groupResource }
    var schema: TypeSchema { resource.schema }
    var isDocument: Bool { documented != nil }

    var verbs: [String] {
        var verbs: [String] = []
        if creatable != nil || action != nil { verbs.append("create") }
        if deletable != nil { verbs.append("delete") }
        if collectionDeletable != nil { verbs.append("deletecollection") }
        if gettable != nil || documented != nil { verbs.append("get") }
        if listable != nil || collectionDocumented != nil { verbs.append("list") }
        if updatable != nil { verbs += ["patch", "update"] }
        if watchable != nil { verbs.append("watch") }
        return verbs
    }

    func methods(for shape: APICall.Shape) -> [String] {
        var methods: [String] = []
        switch shape {
        case .collection:
            if listable != nil || collectionDocumented != nil { methods.append("GET") }
            if creatable != nil { methods.append("POST") }
            if collectionDeletable != nil { methods.append("DELETE") }
        case .allNamespaces:
            if listable != nil { methods.append("GET") }
        case .object:
            if gettable != nil || documented != nil { methods.append("GET") }
            if action != nil { methods.append("POST") }
            if updatable != nil { methods += ["PUT", "PATCH"] }
            if deletable != nil { methods.append("DELETE") }
        case .watchCollection, .watchObject:
            if watchable != nil { methods.append("GET") }
        }
        return methods
    }

    func handle(_ call: APICall) async throws -> ServerResponse {
        if !call.name.isEmpty { try checkName(call.name) }
        switch (call.request.method, call.shape) {
        case ("GET", .collection), ("GET", .allNamespaces):
            let isWatch = call.query.flag("watch") == true
            return isWatch ? try await watch(call, name: nil) : try await list(call)
        case ("GET", .watchCollection): return try await watch(call, name: nil)
        case ("GET", .watchObject): return try await watch(call, name: call.name)
        case ("GET", .object): return try await get(call)
        case ("POST", .collection), ("POST", .object): return try await create(call)
        case ("PUT", .object): return try await replace(call)
        case ("PATCH", .object): return try await patch(call)
        case ("DELETE", .object): return try await delete(call)
        case ("DELETE", .collection): return try await deleteCollection(call)
        default: throw APIError.methodNotAllowed
        }
    }

    private func checkName(_ name: String) throws(APIError) {
        let messages = NameRules.pathSegment(name)
        guard messages.isEmpty else {
            throw .badRequest("Name parameter invalid: \(goQuoted(name)): \(messages.joined(separator: "; "))")
        }
    }

    func form(of call: APICall, isStream: Bool = false, listsStreams: Bool = false) throws -> OutputForm {
        try OutputForm.negotiate(
            call.request, call.query,
            offer: .init(
                hasTable: resource.table != nil, hasProtobuf: Object.schema.hasProtobuf, isStream: isStream,
                listsStreams: listsStreams))
    }
}
