import APIMachinery
import Store

extension ObjectStore {
    /// Deletes an object, or marks it for its finalizers (spec/api-machinery.md 3.7).
    public func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<Object> {
        while true {
            guard let current = try current(name, namespace: context.namespace) else {
                throw APIError.notFound(context.resource, name)
            }
            try checkPreconditions(options.preconditions, current.object.metadata, context)
            do {
                return try await remove(current.object, revision: current.revision, options: options, context)
            } catch StoreError.conflict {
                continue
            } catch let error as StoreError {
                throw APIError(error)
            }
        }
    }

    private func checkPreconditions(
        _ preconditions: Preconditions?, _ metadata: ObjectMeta, _ context: RequestContext
    ) throws {
        let subject = GroupResource(group: descriptor.kind.group, resource: descriptor.kind.kind)
        if let uid = preconditions?.uid, uid != metadata.uid {
            throw APIError.conflict(
                subject, metadata.name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(metadata.uid)). The object might have been deleted and then recreated"
            )
        }
        if let version = preconditions?.resourceVersion, version != metadata.resourceVersion {
            throw APIError.conflict(
                subject, metadata.name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record (\(metadata.resourceVersion)). The object might have been modified"
            )
        }
    }

    private func remove(
        _ object: Object, revision: Int64, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<Object> {
        let isDryRun = !options.dryRun.isEmpty
        var marked = object
        marked.metadata.finalizers = finalizers(of: object.metadata, options)
        if !marked.metadata.finalizers.isEmpty || !kind.isReleased(object) {
            if marked.metadata.deletionTimestamp == nil {
                marked.metadata.deletionTimestamp = context.now
                marked.metadata.deletionGracePeriodSeconds = 0
                if marked.metadata.generation > 0 { marked.metadata.generation += 1 }
                kind.markDeleted(&marked)
            }
            let stored = try await replace(
                object, revision: revision, by: marked, options: WriteOptions(isDryRun: isDryRun), context)
            return .object(Output(kind.present(stored) ?? stored))
        }
        if !isDryRun {
            let key = key(object.metadata.name, namespace: object.metadata.namespace)
            let effects = try kind.sideEffects(ObjectWrite(old: object, new: nil, context: context))
            _ = try await store.commit(
                Transaction(
                    conditions: [.modRevision(of: key, equals: revision)], mutations: [.delete(key: key)] + effects))
        }
        if kind.returnsDeletedObject { return .object(Output(kind.present(object) ?? object)) }
        return .status(
            Status(
                status: "Success",
                details: StatusDetails(
                    name: object.metadata.name, group: descriptor.groupVersion.group, kind: descriptor.name,
                    uid: object.metadata.uid)))
    }

    /// The finalizers the object has once the wishes for its dependents are entered.
    ///
    /// `orphan` and `foregroundDeletion` are for a garbage collector; no dependents are tracked here, so they are
    /// never added and always dropped: the object would wait for ever.
    private func finalizers(of metadata: ObjectMeta, _ options: DeleteOptions) -> [String] {
        metadata.finalizers.filter { $0 != "orphan" && $0 != "foregroundDeletion" }
    }

    /// Deletes what a list selects, one by one.
    /// - Returns: the objects as they were.
    public func deleteCollection(
        _ list: ListOptions, options: DeleteOptions, _ context: RequestContext
    ) async throws -> OutputList<Object> {
        let selected = try await self.list(list, context)
        var items: [Output<Object>] = []
        for item in selected.items {
            let metadata = try item.object().metadata
            var itemContext = context
            itemContext.namespace = metadata.namespace
            do {
                switch try await delete(metadata.name, options: options, itemContext) {
                case .object(let marked): items.append(marked)
                case .status: items.append(item)
                }
            } catch let error as APIError where error.reason == "NotFound" {
                continue
            }
        }
        return OutputList(items: items, metadata: selected.metadata)
    }
}
