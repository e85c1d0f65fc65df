import APIMachinery
import Store

extension ObjectStore {
    /// Creates an object (spec/api-machinery.md 3.2).
    ///
    /// - Parameter fields: keeps the object's managed fields; nil for writes of the server itself, which track nothing.
    /// - Returns: the object as stored, with its `resourceVersion` (empty on a dry run).
    /// - Throws: `APIError`: 404 or 403 for the namespace, 409 where the name is taken, 422 by validation.
    public func create(
        _ object: Object, strategy: some Strategy<Object>, options: WriteOptions, fields: FieldManager? = nil,
        _ context: RequestContext
    ) async throws -> Object {
        guard ["", "0"].contains(object.metadata.resourceVersion) else {
            throw APIError.plain("resourceVersion should not be set on objects to be created")
        }
        try await requireNamespace(of: object.metadata.name, context)
        var prepared = object
        SystemMetadata.fill(&prepared.metadata, namespace: descriptor.isNamespaced ? context.namespace : "", context)
        strategy.applyDefaults(&prepared)
        if !options.isApply {
            // What is stored must have been written here, and be understood: a pushed image brings whatever it likes.
            prepared.metadata.managedFields =
                fields?.update(
                    old: nil, oldManagers: [], new: prepared.jsonBytes(),
                    submitted: .init(prepared.metadata.managedFields), manager: options.managerName(context),
                    now: context.now) ?? []
        }
        let isGenerated = prepared.metadata.name.isEmpty && !prepared.metadata.generateName.isEmpty
        for attempt in 1...8 {
            if isGenerated { prepared.metadata.name = SystemMetadata.generateName(prepared.metadata.generateName) }
            let complete = try await completed(prepared, strategy: strategy, context)
            do {
                return try await insert(complete, options: options, context)
            } catch let error as APIError where error.reason == "AlreadyExists" && isGenerated {
                if attempt == 8 {
                    throw APIError.generateNameExhausted(context.resource, complete.metadata.name)
                }
            }
        }
        throw APIError.generateNameExhausted(context.resource, prepared.metadata.name)
    }

    private func completed(
        _ object: Object, strategy: some Strategy<Object>, _ context: RequestContext
    ) async throws -> Object {
        var complete = object
        try await strategy.prepareForCreate(&complete, context)
        var errors = try await strategy.validateForCreate(&complete, context)
        if errors.isEmpty {
            errors = ObjectMetaValidation.validate(complete.metadata, isNamespaced: strategy.isNamespaced)
        }
        guard errors.isEmpty else {
            throw APIError.invalid(descriptor.groupKind, complete.metadata.name, errors)
        }
        return complete
    }

    private func insert(_ object: Object, options: WriteOptions, _ context: RequestContext) async throws -> Object {
        let key = key(object.metadata.name, namespace: object.metadata.namespace)
        if let existing = try await entry(object.metadata.name, namespace: object.metadata.namespace) {
            throw APIError.alreadyExists(
                context.resource, object.metadata.name, beingDeleted: existing.value.isTerminating)
        }
        if options.isDryRun { return object }
        let effects = try kind.sideEffects(ObjectWrite(old: nil, new: object, context: context))
        let bytes = StoredForm.encode(object)
        let transaction = Transaction(
            conditions: [.modRevision(of: key, equals: 0)], mutations: [.put(key: key, value: bytes)] + effects)
        recent.expect(key, bytes: bytes, object: object)
        defer { recent.settle(key) }
        do {
            let revision = try await store.commit(transaction)
            var stored = object
            stored.metadata.resourceVersion = String(revision)
            return stored
        } catch StoreError.conflict {
            throw APIError.alreadyExists(context.resource, object.metadata.name)
        } catch {
            throw APIError(error)
        }
    }

    private func requireNamespace(of name: String, _ context: RequestContext) async throws {
        guard let namespaces, descriptor.isNamespaced, !kind.ignoresNamespaceState else { return }
        try await namespaces.requireActive(context.namespace, for: context.resource, name)
    }
}

extension NamespaceLookup {
    /// - Throws: 404 where the namespace does not exist, 403 where it is being deleted (spec/api-machinery.md 3.11).
    func requireActive(_ namespace: String, for resource: GroupResource, _ name: String) async throws {
        switch try await state(of: namespace) {
        case .active: return
        case .absent:
            throw APIError.notFound(GroupResource(group: "", resource: "namespaces"), namespace)
        case .terminating:
            var error = APIError.forbidden(
                resource, name, "unable to create new content in namespace \(namespace) because it is being terminated")
            error.status.details?.causes = [
                StatusCause(
                    reason: "NamespaceTerminating", message: "namespace \(namespace) is being terminated",
                    field: "metadata.namespace")
            ]
            throw error
        }
    }
}
