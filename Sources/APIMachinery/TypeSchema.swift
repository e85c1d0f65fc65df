/// The declaration of an API type at run time: OpenAPI, protobuf, patches and server-side apply are driven by it.
public struct TypeSchema: Sendable, Hashable {
    /// `ImageStream`.
    public let name: String
    /// As in Go error texts: `v1.ImageStream`.
    public let goType: String
    /// Name of the OpenAPI definition: `com.github.openshift.api.image.v1.ImageStream`.
    public let openAPIName: String
    /// Of types that can stand alone.
    public let groupVersionKind: GroupVersionKind?
    /// The kind is also known in the core group, where it lived before there were groups; OpenAPI says so.
    public let isLegacy: Bool
    /// `x-kubernetes-map-type: atomic`: a value is one leaf for server-side apply.
    public let isAtomic: Bool
    /// The published description: line breaks are part of it.
    public let documentation: String
    /// In the order in which they are written.
    public let fields: [FieldSchema]
    private let positions: [String: Int]
    /// How protobuf messages of the type are laid out.
    let layout: ProtobufLayout

    public init(
        name: String, goType: String, openAPIName: String, groupVersionKind: GroupVersionKind? = nil,
        isLegacy: Bool = false, isAtomic: Bool = false, documentation: String, fields: [FieldSchema]
    ) {
        self.name = name
        self.goType = goType
        self.openAPIName = openAPIName
        self.groupVersionKind = groupVersionKind
        self.isLegacy = isLegacy
        self.isAtomic = isAtomic
        self.documentation = documentation
        self.fields = fields
        positions = Dictionary(
            fields.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
        layout = ProtobufLayout(fields)
    }

    /// The field with the JSON name `name`.
    public func field(_ name: String) -> FieldSchema? { positions[name].map { fields[$0] } }

    /// Whether objects of the type have a protobuf form: their fields have numbers.
    public var hasProtobuf: Bool { !layout.entries.isEmpty }

    /// Where the field with the JSON name `name` stands in `fields`. Members mostly come in their order: those from
    /// `expected` on are tried first.
    func position(of name: String, from expected: Int) -> Int? {
        for position in expected..<max(expected, fields.count) where fields[position].name == name { return position }
        return positions[name]
    }
}

/// A field of an API type.
public struct FieldSchema: Sendable, Hashable {
    /// What is written for an empty value.
    public enum Output: Sendable, Hashable {
        /// Its empty form: `""`, `0`, `[]`, `{}`; `null` for a zero time.
        case always
        /// Nothing: the member is absent.
        case omit
        case null
    }

    /// How server-side apply sees a list (api-machinery 6.6).
    public enum ListType: Sendable, Hashable {
        case atomic, set, map
    }

    public enum PatchStrategy: Sendable, Hashable {
        case merge, replace
    }

    /// JSON name.
    public let name: String
    public let type: FieldType
    /// Absence differs from the empty value; protobuf leaves it out.
    public let isPointer: Bool
    public let output: Output
    /// Whether OpenAPI lists the member under `required`.
    public let isRequired: Bool
    /// Field numbers from the message down: two where protobuf nests what JSON keeps flat, none where there is no
    /// protobuf form.
    public let protobuf: [Int]
    /// Name in Go error texts, of the elements for lists and maps, where it is not that of the type.
    public let goType: String?
    /// The published description: line breaks are part of it.
    public let documentation: String
    /// As declared; `effectiveListType` is what holds.
    public let listType: ListType?
    private let declaredListKeys: [String]
    public let patchStrategy: PatchStrategy?
    public let patchMergeKey: String?
    /// The published default where it is not the empty value of a member that is always written.
    public let defaultValue: String?
    /// Name of the OpenAPI definition of a raw JSON value; nil for any JSON.
    public let definition: String?

    public init(
        name: String, type: FieldType, isPointer: Bool = false, output: Output, isRequired: Bool = false,
        protobuf: [Int] = [],
        goType: String? = nil, listType: ListType? = nil, listKeys: [String] = [],
        patchStrategy: PatchStrategy? = nil, patchMergeKey: String? = nil, defaultValue: String? = nil,
        definition: String? = nil, documentation: String
    ) {
        self.name = name
        self.type = type
        self.isPointer = isPointer
        self.output = output
        self.isRequired = isRequired
        self.protobuf = protobuf
        self.goType = goType
        self.listType = listType
        declaredListKeys = listKeys
        self.patchStrategy = patchStrategy
        self.patchMergeKey = patchMergeKey
        self.defaultValue = defaultValue
        self.definition = definition
        self.documentation = documentation
    }

    /// The declared list type; else keyed for `merge` with a key, a set for `merge` without one, else atomic.
    public var effectiveListType: ListType {
        if let listType { return listType }
        guard patchStrategy == .merge else { return .atomic }
        return patchMergeKey == nil ? .set : .map
    }

    /// Members that identify an element of a list of type `map`.
    public var listKeys: [String] {
        declaredListKeys.isEmpty ? patchMergeKey.map { [$0] } ?? [] : declaredListKeys
    }
}

/// The type of a field.
public indirect enum FieldType: Sendable, Hashable {
    case string, int64, int32, bool
    /// Base64 in JSON.
    case bytes
    /// RFC 3339 in JSON, whole seconds.
    case time
    /// RFC 3339 in JSON, microseconds.
    case microTime
    /// An amount with a unit: a string or number in JSON (`Quantity`).
    case quantity
    /// Any JSON value, one leaf.
    case rawJSON
    case object(TypeSchema)
    case list(FieldType)
    /// With string keys.
    case map(FieldType)
}

extension TypeSchema {
    /// The published description of a field; empty for a field there is not.
    public func documentation(of field: String) -> String { self.field(field)?.documentation ?? "" }
}
