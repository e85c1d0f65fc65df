import APIMachinery
import APIServer
import Logging
import Store

/// The namespaces of stand-alone mode: their resource, the answers the machinery asks for, and their end.
public struct Namespaces: NamespaceLookup {
    public let objects: ObjectStore<Namespace>
    private let facts: NamespaceFacts

    /// Registers the cache: before the store starts.
    public init(store: Store) {
        objects = ObjectStore(kind: NamespaceRules.kind, store: store)
        facts = NamespaceFacts(objects)
    }

    public var resources: [any Resource] {
        [
            NamespaceResource(objects: objects),
            StoredSubresource(objects, name: "status", strategy: NamespaceStatusStrategy()),
            NamespaceFinalizer(objects: objects),
        ]
    }

    public func state(of namespace: String) async throws -> NamespaceState {
        guard let isTerminating = try await objects.isTerminating(namespace, namespace: "") else { return .absent }
        return isTerminating ? .terminating : .active
    }

    public func uid(of namespace: String) async throws -> String? {
        try await facts.of(namespace)?.uid
    }

    public func annotations(of namespace: String) async throws -> [String: String] {
        try await facts.of(namespace)?.annotations ?? [:]
    }

    /// Creates a namespace.
    /// - Throws: 409 where there is one of that name, 422 for a name that cannot be.
    public func create(_ name: String, _ context: RequestContext) async throws {
        _ = try await objects.create(
            Namespace(metadata: ObjectMeta(name: name)), strategy: NamespaceStrategy(), options: WriteOptions(), context
        )
    }

    /// Creates the namespaces every server has, where they are missing.
    public func createPermanent(_ context: RequestContext) async throws {
        for name in NamespaceRules.permanent where try await objects.object(name, namespace: "") == nil {
            try await create(name, context)
        }
    }
}

/// `namespaces` with all verbs but a collection delete; some namespaces stay for ever.
struct NamespaceResource: GettableResource, WatchableResource, CreatableResource, UpdatableResource, DeletableResource {
    let objects: ObjectStore<Namespace>

    var descriptor: ResourceDescriptor { NamespaceRules.descriptor }
    var table: TableColumns<Namespace>? { NamespaceTable.columns }
    private var stored: StoredResource<NamespaceStrategy> { StoredResource(objects, strategy: NamespaceStrategy()) }

    func get(_ name: String, options: GetOptions, _ context: RequestContext) async throws -> Output<Namespace> {
        try await objects.get(name, options: options, context)
    }

    func list(_ options: ListOptions, _ context: RequestContext) async throws -> OutputList<Namespace> {
        try await objects.list(options, context)
    }

    func watch(_ options: ListOptions, _ context: RequestContext) async throws -> any WatchStream<Namespace> {
        try await objects.watch(options, context)
    }

    func create(
        _ object: Namespace, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<Namespace> {
        try await stored.create(object, options: options, context)
    }

    func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<Namespace>
    ) async throws -> (Output<Namespace>, created: Bool) {
        try await stored.update(name, options: options, context, change: change)
    }

    func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<Namespace> {
        guard !NamespaceRules.permanent.contains(name) else {
            throw APIError.forbidden(context.resource, name, "this namespace may not be deleted")
        }
        return try await objects.delete(name, options: options, context)
    }
}

/// `namespaces/finalize`: PUT only.
struct NamespaceFinalizer: UpdatableResource {
    let objects: ObjectStore<Namespace>
    var table: TableColumns<Namespace>? { nil }

    var descriptor: ResourceDescriptor {
        ResourceDescriptor(
            groupVersion: NamespaceRules.descriptor.groupVersion, name: "namespaces", subresource: "finalize",
            kind: Namespace.groupVersionKind, isNamespaced: false)
    }

    func update(
        _ name: String, options: WriteOptions, _ context: RequestContext, change: ObjectChange<Namespace>
    ) async throws -> (Output<Namespace>, created: Bool) {
        let object = try await objects.update(
            name, strategy: NamespaceFinalizeStrategy(), options: options, context, change: change)
        return (Output(object), false)
    }
}
