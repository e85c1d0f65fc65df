import APIMachinery
import JSON

/// The definitions of an OpenAPI v3 document, collected from the types that are mentioned
/// (spec/api-machinery.md 8.4, 8.5).
struct SchemaDefinitions {
    static let reference = "#/components/schemas/"

    /// The group versions served: options and watch events are known in each.
    let versions: [GroupVersion]
    private var definitions: [String: JSONValue] = [:]

    init(versions: [GroupVersion]) { self.versions = versions }

    /// By name.
    var sorted: JSONObject { JSONObject(definitions.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }) }

    /// Adds a type and all it refers to.
    mutating func insert(_ schema: TypeSchema) {
        guard definitions[schema.openAPIName] == nil else { return }
        definitions[schema.openAPIName] = definition(schema)
        for field in schema.fields { insertTypes(of: field) }
    }

    /// Adds a definition that is no declared type.
    mutating func insert(wellKnown name: String) {
        guard definitions[name] == nil, let definition = WellKnownDefinitions.definition(name, versions: versions)
        else {
            return
        }
        definitions[name] = definition
        if name == WellKnownDefinitions.watchEvent { insert(wellKnown: WellKnownDefinitions.anyJSON) }
    }

    private mutating func insertTypes(of field: FieldSchema) {
        var type = field.type
        while let element = type.element { type = element }
        switch type {
        case .object(let schema): insert(schema)
        case .time: insert(wellKnown: WellKnownDefinitions.time)
        case .microTime: insert(wellKnown: WellKnownDefinitions.microTime)
        case .quantity: insert(wellKnown: WellKnownDefinitions.quantity)
        case .rawJSON: insert(wellKnown: field.definition ?? WellKnownDefinitions.anyJSON)
        default: break
        }
    }

    private func definition(_ schema: TypeSchema) -> JSONValue {
        var object: JSONObject = ["description": .string(schema.documentation), "type": "object"]
        let required = schema.fields.filter(\.isRequired)
        if !required.isEmpty { object["required"] = .array(required.map { .string($0.name) }) }
        var properties = schema.fields.map { (key: $0.name, value: Self.property($0)) }
        if schema.groupVersionKind != nil { properties += Self.typeMembers }
        if !properties.isEmpty {
            object["properties"] = .object(JSONObject(properties.sorted { $0.key < $1.key }))
        }
        if schema.isAtomic { object["x-kubernetes-map-type"] = "atomic" }
        let identities = identities(of: schema)
        if !identities.isEmpty {
            object["x-kubernetes-group-version-kind"] = .array(identities.map(Self.identity))
        }
        return .object(object)
    }

    private func identities(of schema: TypeSchema) -> [GroupVersionKind] {
        guard let own = schema.groupVersionKind else { return [] }
        if schema.openAPIName == DeleteOptions.schema.openAPIName {
            return versions.map { GroupVersionKind(group: $0.group, version: $0.version, kind: own.kind) }
        }
        return schema.isLegacy ? [GroupVersionKind(group: "", version: own.version, kind: own.kind), own] : [own]
    }

    /// A kind as `x-kubernetes-group-version-kind` writes it.
    static func identity(_ kind: GroupVersionKind) -> JSONValue {
        ["group": .string(kind.group), "kind": .string(kind.kind), "version": .string(kind.version)]
    }
}

extension SchemaDefinitions {
    private static func property(_ field: FieldSchema) -> JSONValue {
        var object: JSONObject = ["description": .string(field.documentation)]
        let isAlwaysThere = field.output == .always && !field.isPointer
        for (key, value) in value(field.type, definition: field.definition, hasDefault: isAlwaysThere) {
            object[key] = value
        }
        if let text = field.defaultValue { object["default"] = .string(text) }
        if let listType = field.listType { object["x-kubernetes-list-type"] = .string("\(listType)") }
        if field.listType == .map { object["x-kubernetes-list-map-keys"] = .array(field.listKeys.map { .string($0) }) }
        if let key = field.patchMergeKey { object["x-kubernetes-patch-merge-key"] = .string(key) }
        if let strategy = field.patchStrategy { object["x-kubernetes-patch-strategy"] = .string("\(strategy)") }
        return .object(object)
    }

    /// The schema of a value.
    /// - Parameter hasDefault: whether the value is there without being named: then it is published with its empty
    ///   form, as elements of lists and maps always are.
    private static func value(_ type: FieldType, definition: String?, hasDefault: Bool) -> JSONObject {
        switch type {
        case .string: scalar("string", default: hasDefault ? "" : nil)
        case .int64: scalar("integer", format: "int64", default: hasDefault ? 0 : nil)
        case .int32: scalar("integer", format: "int32", default: hasDefault ? 0 : nil)
        case .bool: scalar("boolean", default: hasDefault ? false : nil)
        case .bytes: scalar("string", format: "byte", default: nil)
        case .time: reference(to: WellKnownDefinitions.time, default: nil)
        case .microTime: reference(to: WellKnownDefinitions.microTime, default: nil)
        case .quantity: reference(to: WellKnownDefinitions.quantity, default: nil)
        case .rawJSON: reference(to: definition ?? WellKnownDefinitions.anyJSON, default: nil)
        case .object(let schema): reference(to: schema.openAPIName, default: hasDefault ? [:] : nil)
        // Amounts have no empty form, and in a map no description: a bare reference will do.
        case .map(.quantity):
            [
                "type": "object",
                "additionalProperties": ["$ref": .string(reference + WellKnownDefinitions.quantity)],
            ]
        case .list(let element):
            ["type": "array", "items": .object(value(element, definition: definition, hasDefault: true))]
        case .map(let element):
            [
                "type": "object",
                "additionalProperties": .object(value(element, definition: definition, hasDefault: true)),
            ]
        }
    }

    private static func scalar(_ type: String, format: String? = nil, default value: JSONValue?) -> JSONObject {
        var object: JSONObject = ["type": .string(type)]
        if let format { object["format"] = .string(format) }
        if let value { object["default"] = value }
        return object
    }

    /// A reference may not have siblings, hence the `allOf`.
    private static func reference(to name: String, default value: JSONValue?) -> JSONObject {
        var object: JSONObject = [:]
        if let value { object["default"] = value }
        object["allOf"] = [["$ref": .string(reference + name)]]
        return object
    }

    /// The members that every kind has.
    private static let typeMembers: [JSONObject.Element] = [
        (
            "apiVersion",
            [
                "description": """
                APIVersion defines the versioned schema of this representation of an object. Servers should \
                convert recognized schemas to the latest internal value, and may reject unrecognized values. More \
                info: \
                https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources
                """, "type": "string",
            ]
        ),
        (
            "kind",
            [
                "description": """
                Kind is a string value representing the REST resource this object represents. Servers may infer \
                this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: \
                https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds
                """, "type": "string",
            ]
        ),
    ]
}

extension FieldType {
    /// The type of the elements of a list or a map.
    var element: FieldType? {
        switch self {
        case .list(let element), .map(let element): element
        default: nil
        }
    }
}
