import APIMachinery
import Store

extension ObjectStore {
    /// Replaces an object by what `change` makes of it (spec/api-machinery.md 3.5, 6.1).
    ///
    /// A patch, and a change that names no `resourceVersion` where that is allowed, is computed again after a lost
    /// race; a change that names one gets 409. A result equal to what is stored is not written.
    /// - Parameter fields: keeps the object's managed fields; nil for writes of the server itself, which track nothing.
    /// - Parameter companions: rows for the same transaction, computed for the object that is to be stored. They are
    ///   written also where the object itself does not change.
    /// - Returns: the object as stored.
    public func update(
        _ name: String, strategy: some Strategy<Object>, options: WriteOptions, fields: FieldManager? = nil,
        _ context: RequestContext, companions: @Sendable (Object) async throws -> Companions = { _ in .none },
        change: ObjectChange<Object>
    ) async throws -> Object {
        let attempts = change.isPatch ? 64 : 8
        for attempt in 1...attempts {
            guard let current = try await current(name, namespace: context.namespace) else {
                throw APIError.notFound(context.resource, name)
            }
            var new = try await change.apply(current.shown)
            let pinned = try checkPreconditions(&new, current: current, strategy: strategy, change: change, context)
            strategy.applyDefaults(&new)
            if !options.isApply { track(&new, old: current, fields, options, context) }
            try await complete(&new, old: current.object, strategy: strategy, context)
            do {
                return try await replace(
                    current, by: new, with: try await companions(new), options: options, context)
            } catch StoreError.conflict {
                if pinned || attempt == attempts {
                    throw APIError.conflict(context.resource, name, APIError.modifiedText)
                }
            } catch let error as StoreError {
                throw APIError(error)
            }
        }
        throw APIError.conflict(context.resource, name, APIError.modifiedText)
    }

    /// Checks uid and resource version of the submitted object against what is stored.
    /// - Returns: whether the change is bound to this very revision.
    private func checkPreconditions(
        _ new: inout Object, current: CurrentObject<Object>, strategy: some Strategy<Object>,
        change: ObjectChange<Object>, _ context: RequestContext
    ) throws -> Bool {
        let name = current.object.metadata.name
        let old = current.object.metadata
        if new.metadata.uid.isEmpty { new.metadata.uid = old.uid }
        if new.metadata.uid != old.uid && !change.isPatch {
            throw APIError.conflict(
                context.resource, name,
                "StorageError: invalid object, Code: 4, Key: \(reportedKey(name, namespace: old.namespace)), ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \(new.metadata.uid), UID in object meta: \(old.uid)"
            )
        }
        let version = new.metadata.resourceVersion
        guard version.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), version.isEmpty || UInt64(version) != nil else {
            throw APIError.plain("strconv.ParseUint: parsing \(goQuoted(version)): invalid syntax")
        }
        if version.isEmpty || UInt64(version) == 0 {
            if !change.isPatch && !strategy.allowsUnconditionalUpdate {
                throw APIError.invalid(
                    context.resource, name,
                    [.invalid("metadata.resourceVersion", .number(0), "must be specified for an update")])
            }
            new.metadata.resourceVersion = old.resourceVersion
            return false
        }
        guard version == old.resourceVersion else {
            throw APIError.conflict(context.resource, name, APIError.modifiedText)
        }
        // A patch that left the version alone carries the one it was computed from, and may be computed again.
        return !change.isPatch
    }

    private func track(
        _ new: inout Object, old: CurrentObject<Object>, _ fields: FieldManager?, _ options: WriteOptions,
        _ context: RequestContext
    ) {
        let stored = old.object.metadata.managedFields
        let submitted = FieldManager.SubmittedManagers(new.metadata.managedFields)
        new.metadata.managedFields = stored
        guard let fields else { return }
        // Nobody owns managed fields: they need not be compared.
        var (before, after) = (old.object, new)
        before.metadata.managedFields = []
        after.metadata.managedFields = []
        new.metadata.managedFields = fields.update(
            old: before.jsonBytes(differingFrom: after), oldManagers: stored,
            new: after.jsonBytes(differingFrom: before),
            submitted: submitted, manager: options.managerName(context), now: context.now)
    }

    /// Restores what the server owns, lets the strategy work, and validates.
    private func complete(
        _ new: inout Object, old: Object, strategy: some Strategy<Object>, _ context: RequestContext
    ) async throws {
        new.metadata.selfLink = ""
        new.metadata.generation = old.metadata.generation
        new.metadata.ownerReferences = SystemMetadata.uniqueOwners(new.metadata.ownerReferences, context)
        try await strategy.prepareForUpdate(&new, old: old, context)
        if !old.metadata.creationTimestamp.isZero { new.metadata.creationTimestamp = old.metadata.creationTimestamp }
        if new.metadata.deletionTimestamp == nil { new.metadata.deletionTimestamp = old.metadata.deletionTimestamp }
        if new.metadata.deletionGracePeriodSeconds == nil {
            new.metadata.deletionGracePeriodSeconds = old.metadata.deletionGracePeriodSeconds
        }
        var errors = ObjectMetaValidation.validate(new.metadata, isNamespaced: strategy.isNamespaced)
        errors += ObjectMetaValidation.validateUpdate(new.metadata, old: old.metadata)
        errors += try await strategy.validateForUpdate(&new, old: old, context)
        guard errors.isEmpty else {
            throw APIError.invalid(descriptor.groupKind, new.metadata.name, errors)
        }
    }

    /// Writes `new` in place of the present state, or removes the object where only its finalizers held it.
    func replace(
        _ current: CurrentObject<Object>, by new: Object, with companions: Companions = .none, options: WriteOptions,
        _ context: RequestContext
    ) async throws -> Object {
        let (old, revision) = (current.object, current.revision)
        let key = key(old.metadata.name, namespace: old.metadata.namespace)
        let bytes: [UInt8]
        switch Self.change(of: current, to: new) {
        case .nothing(let present):
            if !companions.mutations.isEmpty, !options.isDryRun {
                _ = try await store.commit(
                    Transaction(
                        conditions: [.modRevision(of: key, equals: revision)] + companions.conditions,
                        mutations: companions.mutations))
            }
            return present
        case .encoded(let changed): bytes = changed
        }
        if options.isDryRun {
            var shown = new
            shown.metadata.resourceVersion = String(revision)
            return shown
        }
        let isReleased =
            new.metadata.deletionTimestamp != nil && new.metadata.finalizers.isEmpty
            && (new.metadata.deletionGracePeriodSeconds ?? 0) == 0 && kind.isReleased(new)
        let effects = try kind.sideEffects(
            ObjectWrite(old: old, new: isReleased ? nil : new, context: context))
        let mutation: Mutation = isReleased ? .delete(key: key) : .put(key: key, value: bytes)
        if !isReleased { recent.expect(key, bytes: bytes, object: new) }
        defer { recent.settle(key) }
        let written = try await store.commit(
            Transaction(
                conditions: [.modRevision(of: key, equals: revision)] + companions.conditions,
                mutations: [mutation] + effects + companions.mutations))
        var stored = new
        // An object that is gone shows the last version it had.
        stored.metadata.resourceVersion = String(isReleased ? revision : written)
        return stored
    }

    private enum Change {
        /// Nothing is to be written: the present state.
        case nothing(Object)
        /// The bytes to store.
        case encoded([UInt8])
    }

    /// Compares encodings: what differs at most in the times of its managed fields is no change (6.9).
    private static func change(of current: CurrentObject<Object>, to new: Object) -> Change {
        let old = current.object
        var timeless = new
        timeless.metadata.resourceVersion = old.metadata.resourceVersion
        let hasNewTimes = old.metadata.managedFields != new.metadata.managedFields
        if hasNewTimes {
            guard ManagedFieldsEntry.equalApartFromTimes(old.metadata.managedFields, new.metadata.managedFields) else {
                return .encoded(StoredForm.encode(new, from: current))
            }
            timeless.metadata.managedFields = old.metadata.managedFields
        }
        let encoded = current.encoding(of: timeless)
        if encoded == current.members?.bytes ?? old.jsonBytes() { return .nothing(timeless) }
        return .encoded(hasNewTimes ? StoredForm.encode(new, from: current) : StoredForm.withoutRevision(encoded))
    }
}

extension WriteOptions {
    /// Who managed fields say wrote: what the request calls itself, else the program it came from (6.9).
    func managerName(_ context: RequestContext) -> String {
        fieldManager.isEmpty ? FieldManager.managerName(userAgent: context.userAgent) : fieldManager
    }
}
