import APIMachinery
import Store

extension ObjectStore {
    /// Deletes an object, or marks it for its finalizers (spec/api-machinery.md 3.7).
    public func delete(
        _ name: String, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<Object> {
        while true {
            guard let current = try await current(name, namespace: context.namespace) else {
                throw APIError.notFound(context.resource, name)
            }
            try checkPreconditions(options.preconditions, current.object.metadata, context)
            do {
                return try await remove(current, options: options, context)
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
        _ current: CurrentObject<Object>, options: DeleteOptions, _ context: RequestContext
    ) async throws -> DeleteOutput<Object> {
        let object = current.object
        let isDryRun = !options.dryRun.isEmpty
        let wished = collectorFinalizers(of: object.metadata, options)
        let others = object.metadata.finalizers.filter { !Self.collectorFinalizers.contains($0) }
        if !others.isEmpty || !kind.isReleased(object) {
            let marked = marked(object, finalizers: others, context)
            let stored = try await replace(
                current, by: marked, options: WriteOptions(isDryRun: isDryRun), context)
            return .object(Output(kind.present(stored) ?? stored))
        }
        if !isDryRun {
            let key = key(object.metadata.name, namespace: object.metadata.namespace)
            let effects = try kind.sideEffects(ObjectWrite(old: object, new: nil, context: context))
            _ = try await store.commit(
                Transaction(
                    conditions: [.modRevision(of: key, equals: current.revision)],
                    mutations: [.delete(key: key)] + effects))
        }
        if let wished {
            // A garbage collector would find no dependents and let the object go at once: so it has gone already.
            let marked = marked(object, finalizers: [wished], context)
            return .object(Output(kind.present(marked) ?? marked))
        }
        if kind.returnsDeletedObject { return .object(Output(kind.present(object) ?? object)) }
        return .status(
            Status(
                status: "Success",
                details: StatusDetails(
                    name: object.metadata.name, group: descriptor.groupVersion.group, kind: descriptor.name,
                    uid: object.metadata.uid)))
    }

    /// The object with its deletion entered.
    private func marked(_ object: Object, finalizers: [String], _ context: RequestContext) -> Object {
        var marked = object
        marked.metadata.finalizers = finalizers
        if marked.metadata.deletionTimestamp == nil {
            marked.metadata.deletionTimestamp = context.now
            marked.metadata.deletionGracePeriodSeconds = 0
            if marked.metadata.generation > 0 { marked.metadata.generation += 1 }
            kind.markDeleted(&marked)
        }
        return marked
    }

    private static var collectorFinalizers: [String] { ["orphan", "foregroundDeletion"] }

    /// What the client, or else the object itself, wants done about dependents (3.7 step 3).
    private func collectorFinalizers(of metadata: ObjectMeta, _ options: DeleteOptions) -> String? {
        guard kind.supportsPropagation else { return nil }
        if options.orphanDependents == true { return "orphan" }
        if options.orphanDependents == false { return nil }
        switch options.propagationPolicy {
        case "Orphan"?: return "orphan"
        case "Foreground"?: return "foregroundDeletion"
        case _?: return nil
        case nil: return metadata.finalizers.first { Self.collectorFinalizers.contains($0) }
        }
    }

    /// Deletes what a list selects, one by one.
    /// - Returns: the objects as they were.
    public func deleteCollection(
        _ list: ListOptions, options: DeleteOptions, _ context: RequestContext
    ) async throws -> OutputList<Object> {
        let selected = try await self.list(list, context)
        var items: [Output<Object>] = []
        for item in try await selected.allItems() {
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
