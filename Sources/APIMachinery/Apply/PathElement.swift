import JSON

/// One step from a value into it, as managed fields name it (spec/api-machinery.md 6.8).
public enum PathElement: Sendable {
    /// A member of an object or map.
    case field(String)
    /// An element of a keyed list: its key members, ascending by name.
    case key([KeyMember])
    /// An element of a set.
    case value(JSONValue)
    /// A place in a list. Nothing the server makes has it; clients may send it.
    case index(Int64)

    /// A member of the key of a list's element.
    public struct KeyMember: Sendable {
        public var name: String
        public var value: JSONValue

        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
}

extension PathElement: Comparable, Hashable {
    public static func < (left: PathElement, right: PathElement) -> Bool { order(left, right) < 0 }
    public static func == (left: PathElement, right: PathElement) -> Bool { order(left, right) == 0 }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .field(let name): hasher.combine(name)
        case .key(let members): for member in members { hasher.combine(member.value) }
        case .value(let value): hasher.combine(value)
        case .index(let index): hasher.combine(index)
        }
    }

    /// Negative, zero or positive: fields, keys, values, indices; each kind ascending.
    static func order(_ left: PathElement, _ right: PathElement) -> Int {
        switch (left, right) {
        case (.field(let left), .field(let right)): return Exactly.order(left, right)
        case (.key(let left), .key(let right)):
            for (left, right) in zip(left, right) {
                let names = Exactly.order(left.name, right.name)
                if names != 0 { return names }
                let values = order(left.value, right.value)
                if values != 0 { return values }
            }
            return left.count - right.count
        case (.value(let left), .value(let right)): return order(left, right)
        case (.index(let left), .index(let right)): return left < right ? -1 : left > right ? 1 : 0
        default: return left.rank - right.rank
        }
    }

    private var rank: Int {
        switch self {
        case .field: 0
        case .key: 1
        case .value: 2
        case .index: 3
        }
    }

    /// Scalars by kind and value. Lists and objects are no elements of sets: among themselves they go by their text.
    static func order(_ left: JSONValue, _ right: JSONValue) -> Int {
        switch (left, right) {
        case (.string(let left), .string(let right)): return Exactly.order(left, right)
        case (.integer(let left), .integer(let right)): return left < right ? -1 : left > right ? 1 : 0
        case (.bool(let left), .bool(let right)): return (left ? 1 : 0) - (right ? 1 : 0)
        case (.integer, .double), (.double, .integer), (.double, .double):
            let left = left.doubleValue ?? 0
            let right = right.doubleValue ?? 0
            return left < right ? -1 : left > right ? 1 : 0
        default:
            let ranks = rank(left) - rank(right)
            return ranks != 0 ? ranks : left == right ? 0 : Exactly.order(left.description, right.description)
        }
    }

    private static func rank(_ value: JSONValue) -> Int {
        switch value {
        case .integer, .double: 0
        case .string: 1
        case .bool: 2
        case .array: 3
        case .object: 4
        case .null: 5
        }
    }
}

extension PathElement: CustomStringConvertible {
    /// As conflicts print it: `.spec`, `[name="v1"]`, `[="x"]`, `[0]`.
    public var description: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let members): "[\(members.map { "\($0.name)=\(Self.text($0.value))" }.joined(separator: ","))]"
        case .value(let value): "[=\(Self.text(value))]"
        case .index(let index): "[\(index)]"
        }
    }

    private static func text(_ value: JSONValue) -> String {
        if case .string(let text) = value { GoText.quoted(text) } else { value.description }
    }
}

/// The way from a document to one of its parts.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    public var elements: [PathElement]

    public init(_ elements: [PathElement]) { self.elements = elements }

    /// The path of a member of a member: `FieldPath("metadata", "labels")`.
    public init(_ names: String...) { elements = names.map { .field($0) } }

    /// `.spec.tags[name="v1"].from`.
    public var description: String { elements.map(\.description).joined() }
}
