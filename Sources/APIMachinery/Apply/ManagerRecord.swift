import JSON

/// Who a field set belongs to (spec/api-machinery.md 6.8).
struct ManagerIdentity: Sendable, Hashable {
    enum Operation: String, Sendable {
        case apply = "Apply"
        case update = "Update"
    }

    var name: String
    var operation: Operation
    /// Of updates; empty for appliers, who are the same whatever version they use.
    var apiVersion: String
    var subresource: String

    /// What orders managers in conflicts and breaks ties between entries of one second.
    var sortKey: String {
        var text = "{\"manager\":\(JSONValue.string(name)),\"operation\":\"\(operation.rawValue)\""
        if !apiVersion.isEmpty { text += ",\"apiVersion\":\(JSONValue.string(apiVersion))" }
        if !subresource.isEmpty { text += ",\"subresource\":\(JSONValue.string(subresource))" }
        return text
    }

    /// As conflicts name it: `"m" with subresource "status" using image.openshift.io/v1` (6.12).
    var description: String {
        var text = GoText.quoted(name)
        if !subresource.isEmpty { text += " with subresource \(GoText.quoted(subresource))" }
        if !apiVersion.isEmpty { text += " using \(apiVersion)" }
        return text
    }
}

/// One manager with what it owns.
struct ManagerRecord: Sendable {
    let identity: ManagerIdentity
    var apiVersion: String
    var time: Timestamp?
    var fields: OwnedFields

    init(_ identity: ManagerIdentity, apiVersion: String, time: Timestamp?, fields: FieldSet) {
        self.identity = identity
        self.apiVersion = apiVersion
        self.time = time
        self.fields = OwnedFields(fields)
    }

    /// - Parameter isOwn: whether this server wrote the entry. The fields of others, who may have spelt them in their own
    ///   way, are read at once.
    /// - Throws: what is wrong with the entry.
    init(_ entry: ManagedFieldsEntry, isOwn: Bool) throws(ManagedFieldsError) {
        guard let operation = ManagerIdentity.Operation(rawValue: entry.operation) else {
            throw ManagedFieldsError("operation must be `Apply` or `Update`")
        }
        guard !entry.apiVersion.isEmpty else { throw ManagedFieldsError("apiVersion must not be empty") }
        guard entry.fieldsType == "FieldsV1" else {
            throw ManagedFieldsError("invalid fieldsType \(GoText.quoted(entry.fieldsType))")
        }
        identity = ManagerIdentity(
            name: entry.manager, operation: operation, apiVersion: operation == .update ? entry.apiVersion : "",
            subresource: entry.subresource)
        apiVersion = entry.apiVersion
        time = entry.time
        guard let fieldsV1 = entry.fieldsV1, !fieldsV1.isEmpty else {
            fields = OwnedFields(FieldSet())
            return
        }
        if isOwn {
            fields = OwnedFields(encoded: fieldsV1)
            return
        }
        do { fields = OwnedFields(try FieldSet(fieldsV1: fieldsV1)) } catch {
            throw ManagedFieldsError(error.message)
        }
    }

    var entry: ManagedFieldsEntry {
        ManagedFieldsEntry(
            manager: identity.name, operation: identity.operation.rawValue, apiVersion: apiVersion, time: time,
            fieldsType: "FieldsV1", fieldsV1: fields.fieldsV1, subresource: identity.subresource)
    }
}

/// Why managed fields cannot be read.
struct ManagedFieldsError: Error, Sendable, Hashable {
    let message: String

    init(_ message: String) { self.message = message }
}
