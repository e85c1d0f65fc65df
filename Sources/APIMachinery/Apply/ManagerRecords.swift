import JSON

/// The managers of an object and what each owns.
struct ManagerRecords: Sendable {
    private(set) var records: [ManagerRecord] = []

    var isEmpty: Bool { records.isEmpty }

    init() {}

    /// Reads entries; the last of several with one identity holds.
    ///
    /// - Parameters:
    ///   - stored: entries this server has written, which need not be read again.
    ///   - apiVersion: the version the server has; sets of others cannot be compared and are dropped (6.11).
    /// - Throws: what is wrong with the first bad entry.
    init(
        _ entries: [ManagedFieldsEntry], stored: [ManagedFieldsEntry], apiVersion: String
    ) throws(ManagedFieldsError) {
        records.reserveCapacity(entries.count + 1)
        // Looked up, not searched for: appliers are not limited in number.
        let known = entries == stored ? nil : Set(stored)
        var positions: [ManagerIdentity: Int] = [:]
        for entry in entries {
            let record = try ManagerRecord(entry, isOwn: known?.contains(entry) ?? true)
            guard record.apiVersion == apiVersion else { continue }
            if let position = positions[record.identity] {
                records[position] = record
            } else {
                positions[record.identity] = records.count
                records.append(record)
            }
        }
    }

    subscript(identity: ManagerIdentity) -> ManagerRecord? {
        get { records.first { $0.identity == identity } }
        set {
            let position = records.firstIndex { $0.identity == identity }
            switch (position, newValue) {
            case (let position?, let record?): records[position] = record
            case (let position?, nil): records.remove(at: position)
            case (nil, let record?): records.append(record)
            case (nil, nil): break
            }
        }
    }

    /// Takes paths from every manager but one.
    mutating func release(_ fields: FieldSet, exceptFrom owner: ManagerIdentity? = nil) {
        guard !fields.isEmpty else { return }
        for index in records.indices where records[index].identity != owner {
            records[index].fields.subtract(fields)
        }
    }

    mutating func removeEmpty() { records.removeAll { $0.fields.isEmpty } }

    /// Everything owned by anyone.
    var allFields: FieldSet { records.reduce(FieldSet()) { $0.union($1.fields.set) } }

    static let updateLimit = 10
    static let ancientManager = "ancient-changes"

    /// Joins the oldest updates of a version into one entry until at most `updateLimit` are left (6.9, item 7).
    mutating func joinOldestUpdates() {
        var updates = records.filter { $0.identity.operation == .update }
        guard updates.count > Self.updateLimit else { return }
        updates.sort { left, right in
            let leftTime = left.time?.secondsSince1970 ?? 0
            let rightTime = right.time?.secondsSince1970 ?? 0
            return leftTime == rightTime
                ? Exactly.order(left.identity.sortKey, right.identity.sortKey) < 0 : leftTime < rightTime
        }
        var excess = updates.count - Self.updateLimit
        var first: [String: ManagerRecord] = [:]
        for update in updates where excess > 0 {
            guard let oldest = first[update.apiVersion] else {
                first[update.apiVersion] = update
                continue
            }
            let bucket = ManagerIdentity(
                name: Self.ancientManager, operation: .update, apiVersion: update.apiVersion, subresource: "")
            if update.identity == bucket { continue }
            let joined = (self[bucket] ?? oldest).fields.set
            if self[bucket] == nil { self[oldest.identity] = nil }
            self[update.identity] = nil
            self[bucket] = ManagerRecord(
                bucket, apiVersion: update.apiVersion, time: update.time, fields: joined.union(update.fields.set))
            excess -= 1
        }
    }

    /// The entries in their order: by operation, time, manager, version, subresource (6.8).
    var entries: [ManagedFieldsEntry] { ManagedFieldsEntry.sorted(records.map(\.entry)) }
}

extension ManagedFieldsEntry {
    static func sorted(_ entries: [ManagedFieldsEntry]) -> [ManagedFieldsEntry] {
        func isBefore(_ left: ManagedFieldsEntry, _ right: ManagedFieldsEntry) -> Bool {
            if left.operation != right.operation { return left.operation < right.operation }
            let leftTime = left.time?.secondsSince1970 ?? 0
            let rightTime = right.time?.secondsSince1970 ?? 0
            if leftTime != rightTime { return leftTime < rightTime }
            for (left, right) in [
                (left.manager, right.manager), (left.apiVersion, right.apiVersion),
                (left.subresource, right.subresource),
            ] {
                let order = Exactly.order(left, right)
                if order != 0 { return order < 0 }
            }
            return false
        }
        return entries.count < 2 ? entries : entries.sorted(by: isBefore)
    }

    /// Whether two lists say the same about who owns what, whenever it happened.
    ///
    /// A write that would change nothing but these times is not made (spec/api-machinery.md 6.9).
    public static func equalApartFromTimes(_ left: [ManagedFieldsEntry], _ right: [ManagedFieldsEntry]) -> Bool {
        func timeless(_ entries: [ManagedFieldsEntry]) -> [ManagedFieldsEntry] {
            sorted(
                entries.map { entry in
                    var entry = entry
                    entry.time = nil
                    return entry
                })
        }
        return left.count == right.count && (left == right || timeless(left) == timeless(right))
    }
}
