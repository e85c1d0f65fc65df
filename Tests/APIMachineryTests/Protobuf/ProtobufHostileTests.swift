import APIMachinery
import ImageAPI
import JSON
import Testing

@Suite("Protobuf from strangers")
struct ProtobufHostileTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let hex: String
        let error: ProtobufError
        var testDescription: String { name }
    }

    /// Messages of a TagReference.
    static let faults: [Fault] = [
        Fault(name: "a tag cut off", hex: "80", error: .truncated),
        Fault(name: "a length beyond the end", hex: "0a05 61", error: .truncated),
        Fault(name: "a number cut off", hex: "2080", error: .truncated),
        Fault(name: "a number of more than 64 bits", hex: "20 8080808080808080808001", error: .overflow),
        Fault(name: "a length of 64 bits", hex: "0a ffffffffffffffffff01", error: .negativeLength),
        Fault(name: "a length of 63 bits", hex: "0a ffffffffffffffff7f", error: .truncated),
        Fault(name: "field number zero", hex: "0000", error: .illegalTag(field: 0, wireType: 0)),
        Fault(name: "wire type 7", hex: "0f", error: .illegalTag(field: 1, wireType: 7)),
        Fault(name: "an end without a group", hex: "0c", error: .strayEndOfGroup),
        Fault(name: "a group without an end", hex: "7b 08", error: .truncated),
        Fault(name: "a number for a string", hex: "0801", error: .wrongWireType(field: "name", wireType: 0)),
        Fault(name: "a string for a number", hex: "2200", error: .wrongWireType(field: "reference", wireType: 2)),
        Fault(
            name: "eight bytes for a number", hex: "21 0000000000000000",
            error: .wrongWireType(field: "reference", wireType: 1)),
        Fault(name: "a group for a message", hex: "1b 1c", error: .wrongWireType(field: "from", wireType: 3)),
        Fault(name: "a fault inside a nested message", hex: "1a02 0a05", error: .truncated),
        Fault(name: "a number as a map entry", hex: "1001", error: .wrongWireType(field: "annotations", wireType: 0)),
        Fault(
            name: "a number as a map key", hex: "1202 0801", error: .wrongWireType(field: "annotations", wireType: 0)),
    ]

    @Test("Malformed messages are refused with the reference's words", arguments: faults)
    func malformed(_ fault: Fault) {
        #expect(throws: fault.error) { try TagReference.schema.json(ofProtobuf: bytes(hex: fault.hex)) }
    }

    @Test(
        "Unknown fields of every form are skipped",
        arguments: ["7801", "7a03616263", "79 0102030405060708", "7d 01020304", "7b 0a0161 0b 0801 0c 7c", "fa01 00"])
    func unknown(_ unknown: String) throws {
        let message = bytes(hex: unknown + "0a0161" + unknown)
        #expect(try text(TagReference.schema.json(ofProtobuf: message)) == #"{"name":"a"}"#)
    }

    @Test(
        "What is written twice counts as protobuf says",
        arguments: [
            ("0a0161 0a0162", #"{"name":"b"}"#), ("2001 2000", #"{"reference":false}"#),
            ("1a030a014b 1a031a014e", #"{"from":{"kind":"K","name":"N"}}"#),
            ("1206 0a016b 120131 1206 0a016b 120132", #"{"annotations":{"k":"2"}}"#),
            ("1200", #"{"annotations":{"":""}}"#),
        ])
    func repeated(_ message: String, _ json: String) throws {
        #expect(try text(TagReference.schema.json(ofProtobuf: bytes(hex: message))) == json)
    }

    @Test("Numbers of lists may be packed")
    func packed() throws {
        let numbers = schema("Numbers", [field("n", .list(.int64), 1)])
        #expect(try text(numbers.json(ofProtobuf: bytes(hex: "0a03 01ac02 0805"))) == #"{"n":[1,300,5]}"#)
        #expect(throws: ProtobufError.truncated) { try numbers.json(ofProtobuf: bytes(hex: "0a01 80")) }
    }

    @Test("Times out of range and malformed JSON inside are refused")
    func values() throws {
        #expect(throws: ProtobufError.invalidValue(field: "created", "time out of range")) {
            try TagEvent.schema.json(ofProtobuf: bytes(hex: "0a0a 08ffffffffffffffff7f"))
        }
        let raw = schema("Raw", [field("r", .rawJSON, 1, 1)])
        #expect(throws: ProtobufError.self) { try raw.json(ofProtobuf: bytes(hex: "0a03 0a017b")) }
        #expect(throws: ProtobufError.self) {
            try raw.json(
                ofProtobuf: [0x0A, 0xA5, 0x9C, 0x01, 0x0A, 0xA1, 0x9C, 0x01] + [UInt8](repeating: 0x5B, count: 20_001))
        }
        #expect(try text(raw.json(ofProtobuf: bytes(hex: "0a00"))) == "{}")
    }

    @Test("Text that is not UTF-8 is repaired, and that is told")
    func repair() throws {
        let envelope = ProtobufEnvelope(apiVersion: "v1", kind: "K", message: bytes(hex: "0a02ff61"))
        let (json, repairsText) = try envelope.json(LocalObjectReference.schema)
        #expect(repairsText)
        #expect(text(json) == "{\"kind\":\"K\",\"apiVersion\":\"v1\",\"name\":\"\u{FFFD}a\"}")
    }

    @Test(
        "Envelopes",
        arguments: [
            ("", ProtobufError.empty), ("6b3873", .noMagic), ("7b7d", .noMagic), ("6b387300", .emptyBody),
            ("6b387300 0a", .truncated), ("6b387300 0801", .wrongWireType(field: "typeMeta", wireType: 0)),
            ("6b387300 0a02 0801", .wrongWireType(field: "apiVersion", wireType: 0)),
        ])
    func envelopes(_ hex: String, _ error: ProtobufError) {
        #expect(throws: error) { try ProtobufEnvelope(parsing: bytes(hex: hex)) }
    }

    @Test("An envelope may leave out everything but one field")
    func minimalEnvelope() throws {
        let envelope = try ProtobufEnvelope(parsing: bytes(hex: "6b387300 1200"))
        #expect(envelope == ProtobufEnvelope(apiVersion: "", kind: "", message: []))
    }

    /// Damages valid messages at random. A trap ends the test process; everything else is an answer or an error.
    @Test("Damaged messages never trap, and what is read can be written", arguments: 0..<8)
    func fuzz(_ seed: Int) throws {
        var random = RandomObjects(seed: UInt64(seed))
        let types: [TypeSchema] = [
            ImageStream.schema, Image.schema, Secret.schema, Status.schema, APIResourceList.schema,
        ]
        for round in 0..<600 {
            let type = types[round % types.count]
            let object = random.object(type).jsonBytes()
            var body = try ProtobufEnvelope(json: object, schema: type).bytes
            for _ in 0..<Int.random(in: 0...4, using: &random.generator) { damage(&body, &random.generator) }
            guard let envelope = try? ProtobufEnvelope(parsing: body), let (json, _) = try? envelope.json(type) else {
                continue
            }
            _ = try JSONValue.parse(json)
            #expect(throws: Never.self) { try ProtobufEnvelope(json: json, schema: type) }
        }
    }

    private func damage(_ body: inout [UInt8], _ generator: inout SeededGenerator) {
        guard body.count > 5 else { return }
        let place = Int.random(in: 4..<body.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: body[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: body[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 2: body.removeSubrange(place...)
        case 3: body.remove(at: place)
        default:
            let start = Int.random(in: 4..<body.count, using: &generator)
            body.insert(contentsOf: body[start..<min(body.count, start + 20)], at: place)
        }
    }
}
