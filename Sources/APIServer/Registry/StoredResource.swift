import APIMachinery

/// A stored type as a resource with all verbs: an object store with one strategy.
public struct StoredResource<Rules: Strategy>: GettableResource, WatchableResource, CreatableResource,
    UpdatableResource, DeletableResource, CollectionDeletableResource
{
    public typealias Object = Rules.Object

    /// What stands around the creation of an object, such as a quota: it may refuse, and it learns how it went.
    public typealias AroundCreate =
        @Sendable (
            Object, WriteOptions, RequestContext, _ create: @Sendable () async throws -> Object
        ) async throws -> Object

    public let objects: ObjectStore<Object>
    public let strategy: Rules
    public let table: TableColumns<Object>?
    private let aroundCreate: AroundCreate?
    private let fields = FieldManager(schema: Object.schema, identity: Object.groupVersionKind)

    public init(
        _ objects: ObjectStore<Object>, strategy: Rules, table: TableColumns<Object>? = .standard,
        aroundCreate: AroundCreate? = nil
    ) {
        self.objects = objects
        self.strategy = strategy
        self.table = table
        self.aroundCreate = aroundCreate
    }

    public var descriptor: ResourceDescriptor { objects.kind.descriptor }
    public var emptyObject: Object { objects.kind.present(Object()) ?? Object() }

    public func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<Object> {
        try await objects.get(name, options: options, context)
    }

    public func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<Object> {
        try await objects.list(options, context)
    }

    public func watch(_ options: ListOptions, _ context: RequestContext) async throws -> any WatchStream<Object> {
        try await objects.watch(options, context)
    }

    public func create(
        _ object: Object, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<Object> {
        let create: @Sendable () async throws -> Object = {
            try await objects.create(object, strategy: strategy, options: options, fields: fields, context)
        }
        guard let aroundCreate else { return .object(await objects.output(try await create(), options)) }
        return .object(await objects.output(try await aroundCreate(object, options, context, create), options))
    }

    public func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<Object>
    ) async throws -> (Output<Object>, created: Bool) {
        let object = try await objects.update(
            name, strategy: strategy, options: options, fields: fields, context, change: change)
        return (await objects.output(object, options), false)
    }

    public func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<Object> {
        try await objects.delete(name, options: options, context)
    }

    public func deleteCollection(
        _ list: ListOptions, options: DeleteOptions, _ context: RequestContext
    ) async throws -> OutputList<Object> {
        try await objects.deleteCollection(list, options: options, context)
    }
}

/// A subresource of a stored type that reads and updates the same object by other rules, such as `/status`.
public struct StoredSubresource<Rules: Strategy>: GettableResource, UpdatableResource {
    public typealias Object = Rules.Object

    public let objects: ObjectStore<Object>
    public let strategy: Rules
    public let descriptor: ResourceDescriptor
    private let fields: FieldManager
    public var table: TableColumns<Object>? { nil }

    public init(_ objects: ObjectStore<Object>, name: String, strategy: Rules) {
        self.objects = objects
        self.strategy = strategy
        fields = FieldManager(schema: Object.schema, identity: Object.groupVersionKind, subresource: name)
        let parent = objects.kind.descriptor
        descriptor = ResourceDescriptor(
            groupVersion: parent.groupVersion, name: parent.name, subresource: name, kind: parent.kind,
            isNamespaced: parent.isNamespaced)
    }

    public func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<Object> {
        try await objects.get(name, options: options, context)
    }

    public func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<Object>
    ) async throws -> (Output<Object>, created: Bool) {
        let object = try await objects.update(
            name, strategy: strategy, options: options, fields: fields, context, change: change)
        return (Output(object), false)
    }
}
