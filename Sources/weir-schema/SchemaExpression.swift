/// The type of a field as the schema writes it: `string`, `[]TagReference`, `map[string]`, `time?`.
struct SchemaExpression {
    indirect enum Shape {
        case string, int64, int32, bool, bytes, time, microTime, quantity, raw
        case type(String)
        case list(Shape)
        case map(Shape)
    }

    let shape: Shape
    /// Absence differs from the empty value.
    let isPointer: Bool

    init(_ text: String, at place: String) throws {
        isPointer = text.hasSuffix("?")
        shape = try Self.parse(isPointer ? String(text.dropLast()) : text, at: place)
    }

    private static func parse(_ text: String, at place: String) throws -> Shape {
        if text.hasPrefix("[]") { return .list(try parse(String(text.dropFirst(2)), at: place)) }
        if text.hasPrefix("map["), text.hasSuffix("]") {
            return .map(try parse(String(text.dropFirst(4).dropLast()), at: place))
        }
        switch text {
        case "string": return .string
        case "int64": return .int64
        case "int32": return .int32
        case "bool": return .bool
        case "bytes": return .bytes
        case "time": return .time
        case "microtime": return .microTime
        case "quantity": return .quantity
        case "json": return .raw
        default:
            guard let first = text.first, first.isUppercase else { throw SchemaError("\(place): unknown type \(text)") }
            return .type(text)
        }
    }

    var isCollection: Bool {
        switch shape {
        case .list, .map: true
        default: false
        }
    }

    var isRaw: Bool {
        if case .raw = shape { true } else { false }
    }

    /// Whether values have strings of their own, not in a declared type.
    var holdsStrings: Bool {
        switch shape {
        case .string, .list(.string), .map: true
        default: false
        }
    }

    /// What `out` is where the schema says nothing: structs are always there, pointers only when set.
    var defaultOutput: String? {
        if isPointer { return "omit" }
        if case .type = shape { return "always" }
        return nil
    }

    var swiftType: String { Self.swiftType(shape) + (isPointer ? "?" : "") }

    var swiftDefault: String {
        if isPointer { return "nil" }
        switch shape {
        case .string: return "\"\""
        case .int64, .int32: return "0"
        case .bool: return "false"
        case .bytes, .list: return "[]"
        case .map: return "[:]"
        case .time, .microTime, .quantity, .raw, .type: return Self.swiftType(shape) + "()"
        }
    }

    private static func swiftType(_ shape: Shape) -> String {
        switch shape {
        case .string: "String"
        case .int64: "Int64"
        case .int32: "Int32"
        case .bool: "Bool"
        case .bytes: "[UInt8]"
        case .time: "Timestamp"
        case .microTime: "MicroTime"
        case .quantity: "Quantity"
        case .raw: "RawJSON"
        case .type(let name): name
        case .list(let element): "[\(swiftType(element))]"
        case .map(let value): "[String: \(swiftType(value))]"
        }
    }

    /// The `FieldType` of the runtime schema.
    static func fieldType(_ shape: Shape) -> String {
        switch shape {
        case .string: ".string"
        case .int64: ".int64"
        case .int32: ".int32"
        case .bool: ".bool"
        case .bytes: ".bytes"
        case .time: ".time"
        case .microTime: ".microTime"
        case .quantity: ".quantity"
        case .raw: ".rawJSON"
        case .type(let name): ".object(\(name).schema)"
        case .list(let element): ".list(\(fieldType(element)))"
        case .map(let value): ".map(\(fieldType(value)))"
        }
    }

    /// Names of the declared types it mentions.
    var references: [String] {
        var shape = shape
        while true {
            switch shape {
            case .list(let inner), .map(let inner): shape = inner
            case .type(let name): return [name]
            default: return []
            }
        }
    }
}
