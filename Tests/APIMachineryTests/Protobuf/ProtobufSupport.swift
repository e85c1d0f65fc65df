import APIMachinery
import JSON

/// Bytes of hexadecimal digits; blanks are ignored.
func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 / 16, radix: 16) + String($0 % 16, radix: 16) }.joined()
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// A type put together in a test, to try forms that no declared type has yet.
func schema(_ name: String, _ fields: [FieldSchema]) -> TypeSchema {
    TypeSchema(name: name, goType: "v1.\(name)", openAPIName: name, documentation: "", fields: fields)
}

func field(_ name: String, _ type: FieldType, _ numbers: Int..., isPointer: Bool = false) -> FieldSchema {
    FieldSchema(
        name: name, type: type, isPointer: isPointer, output: .omit, protobuf: numbers, documentation: "")
}

/// Makes objects of any declared type.
struct RandomObjects {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// An object in which each member is there or not.
    mutating func object(_ schema: TypeSchema) -> JSONValue {
        var members = JSONObject()
        for field in schema.fields where !field.protobuf.isEmpty && Bool.random(using: &generator) {
            members[field.name] = value(field.type)
        }
        return .object(members)
    }

    private mutating func value(_ type: FieldType) -> JSONValue {
        switch type {
        case .string: return .string(text())
        case .int64: return .integer(Int64(bitPattern: generator.next()) >> Int64.random(in: 0...63, using: &generator))
        case .int32: return .integer(Int64(Int32.random(in: .min ... .max, using: &generator)))
        case .bool: return .bool(Bool.random(using: &generator))
        case .bytes:
            let bytes = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            return .string(APIMachineryTests.text(Base64.encode(bytes)))
        case .time:
            return .string(
                Timestamp(secondsSince1970: Int64.random(in: -9_999_999_999...253_402_300_799, using: &generator))
                    .description)
        case .microTime:
            return .string(
                MicroTime(
                    microsecondsSince1970: Int64.random(
                        in: -9_999_999_999_999_999...253_402_300_799_000_000, using: &generator)
                ).description)
        case .quantity:
            return .string(["0", "500m", "1Gi", "12e6", "3n", "-7"].randomElement(using: &generator) ?? "1")
        case .rawJSON: return ["f:a": [1, 2.5, "<x>", nil], "big": .string(text())]
        case .object(let schema): return object(schema)
        case .list(let element):
            return .array((0..<Int.random(in: 1...3, using: &generator)).map { _ in value(element) })
        case .map(let element):
            return .object(
                JSONObject((0..<Int.random(in: 1...3, using: &generator)).map { ("k\($0)" + text(), value(element)) }))
        }
    }

    private mutating func text() -> String {
        ["", "a", "image.openshift.io/v1", "Größe 世界 \u{2028}", "\u{0}\t\"\\"].randomElement(using: &generator) ?? ""
    }
}
