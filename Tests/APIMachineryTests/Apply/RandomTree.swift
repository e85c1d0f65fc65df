import JSON

@testable import APIMachinery

/// The same numbers for the same seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Documents and field sets that nobody would write.
enum RandomTree {
    private static let words = [
        "a", "b", "name", "tags", "spec", "labels", "metadata", "finalizers", "$patch", "é", "",
    ]

    static func value(_ random: inout SeededRandom, depth: Int = 4) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: -3...3, using: &random))
        case 3: return .double(0.5)
        case 4: return .string(words.randomElement(using: &random) ?? "")
        case 5:
            let count = Int.random(in: 0...4, using: &random)
            return .array((0..<count).map { _ in value(&random, depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                object[words.randomElement(using: &random) ?? ""] = value(&random, depth: depth - 1)
            }
            return .object(object)
        }
    }

    /// A value that fits a type, with parts that mostly repeat between calls.
    static func value(of type: FieldType, _ random: inout SeededRandom, depth: Int = 6) -> JSONValue {
        switch type {
        case .string, .bytes: return .string(["a", "b", "c"].randomElement(using: &random) ?? "")
        case .int32, .int64: return .integer(Int64.random(in: 0...2, using: &random))
        case .bool: return .bool(Bool.random(using: &random))
        case .time, .microTime: return "2001-02-03T04:05:06Z"
        case .quantity: return .string(["1", "2Gi"].randomElement(using: &random) ?? "")
        case .rawJSON: return value(&random, depth: 2)
        case .object(let schema):
            var object = JSONObject()
            for field in schema.fields where depth > 0 && Bool.random(using: &random) {
                if field.name == "managedFields" || field.name == "resourceVersion" { continue }
                object[field.name] = list(value(of: field.type, &random, depth: depth - 1), of: field)
            }
            return .object(object)
        case .list(let element):
            return .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in value(of: element, &random, depth: depth - 1) })
        case .map(let element):
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                object[["x", "y", "z"].randomElement(using: &random) ?? ""] = value(
                    of: element, &random, depth: depth - 1)
            }
            return .object(object)
        }
    }

    /// Lists of configurations have each element once.
    private static func list(_ value: JSONValue, of field: FieldSchema) -> JSONValue {
        guard case .array(let elements) = value, field.effectiveListType != .atomic else { return value }
        let key = field.listKeys.first
        var seen: Set<JSONValue> = []
        return .array(
            JSONArray(
                elements.filter { element in
                    seen.insert(key.map { element[$0] ?? "" } ?? element).inserted
                }))
    }

    static func fieldSet(_ random: inout SeededRandom, depth: Int = 3) -> FieldSet {
        var paths: [FieldPath] = []
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            paths.append(FieldPath((0...Int.random(in: 0..<depth, using: &random)).map { _ in element(&random) }))
        }
        return FieldSet(paths)
    }

    private static func element(_ random: inout SeededRandom) -> PathElement {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .key([.init(name: "name", value: .string(words.randomElement(using: &random) ?? ""))])
        case 1: .value(.integer(Int64.random(in: 0...2, using: &random)))
        case 2: .index(Int64.random(in: 0...2, using: &random))
        default: .field(words.randomElement(using: &random) ?? "")
        }
    }
}
