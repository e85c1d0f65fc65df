import JSON

/// How server-side apply sees a type (spec/api-machinery.md 6.6, 6.11): made once from its declaration, because looking
/// it up in the declaration for every value of every write is too slow.
///
/// A class because a type is shared by all values of it; it never changes.
final class ApplyType: Sendable {
    enum Scalar: Sendable {
        case string, number, boolean
        /// A scalar of any kind: times.
        case any
    }

    enum Form: Sendable {
        case scalar(Scalar)
        /// Lists and maps that are owned as a whole.
        case atomicList, atomicMap
        /// Any value, owned as a whole.
        case opaque
        /// An object with declared fields.
        case record
        /// A map whose entries are owned one by one.
        case map
        /// A list of distinct scalars.
        case set
        /// A list whose elements are found by key members.
        case keyed
    }

    struct Field: Sendable {
        let name: String
        let type: ApplyType
    }

    struct Key: Sendable {
        let name: String
        /// What an element without the member has in it.
        let fallback: JSONValue?
    }

    let form: Form
    /// Of records, also of atomic ones: a member that is not declared is an error everywhere.
    let fields: [Field]
    /// Of the entries of maps and the elements of lists.
    let element: ApplyType?
    /// Of keyed lists, ascending by name.
    let keys: [Key]

    private init(_ form: Form, fields: [Field] = [], element: ApplyType? = nil, keys: [Key] = []) {
        self.form = form
        self.fields = fields
        self.element = element
        self.keys = keys
    }

    convenience init(_ schema: TypeSchema) { self.init(record: schema, isAtomic: schema.isAtomic) }

    private convenience init(record schema: TypeSchema, isAtomic: Bool) {
        var fields = schema.fields.map { Field(name: $0.name, type: ApplyType(field: $0)) }
        if schema.groupVersionKind != nil {
            fields.append(Field(name: "kind", type: ApplyType(.scalar(.string))))
            fields.append(Field(name: "apiVersion", type: ApplyType(.scalar(.string))))
        }
        self.init(isAtomic ? .atomicMap : .record, fields: fields)
    }

    private convenience init(field: FieldSchema) {
        let isReplaced = field.patchStrategy == .replace
        switch field.type {
        case .list(let element):
            let elementType = ApplyType(element)
            switch field.effectiveListType {
            case .set: self.init(.set, element: elementType)
            case .map:
                let keys = Self.keys(field.listKeys, of: element)
                self.init(keys == nil ? .atomicList : .keyed, element: elementType, keys: keys ?? [])
            case .atomic: self.init(.atomicList, element: elementType)
            }
        case .map(let element): self.init(isReplaced ? .atomicMap : .map, element: ApplyType(element))
        case .object(let schema): self.init(record: schema, isAtomic: isReplaced || schema.isAtomic)
        default: self.init(field.type)
        }
    }

    private convenience init(_ type: FieldType) {
        switch type {
        case .string, .bytes: self.init(.scalar(.string))
        case .int32, .int64: self.init(.scalar(.number))
        case .bool: self.init(.scalar(.boolean))
        case .time, .microTime, .quantity: self.init(.scalar(.any))
        case .rawJSON: self.init(.opaque)
        case .object(let schema): self.init(record: schema, isAtomic: schema.isAtomic)
        case .list(let element): self.init(.atomicList, element: ApplyType(element))
        case .map(let element): self.init(.map, element: ApplyType(element))
        }
    }

    /// nil where a key is no member of the elements (`Image.signatures`): such a list is owned as a whole (6.6).
    private static func keys(_ names: [String], of element: FieldType) -> [Key]? {
        guard case .object(let schema) = element, !names.isEmpty else { return nil }
        var keys: [Key] = []
        for name in names {
            guard let field = schema.field(name) else { return nil }
            keys.append(Key(name: name, fallback: field.output == .always ? field.emptyScalar : nil))
        }
        return keys.sorted { Exactly.order($0.name, $1.name) < 0 }
    }

    /// The type of a member; nil for a member a record does not declare.
    ///
    /// - Parameter hint: where the search begins; members mostly come in the order of their declaration.
    func member(_ name: String, from hint: inout Int) -> ApplyType? {
        if case .map = form { return element }
        let count = fields.count
        guard count > 0 else { return element }
        var index = hint < count ? hint : 0
        for _ in 0..<count {
            if fields[index].name == name {
                hint = index + 1
                return fields[index].type
            }
            index = index + 1 == count ? 0 : index + 1
        }
        return nil
    }

    /// The path element of a list's element; nil where the element has not the form that makes one.
    func pathElement(of value: JSONValue) -> PathElement? {
        switch form {
        case .set:
            switch value {
            case .null, .array, .object: return nil
            default: return .value(value)
            }
        case .keyed:
            guard case .object(let members) = value else { return nil }
            var key: [PathElement.KeyMember] = []
            key.reserveCapacity(keys.count)
            for part in keys {
                if let value = members[part.name] ?? part.fallback {
                    key.append(PathElement.KeyMember(name: part.name, value: value))
                }
            }
            return key.isEmpty ? nil : .key(key)
        default: return nil
        }
    }

    /// Whether two lists have the same elements in the same order, none twice. Answers no where it would be work to
    /// find out.
    func haveSameIdentities(_ left: JSONArray, _ right: JSONArray) -> Bool {
        guard left.count == right.count, keys.count == 1, let key = keys.first?.name else { return false }
        var last: String?
        for (left, right) in zip(left, right) {
            guard case .string(let identity)? = left[key], case .string(let other)? = right[key],
                Exactly.equal(identity, other)
            else { return false }
            // Lists are mostly sorted by their key; then a repeated one follows itself.
            if let last, Exactly.order(last, identity) >= 0 { return false }
            last = identity
        }
        return true
    }
}

extension FieldSchema {
    /// The empty value of a scalar that is always written.
    var emptyScalar: JSONValue? {
        switch type {
        case .string: .string("")
        case .int32, .int64: .integer(0)
        case .bool: .bool(false)
        default: nil
        }
    }
}

extension TypeSchema {
    /// The empty object of the type as its JSON: what a create is compared with (6.11).
    var emptyDocument: JSONValue {
        var members = JSONObject()
        for field in fields {
            if case .object(let schema) = field.type, !field.isPointer {
                members[field.name] = schema.emptyDocument
                continue
            }
            switch field.output {
            case .omit: continue
            case .null: members[field.name] = .null
            case .always:
                switch field.type {
                case .list: members[field.name] = .array([])
                case .map: members[field.name] = .object(JSONObject())
                default: members[field.name] = field.emptyScalar ?? .null
                }
            }
        }
        return .object(members)
    }
}
