import JSON

/// Strategic merge patch (spec/api-machinery.md 6.4 to 6.6): a merge patch whose lists merge by the keys of the type's
/// schema, with directives for what a merge cannot say.
public enum StrategicMergePatch {
    public enum Failure: Error, Sendable, Hashable {
        /// The patch is not of the form the directives have: 400 with this text.
        case malformed(String)
        /// A list of lists was to be merged: 422, the cause is hidden from clients.
        case notApplicable(String)
        /// Everything else: 500 with this text and no reason.
        case failed(String)
    }

    static let directive = "$patch"
    static let retainKeys = "$retainKeys"
    static let setOrder = "$setElementOrder/"
    static let deleteFromList = "$deleteFromPrimitiveList/"

    /// Deeper patches are refused. No type of the API has a tenth of these levels.
    static let depthLimit = 500

    /// `document`, an object of the type `schema`, with `patch` merged in. A patch of `null` changes nothing.
    public static func apply(
        _ patch: JSONValue, to document: JSONValue, schema: TypeSchema
    ) throws(Failure) -> JSONValue {
        switch patch {
        case .null: return document
        case .object(let changes):
            return .object(
                try merge(changes, into: document.objectValue ?? JSONObject(), type: .object(schema), depth: 0))
        default:
            throw .malformed(
                "json: cannot unmarshal \(patch.typeName) into Go value of type map[string]interface {}")
        }
    }

    /// Merges one object (6.4).
    ///
    /// - Parameter type: of the object; nil where the schema says nothing about it.
    static func merge(
        _ patch: JSONObject, into original: JSONObject, type: FieldType?, depth: Int
    ) throws(Failure) -> JSONObject {
        guard depth < depthLimit else { throw .malformed("exceeded max depth") }
        if let directive = patch[Self.directive] { return try whole(patch, directive: directive) }
        var result = original
        try retain(&result, patch)
        var ordered: Set<String> = []
        for (key, order) in patch {
            guard let name = suffix(of: key, after: setOrder) else { continue }
            try mergeOrdered(name, order: order, patch: patch, into: &result, type: type, depth: depth)
            ordered.insert(name)
        }
        for (key, change) in patch where !ordered.contains(key) && !key.hasPrefix(setOrder) && key != retainKeys {
            if let name = suffix(of: key, after: deleteFromList) {
                try delete(change, fromListAt: name, of: &result)
            } else if case .null = change {
                result.removeValue(forKey: key)
            } else if let old = result[key] {
                let field = MergeField(key, of: type)
                result[key] = try merged(change, with: old, field: field, depth: depth)
            } else if let added = adopted(change, depth: depth) {
                result[key] = added
            }
        }
        return result
    }

    /// The value of a member that both sides have.
    private static func merged(
        _ change: JSONValue, with old: JSONValue, field: MergeField, depth: Int
    ) throws(Failure) -> JSONValue {
        switch (old, change) {
        case (.object(let members), .object(let changes)):
            if field.strategy == .replace { return change }
            return .object(try merge(changes, into: members, type: field.type, depth: depth + 1))
        case (.array(let elements), .array(let changes)):
            guard field.strategy == .merge else { return change }
            return .array(try mergeList(changes, into: elements, field: field, order: nil, depth: depth + 1))
        case (.object, _), (.array, _), (_, .object), (_, .array):
            return adopted(change, depth: depth) ?? .object(JSONObject())
        default: return change
        }
    }

    /// `$patch` in an object: it stands for the whole of it.
    private static func whole(_ patch: JSONObject, directive: JSONValue) throws(Failure) -> JSONObject {
        switch directive.stringValue {
        case "replace":
            var result = patch
            result.removeValue(forKey: Self.directive)
            return result
        case "delete": return JSONObject()
        default: throw unknownDirective(directive, in: patch)
        }
    }

    static func unknownDirective(_ directive: JSONValue, in map: JSONObject) -> Failure {
        .failed(
            "unknown patch type: \(GoValueText.plain(directive)) in map: \(GoValueText.plain(.object(map)))")
    }

    /// `$retainKeys`: drops the members it does not name.
    private static func retain(_ result: inout JSONObject, _ patch: JSONObject) throws(Failure) {
        guard let list = patch[retainKeys] else { return }
        let failure = Failure.malformed("invalid patch format of retainKeys")
        guard case .array(let elements) = list else { throw failure }
        var names: Set<String> = []
        for element in elements {
            guard let name = element.stringValue else { throw failure }
            names.insert(name)
        }
        for (key, value) in patch where !value.isNull && key != retainKeys {
            if key.hasPrefix(setOrder) || key.hasPrefix(deleteFromList) { continue }
            guard names.contains(key) else { throw failure }
        }
        for key in result.keys where !names.contains(key) { result.removeValue(forKey: key) }
    }

    private static func delete(
        _ values: JSONValue, fromListAt name: String, of result: inout JSONObject
    ) throws(Failure) {
        guard case .array(let values) = values else { throw .malformed("invalid patch format of primitive list") }
        guard case .array(let elements)? = result[name] else { return }
        result[name] = .array(JSONArray(elements.filter { !values.contains($0) }))
    }

    /// A value that the object did not have: nested nulls and objects with directives have nothing to act on.
    private static func adopted(_ value: JSONValue, depth: Int) -> JSONValue? {
        guard depth < depthLimit else { return value }
        switch value {
        case .null: return nil
        case .object(let members):
            if members[directive] != nil { return nil }
            var result = JSONObject()
            for (key, member) in members {
                if let member = adopted(member, depth: depth + 1) { result[key] = member }
            }
            return .object(result)
        case .array(let elements):
            let kept = elements.compactMap { element -> JSONValue? in
                element.isNull ? element : adopted(element, depth: depth + 1)
            }
            return .array(JSONArray(kept))
        default: return value
        }
    }

    static func suffix(of key: String, after prefix: String) -> String? {
        key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
    }
}

/// How a member is patched: its strategy, the key of its elements and their type.
struct MergeField {
    let name: String
    /// Type of the member; nil where the schema says nothing.
    let type: FieldType?
    let strategy: FieldSchema.PatchStrategy?
    /// Member that identifies the elements of the list.
    let mergeKey: String?

    init(_ name: String, of owner: FieldType?) {
        self.name = name
        switch owner {
        case .object(let schema)?:
            let field = schema.field(name)
            type = field?.type
            strategy = field?.patchStrategy
            mergeKey = field?.patchMergeKey
        case .map(let value)?:
            type = value
            strategy = nil
            mergeKey = nil
        default:
            type = nil
            strategy = nil
            mergeKey = nil
        }
    }

    var elementType: FieldType? {
        if case .list(let element)? = type { element } else { nil }
    }
}
