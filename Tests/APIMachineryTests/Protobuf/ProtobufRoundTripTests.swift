import APIMachinery
import Identity
import ImageAPI
import JSON
import Testing

@Suite("Protobuf and back")
struct ProtobufRoundTripTests {
    struct Declared: Sendable, CustomTestStringConvertible {
        let type: any APIType.Type
        var testDescription: String { type.schema.name }
    }

    /// Every declared type with a protobuf form.
    static let declared = (APIMachineryTypes.all + ImageAPITypes.all + IdentityTypes.all)
        .filter { $0.schema.fields.contains { !$0.protobuf.isEmpty } }.map { Declared(type: $0) }

    @Test("Objects of every declared type survive the way through protobuf", arguments: declared)
    func roundTrip(_ declared: Declared) throws {
        func check<T: APIType>(_ type: T.Type) throws {
            var random = RandomObjects(seed: 7)
            for _ in 0..<50 {
                let object = try T.decode(random.object(T.schema).jsonBytes())
                let message = try T.schema.protobuf(ofJSON: object.encodedBytes())
                let back = try T.decode(try T.schema.json(ofProtobuf: message))
                #expect(text(back.encodedBytes()) == text(object.encodedBytes()))
                #expect(try T.schema.protobuf(ofJSON: back.encodedBytes()) == message)
            }
        }
        try check(declared.type)
    }

    @Test("Every member of a type that has protobuf numbers has one", arguments: declared)
    func complete(_ declared: Declared) {
        #expect(declared.type.schema.fields.allSatisfy { !$0.protobuf.isEmpty })
    }

    @Test("Lists are metadata and items", arguments: [true, false])
    func lists(isDeclared: Bool) throws {
        let schema = isDeclared ? ImageStreamList.schema : ImageStream.schema.list
        let json =
            #"{"kind":"ImageStreamList","apiVersion":"image.openshift.io/v1","metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"}}]}"#
        let envelope = try ProtobufEnvelope(json: Array(json.utf8), schema: schema)
        #expect(envelope.kind == "ImageStreamList")
        let item = "0a11 0a0161 1200 1a00 2200 2a00 3200 3800 4200 1206 0a00 1a02 1800 1a04 0a00 1a00"
        let itemBytes = bytes(hex: item)
        let expected = bytes(hex: "0a07 0a00 120139 1a00 12") + [UInt8(itemBytes.count)] + itemBytes
        #expect(hex(envelope.message) == hex(expected))
    }
}

@Suite("What protobuf always writes")
struct ProtobufPresenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let schema: TypeSchema
        let json: String
        let hex: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "scalars and messages that are no pointers are there, pointers and lists are not",
            schema: TagReference.schema, json: #"{"name":"v1"}"#,
            hex: "0a027631 2000 3206 0800 1000 1a00 3a02 0a00"),
        Case(
            name: "pointers are written with their zero when they are set", schema: TagReference.schema,
            json: #"{"name":"v1","generation":0,"from":{}}"#,
            hex: "0a027631 1a0e 0a00 1200 1a00 2200 2a00 3200 3a00 2000 2800 3206 0800 1000 1a00 3a02 0a00"),
        Case(
            name: "maps go by the bytes of their keys", schema: schema("Map", [field("m", .map(.string), 2)]),
            json: #"{"m":{"b":"1","a":"2","B":null}}"#,
            hex: "1205 0a0142 1200 1206 0a0161 120132 1206 0a0162 120131"),
        Case(
            name: "negative numbers take ten bytes",
            schema: schema("Numbers", [field("a", .int64, 1), field("b", .int32, 2)]), json: #"{"a":-1,"b":-2}"#,
            hex: "08ffffffffffffffffff01 10feffffffffffffffff01"),
        Case(
            name: "a time is seconds and nanoseconds, the zero time an empty message", schema: TagEvent.schema,
            json: #"{"created":"1970-01-01T00:00:01Z"}"#, hex: "0a04 0801 1000 1200 1a00 2000"),
        Case(name: "a zero time", schema: TagEvent.schema, json: #"{"created":null}"#, hex: "0a00 1200 1a00 2000"),
        Case(
            name: "raw JSON is its text inside a message", schema: schema("Raw", [field("r", .rawJSON, 3, 1)]),
            json: #"{"r":{"a": 1e3}}"#, hex: "1a0b 0a09 7b2261223a3165337d"),
        Case(name: "no raw JSON", schema: schema("Raw", [field("r", .rawJSON, 3, 1)]), json: "{}", hex: "1a00"),
        Case(
            name: "a pointer to raw JSON", schema: schema("Raw", [field("r", .rawJSON, 3, 1, isPointer: true)]),
            json: "{}", hex: ""),
        Case(
            name: "issuers nest what JSON keeps flat", schema: SignatureSubject.schema,
            json: #"{"publicKeyID":"k","commonName":"c"}"#, hex: "0a05 0a00 120163 12016b"),
        Case(
            name: "lists in maps are messages of items", schema: schema("Extra", [field("e", .map(.list(.string)), 5)]),
            json: #"{"e":{"k":["x",null]}}"#, hex: "2a0a 0a016b 1205 0a0178 0a00"),
        Case(
            name: "numbers out of order", schema: ImageStreamSpec.schema, json: #"{"lookupPolicy":{"local":true}}"#,
            hex: "0a00 1a02 1801"),
        Case(
            name: "verbs are a message of items", schema: APIResource.schema,
            json: #"{"name":"x","kind":"X","verbs":["get"]}"#,
            hex: "0a0178 1000 1a0158 2205 0a03676574 3200 4200 4a00 5200"),
    ]

    @Test("Presence follows the reference", arguments: cases)
    func presence(_ test: Case) throws {
        let message = try test.schema.protobuf(ofJSON: Array(test.json.utf8))
        #expect(hex(message) == hex(bytes(hex: test.hex)))
        let again = try test.schema.protobuf(ofJSON: test.schema.json(ofProtobuf: message))
        #expect(hex(again) == hex(message))
    }

    @Test(
        "Text that is no object of the type is refused", arguments: ["[]", #"{"name":1}"#, "{", #"{"generation":"x"}"#])
    func refusal(_ json: String) {
        #expect(throws: JSONError.self) { try TagReference.schema.protobuf(ofJSON: Array(json.utf8)) }
    }
}
