import JSON

/// Turns a protobuf message into the JSON of an object, driven by the schema of its type.
///
/// The message may come from anybody. Fields the type does not declare are skipped, absent ones stay absent, of a
/// scalar written twice the last value counts, and messages written twice are merged, as protobuf demands. A schema is
/// finite, and so is the recursion here. The JSON is at most six times as long as the message.
struct ProtobufDecoder {
    /// Whether a string was not UTF-8 and was repaired.
    private(set) var repairsText = false

    /// - Parameter identity: written as `kind` and `apiVersion` before the members.
    mutating func document(
        _ message: [UInt8], _ schema: TypeSchema, identity: (kind: String, apiVersion: String)?
    ) throws(ProtobufError) -> [UInt8] {
        var writer = JSONWriter(capacity: message.count * 2)
        writer.beginObject()
        if let identity {
            writer.key("kind")
            writer.write(identity.kind)
            writer.key("apiVersion")
            writer.write(identity.apiVersion)
        }
        try writeMembers(ProtobufReader(message), schema, to: &writer)
        writer.endObject()
        return writer.finish()
    }

    private mutating func writeMembers(
        _ message: ProtobufReader, _ schema: TypeSchema, to writer: inout JSONWriter
    ) throws(ProtobufError) {
        var values = [[ProtobufReader.Value]](repeating: [], count: schema.fields.count)
        try Self.collect(message, schema.layout, schema.fields, into: &values)
        for (position, field) in schema.fields.enumerated() where !values[position].isEmpty {
            writer.key(field.name)
            try write(field.type, Occurrences(message.bytes, values[position], field: field.name), to: &writer)
        }
    }

    /// Sorts the values of a message by the members they belong to; nested messages that JSON keeps flat are opened.
    private static func collect(
        _ message: ProtobufReader, _ layout: ProtobufLayout, _ fields: [FieldSchema],
        into values: inout [[ProtobufReader.Value]]
    ) throws(ProtobufError) {
        var message = message
        while let (number, value) = try message.next() {
            guard let entry = layout.entry(number) else { continue }
            switch entry.content {
            case .field(let position):
                guard fields[position].type.accepts(value) else {
                    throw .wrongWireType(field: fields[position].name, wireType: value.wireType)
                }
                values[position].append(value)
            case .message(let inner):
                guard case .bytes(let range) = value else {
                    throw .wrongWireType(field: String(number), wireType: value.wireType)
                }
                try collect(ProtobufReader(message.bytes, range), inner, fields, into: &values)
            }
        }
    }

    // MARK: Values

    private mutating func write(
        _ type: FieldType, _ values: Occurrences, to writer: inout JSONWriter
    ) throws(ProtobufError) {
        switch type {
        case .string: writer.write(text(values.lastBytes))
        case .int64: writer.write(Int64(bitPattern: values.lastNumber))
        case .int32: writer.write(Int64(Int32(truncatingIfNeeded: values.lastNumber)))
        case .bool: writer.write(values.lastNumber != 0)
        case .bytes: writer.write(base64: Array(values.lastBytes))
        case .time: try values.time().encode(to: &writer)
        case .microTime: try values.microTime().encode(to: &writer)
        case .quantity: try writeQuantity(values, to: &writer)
        case .rawJSON: try writeRaw(values, to: &writer)
        case .object(let schema):
            writer.beginObject()
            try writeMembers(values.merged(), schema, to: &writer)
            writer.endObject()
        case .list(let element): try writeList(element, values, to: &writer)
        case .map(let value): try writeMap(value, values, to: &writer)
        }
    }

    private mutating func writeList(
        _ element: FieldType, _ values: Occurrences, to writer: inout JSONWriter
    ) throws(ProtobufError) {
        writer.beginArray()
        for value in values.values {
            if case .bytes(let range) = value, element.isNumber {
                var packed = ProtobufReader(values.bytes, range)
                while !packed.isAtEnd {
                    writer.element()
                    try write(element, values.only(.number(try packed.varint())), to: &writer)
                }
            } else {
                writer.element()
                try writeInner(element, values.only(value), to: &writer)
            }
        }
        writer.endArray()
    }

    /// An element or map value: what is itself a list stands in a message with the field `items`.
    private mutating func writeInner(
        _ type: FieldType, _ values: Occurrences, to writer: inout JSONWriter
    ) throws(ProtobufError) {
        switch type {
        case .list, .map: try write(type, try values.field(1, type), to: &writer)
        default: try write(type, values, to: &writer)
        }
    }

    /// Entries in the order in which they came; of a key written twice the last value counts.
    private mutating func writeMap(
        _ type: FieldType, _ values: Occurrences, to writer: inout JSONWriter
    ) throws(ProtobufError) {
        var places: [ExactKey: Int] = [:]
        var entries: [(key: String, value: Occurrences)] = []
        for value in values.values {
            let entry = values.only(value)
            let key = text(try entry.field(1, .string).lastBytes)
            let content = try entry.field(2, type)
            if let place = places[ExactKey(key)] {
                entries[place].value = content
            } else {
                places[ExactKey(key)] = entries.count
                entries.append((key, content))
            }
        }
        writer.beginObject()
        for entry in entries {
            writer.key(entry.key)
            try writeInner(type, entry.value, to: &writer)
        }
        writer.endObject()
    }

    /// A JSON value that travels as its text; no text is no value.
    private mutating func writeRaw(_ values: Occurrences, to writer: inout JSONWriter) throws(ProtobufError) {
        var text = Array(values.lastBytes)
        guard !text.isEmpty else {
            writer.writeNull()
            return
        }
        do throws(JSONError) {
            writer.write(raw: try RawJSON(parsing: text).bytes)
            return
        } catch {
            guard error.kind == .encoding else { throw .invalidValue(field: values.field, error.message) }
        }
        text = Array(self.text(text[...]).utf8)
        do throws(JSONError) {
            writer.write(raw: try RawJSON(parsing: text).bytes)
        } catch {
            throw .invalidValue(field: values.field, error.message)
        }
    }

    /// A message that says nothing is zero; the text is read where the object is.
    private mutating func writeQuantity(_ values: Occurrences, to writer: inout JSONWriter) throws(ProtobufError) {
        let text = text(try values.field(1, .string).lastBytes)
        do throws(QuantityError) {
            writer.write(text.isEmpty ? Quantity().description : try Quantity(parsing: text).description)
        } catch {
            throw .invalidValue(field: values.field, error.text)
        }
    }

    private mutating func text(_ bytes: ArraySlice<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        repairsText = true
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Keys are told apart by their bytes; strings of Swift would also compare equal where they only look the same.
private struct ExactKey: Hashable {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }
}

extension FieldType {
    fileprivate var isNumber: Bool {
        switch self {
        case .int64, .int32, .bool: true
        default: false
        }
    }

    /// Whether a field of this type may be written like that.
    func accepts(_ value: ProtobufReader.Value) -> Bool {
        switch (self, value) {
        case (.list(let element), .number): element.isNumber
        case (_, .number): isNumber
        case (_, .bytes): !isNumber
        case (_, .other): false
        }
    }
}
