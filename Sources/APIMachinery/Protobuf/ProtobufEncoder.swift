import JSON

/// Turns the JSON of an object into protobuf, driven by the schema of its type and in one pass over the text.
///
/// The JSON is the server's own. Members that the type does not declare are left out.
struct ProtobufEncoder {
    /// `kind` and `apiVersion` of the outermost object, empty where it has none.
    private(set) var kind = ""
    private(set) var apiVersion = ""
    /// Fields of the messages under way, in the order of the JSON; a complete message leaves it in its own order.
    private var scratch = ProtobufWriter()

    /// The message of a whole text.
    mutating func document(_ json: [UInt8], _ schema: TypeSchema) throws(JSONError) -> [UInt8] {
        try JSONReader.withReader(json, limits: JSONLimits(bytes: .max)) { (reader) throws(JSONError) in
            let message = try message(schema, &reader, isDocument: true)
            try reader.finish()
            return message
        }
    }

    private mutating func message(
        _ schema: TypeSchema, _ reader: inout JSONReader, isDocument: Bool = false
    ) throws(JSONError) -> [UInt8] {
        let start = scratch.count
        var fields = [Range<Int>?](repeating: nil, count: schema.fields.count)
        var expected = 0
        try reader.enterObject()
        while let key = try reader.nextKey() {
            if let position = schema.position(of: key, from: expected) {
                expected = position + 1
                if try reader.readNull() { continue }
                if let number = schema.fields[position].protobuf.last {
                    let fieldStart = scratch.count
                    try encode(schema.fields[position].type, number, &reader)
                    fields[position] = fieldStart..<scratch.count
                } else {
                    try reader.skipValue()
                }
            } else if isDocument && key == "kind" {
                kind = try reader.readString()
            } else if isDocument && key == "apiVersion" {
                apiVersion = try reader.readString()
            } else {
                try reader.skipValue()
            }
        }
        let message = schema.layout.assemble(fields, from: scratch.bytes)
        scratch.truncate(to: start)
        return message
    }

    private mutating func encode(
        _ type: FieldType, _ number: Int, _ reader: inout JSONReader
    ) throws(JSONError) {
        switch type {
        case .string: scratch.field(number, try reader.readString())
        case .int64: scratch.field(number, try reader.readInt64())
        case .int32: scratch.field(number, Int64(try reader.readInt32()))
        case .bool: scratch.field(number, try reader.readBool())
        case .bytes: scratch.field(number, try reader.readBytes())
        case .time: scratch.field(number, Self.time(try Timestamp(from: &reader)))
        case .microTime: scratch.field(number, Self.time(try MicroTime(from: &reader)))
        case .quantity: scratch.field(number, Self.message(of: try Quantity(from: &reader)))
        case .rawJSON: scratch.field(number, try reader.readRaw())
        case .object(let schema): scratch.field(number, try message(schema, &reader))
        case .list(let element):
            try reader.enterArray()
            while try reader.hasNextElement() {
                if try reader.readNull() {
                    scratch.append(element.zeroField(number))
                } else {
                    try encodeInner(element, number, &reader)
                }
            }
        case .map(let value): try encodeMap(value, number, &reader)
        }
    }

    /// An element or map value: what is itself a list becomes a message with the field `items` (`Verbs`, `ExtraValue`).
    private mutating func encodeInner(
        _ type: FieldType, _ number: Int, _ reader: inout JSONReader
    ) throws(JSONError) {
        switch type {
        case .list, .map:
            let start = scratch.count
            try encode(type, 1, &reader)
            scratch.field(number, scratch.take(from: start))
        default: try encode(type, number, &reader)
        }
    }

    /// One message for each entry, by ascending bytes of the keys.
    private mutating func encodeMap(
        _ type: FieldType, _ number: Int, _ reader: inout JSONReader
    ) throws(JSONError) {
        var values: [String: [UInt8]] = [:]
        try reader.enterObject()
        while let key = try reader.nextKey() {
            if try reader.readNull() {
                values[key] = type.zeroField(2)
            } else {
                let start = scratch.count
                try encodeInner(type, 2, &reader)
                values[key] = scratch.take(from: start)
            }
        }
        for (key, value) in values.sorted(by: { Exactly.precedes($0.key, $1.key) }) {
            var entry = ProtobufWriter()
            entry.field(1, key)
            entry.append(value)
            scratch.field(number, entry.bytes)
        }
    }

    /// Its text, in a message of its own.
    static func message(of quantity: Quantity) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.field(1, quantity.description)
        return writer.bytes
    }

    /// Seconds and nanoseconds, the latter always zero; the zero time is an empty message.
    private static func time(_ time: Timestamp) -> [UInt8] {
        time.isZero ? [] : self.time(seconds: time.secondsSince1970, nanoseconds: 0)
    }

    private static func time(_ time: MicroTime) -> [UInt8] {
        guard !time.isZero else { return [] }
        let (quotient, remainder) = time.microsecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0
            ? self.time(seconds: quotient - 1, nanoseconds: (remainder + 1_000_000) * 1000)
            : self.time(seconds: quotient, nanoseconds: remainder * 1000)
    }

    private static func time(seconds: Int64, nanoseconds: Int64) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.field(1, seconds)
        writer.field(2, nanoseconds)
        return writer.bytes
    }
}
