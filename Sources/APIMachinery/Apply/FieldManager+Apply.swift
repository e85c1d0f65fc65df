import JSON

extension FieldManager {
    /// What an apply makes of an object.
    public struct Applied: Sendable {
        /// The whole object, not defaulted yet; the document of the old state where no field changed.
        public var document: JSONValue
        public var managers: [ManagedFieldsEntry]
        /// Whether a field changed. Without a change of `managers` too, there is nothing to write.
        public var isChanged: Bool
    }

    /// Applies a configuration (spec/api-machinery.md 6.7, 6.10).
    ///
    /// - Parameters:
    ///   - old: the stored object; nil where it is to be created.
    ///   - patch: the configuration as the client sent it, with `apiVersion` and `kind`.
    ///   - manager: name of the acting manager, which is not empty.
    ///   - force: takes what other managers own instead of failing.
    ///   - now: time of the write.
    /// - Throws: `badRequest` for another kind or version and for managed fields in the configuration, `unfit` where it
    ///   does not fit the type, `conflicts`.
    public func apply(
        old: State?, patch: JSONValue, manager: String, force: Bool, now: Timestamp
    ) throws(ApplyFailure) -> Applied {
        try checkIdentity(of: patch)
        let configuration = try typed(patch)
        do {
            return try apply(
                configuration, patch, old: old, manager: manager, isForced: { _ in force }, now: now)
        } catch .conflicts(let conflicts) where manager == LastApplied.manager {
            // What kubectl's own annotation says about the object is no other manager's.
            guard let old, let allowed = LastApplied.unchangedFields(of: old.document, identity, type) else {
                throw .conflicts(conflicts)
            }
            return try apply(
                configuration, patch, old: old, manager: manager, isForced: { allowed.contains($0) }, now: now)
        }
    }

    /// The top-level members of an object that an apply can look at or change; nil for any.
    ///
    /// With no other members in `State.document`, `apply` has the same outcome for these.
    /// - Parameter managers: of the object.
    public func touchedMembers(
        by patch: JSONValue, manager: String, managers: [ManagedFieldsEntry]
    ) -> Set<String>? {
        // The annotation of client-side apply speaks of the whole object, and so does an object nobody is known to own.
        guard manager != LastApplied.manager, case .object(let members) = patch,
            let records = try? ManagerRecords(managers, stored: managers, apiVersion: identity.apiVersion),
            !records.isEmpty
        else { return nil }
        var touched = Set(members.keys)
        touched.insert("metadata")
        for node in records[identity(of: manager, .apply)]?.fields.set.nodes ?? [] {
            guard case .field(let name) = node.element else { return nil }
            touched.insert(name)
        }
        return touched
    }

    private func checkIdentity(of patch: JSONValue) throws(ApplyFailure) {
        let apiVersion = patch["apiVersion"]?.stringValue ?? ""
        let kind = patch["kind"]?.stringValue ?? ""
        guard apiVersion == identity.apiVersion, kind == identity.kind else {
            throw .badRequest("invalid object type: \(Self.text(apiVersion, kind))")
        }
        if case .array? = patch["metadata"]?["managedFields"] {
            throw .badRequest("metadata.managedFields must be nil")
        }
    }

    /// A kind as Go prints it: group and version are always joined by a slash.
    private static func text(_ apiVersion: String, _ kind: String) -> String {
        let groupVersion = GroupVersion(apiVersion) ?? GroupVersion(group: "", version: "")
        return "\(groupVersion.group)/\(groupVersion.version), Kind=\(kind)"
    }

    private func typed(_ patch: JSONValue) throws(ApplyFailure) -> TypedDocument {
        do {
            return try TypedDocument(patch, type: type)
        } catch {
            let metadata = patch["metadata"]
            let name = metadata?["name"]?.stringValue ?? ""
            let namespace = metadata?["namespace"]?.stringValue ?? ""
            throw .unfit(
                "failed to create typed patch object (\(namespace)/\(name); \(Self.text(identity.apiVersion, identity.kind))): \(error.text)"
            )
        }
    }

    private func apply(
        _ configuration: TypedDocument, _ patch: JSONValue, old: State?, manager: String,
        isForced: (FieldPath) -> Bool, now: Timestamp
    ) throws(ApplyFailure) -> Applied {
        let live = document(of: old)
        var records = self.records(before: old, now: now)
        let identity = identity(of: manager, .apply)
        let last = records[identity]
        let fields = owned(configuration.fields)
        let lastFields = last?.fields.set
        if lastFields != fields {
            records[identity] = ManagerRecord(
                identity, apiVersion: self.identity.apiVersion, time: last?.time, fields: fields)
        }
        var merged = type.merge(live, patch)
        if let lastFields, !lastFields.isSubset(of: fields) {
            // The server's own fields are nobody's, and stay.
            merged = pruned(merged, last: lastFields, owned: records.allFields.union(unowned))
        }
        let comparison = Comparison(old: live, new: merged, type: type)
        try settleConflicts(&records, comparison, identity, isForced)
        records.release(comparison.removed, exceptFrom: identity)
        var isChanged = old == nil || !comparison.isSame
        if isChanged { records[identity]?.time = now } else { merged = live }
        records.removeEmpty()
        var entries = records.entries
        if let old, entries == ManagedFieldsEntry.sorted(old.managers) { entries = old.managers }
        if manager == LastApplied.manager, LastApplied.renew(in: &merged, configuration: patch) { isChanged = true }
        return Applied(document: merged, managers: entries, isChanged: isChanged)
    }

    /// The managers before an apply. What nobody is known to own belongs to a manager of its own from now on.
    private func records(before old: State?, now: Timestamp) -> ManagerRecords {
        guard let old else { return ManagerRecords() }
        var records =
            (try? ManagerRecords(old.managers, stored: old.managers, apiVersion: identity.apiVersion))
            ?? ManagerRecords()
        if records.isEmpty {
            let all = owned(Comparison(old: document(of: nil), new: old.document, type: type).changed)
            if !all.isEmpty {
                let untracked = identity(of: Self.untrackedManager, .update)
                records[untracked] = ManagerRecord(
                    untracked, apiVersion: identity.apiVersion, time: now, fields: all)
            }
        }
        return records
    }

    /// Drops what the manager applied before and does not apply now, unless somebody else owns it (6.10, item 4).
    private func pruned(_ merged: JSONValue, last: FieldSet, owned: FieldSet) -> JSONValue {
        func allFields(_ document: JSONValue) -> FieldSet {
            type.addingRecordMembers(to: TypedDocument.fields(of: document, type: type))
        }
        let everything = allFields(merged)
        let dropped = type.addingRecordMembers(to: last)
        let withoutLast = allFields(type.removing(dropped, from: merged))
        let kept = withoutLast.union(type.addingRecordMembers(to: owned))
        let withOwned = allFields(type.removing(everything.subtracting(kept), from: merged))
        // Parts that nobody owns stay, even inside what is given up.
        return type.removing(everything.subtracting(withOwned).intersection(dropped), from: merged)
    }

    /// - Throws: `conflicts`, unless all are forced; then the others lose the fields.
    private func settleConflicts(
        _ records: inout ManagerRecords, _ comparison: Comparison, _ identity: ManagerIdentity,
        _ isForced: (FieldPath) -> Bool
    ) throws(ApplyFailure) {
        let changed = comparison.changed
        guard !changed.isEmpty else { return }
        var conflicts: [(key: String, conflict: FieldConflict)] = []
        for record in records.records where record.identity != identity {
            let common = record.fields.intersection(changed)
            for path in common.paths where !isForced(path) {
                conflicts.append(
                    (record.identity.sortKey, FieldConflict(manager: record.identity.description, path: path)))
            }
        }
        guard conflicts.isEmpty else {
            let ordered = conflicts.enumerated().sorted { left, right in
                let order = Exactly.order(left.element.key, right.element.key)
                return order == 0 ? left.offset < right.offset : order < 0
            }
            throw .conflicts(ordered.map(\.element.conflict))
        }
        records.release(changed, exceptFrom: identity)
    }
}
