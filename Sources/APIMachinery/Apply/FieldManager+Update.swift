import JSON

extension FieldManager {
    /// The managed fields of an object after a create, PUT, JSON patch, merge patch or strategic merge patch
    /// (spec/api-machinery.md 6.9). Runs before the strategy: what that fills in belongs to nobody.
    ///
    /// Never fails: where managed fields cannot be read or kept, the object has none or the stored ones.
    /// - Parameters:
    ///   - old: the stored object; nil on create.
    ///   - new: the JSON of the whole new object, decoded and with its defaults.
    ///   - manager: name of the acting manager.
    ///   - now: time of the write.
    public func update(
        old: State?, new: JSONValue, submitted: SubmittedManagers = .absent, manager: String, now: Timestamp
    ) -> [ManagedFieldsEntry] {
        update(old?.managers, submitted: submitted, manager: manager, now: now) {
            Comparison(old: document(of: old), new: new, type: type)
        }
    }

    /// As above, by the encodings of the objects: several times quicker for large ones that differ little. Members in
    /// which the two are the same may be left out of both.
    ///
    /// - Parameters:
    ///   - old: the stored object as its type writes it; nil on create.
    ///   - oldManagers: its managed fields.
    ///   - new: the new object as its type writes it, with kind and apiVersion or without as `old`.
    public func update(
        old: [UInt8]?, oldManagers: [ManagedFieldsEntry], new: [UInt8], submitted: SubmittedManagers = .absent,
        manager: String, now: Timestamp
    ) -> [ManagedFieldsEntry] {
        update(old == nil ? nil : oldManagers, submitted: submitted, manager: manager, now: now) {
            try? Comparison(old: old ?? emptyBytes, new: new, type: type)
        }
    }

    /// - Parameters:
    ///   - stored: managed fields of the stored object; nil on create.
    ///   - compare: nil where the objects cannot be compared.
    private func update(
        _ stored: [ManagedFieldsEntry]?, submitted: SubmittedManagers, manager: String, now: Timestamp,
        compare: () -> Comparison?
    ) -> [ManagedFieldsEntry] {
        guard let start = managers(stored, submitted: submitted), let comparison = compare() else { return [] }
        let own = owned(comparison.changed)
        if case .unread(let entries) = start, comparison.isSame { return entries }
        guard var records = start.read(apiVersion: identity.apiVersion) else { return [] }
        let identity = identity(of: manager, .update)
        records.release(comparison.touched, exceptFrom: identity)
        if var record = records[identity] {
            // It gains what it changed; what it removed, or changed although nobody owns it, it loses like the others.
            record.fields.subtract(comparison.touched.subtracting(own))
            record.fields.formUnion(own)
            if !own.isEmpty { record.time = now }
            records[identity] = record
        } else if !own.isEmpty {
            records[identity] = ManagerRecord(
                identity, apiVersion: self.identity.apiVersion, time: now, fields: own)
        }
        records.removeEmpty()
        records.joinOldestUpdates()
        return records.entries
    }

    /// Managers before a write.
    private enum Start {
        /// Stored entries, which need not be read when nothing changes.
        case unread([ManagedFieldsEntry])
        case read(ManagerRecords)

        func read(apiVersion: String) -> ManagerRecords? {
            switch self {
            case .read(let records): records
            case .unread(let entries): try? ManagerRecords(entries, stored: entries, apiVersion: apiVersion)
            }
        }
    }

    /// The managers a write starts with; nil where the object is not tracked.
    private func managers(_ old: [ManagedFieldsEntry]?, submitted: SubmittedManagers) -> Start? {
        let stored = old ?? []
        if subresource.isEmpty {
            switch submitted {
            case .reset:
                // An existing object stays untracked until somebody applies.
                return old == nil ? .read(ManagerRecords()) : nil
            case .entries(let entries) where entries != stored:
                let records = try? ManagerRecords(entries, stored: stored, apiVersion: identity.apiVersion)
                if let records, !records.isEmpty { return .read(records) }
            default: break
            }
        }
        guard let old else { return .read(ManagerRecords()) }
        return old.isEmpty ? nil : .unread(old)
    }
}
