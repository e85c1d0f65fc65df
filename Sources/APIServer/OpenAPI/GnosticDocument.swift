import JSON

/// An OpenAPI 2.0 document as the protobuf message `openapi.v2.Document` of gnostic, which older clients of Kubernetes
/// ask for (spec/api-machinery.md 8.4). Covers what `OpenAPIv2Writer` writes.
enum GnosticDocument {
    static func bytes(_ document: JSONValue) -> [UInt8] { encode(document, as: .document) }

    /// A message and the members of JSON that make it.
    indirect enum Message {
        case document, info, paths, pathItem, operation, parameter, response, schema, securityDefinition
        /// A map: repeated pairs of a name and a value at one field.
        case map(Message)
        /// A message around another one, at field 1 if not said otherwise.
        case wrapped(Message, at: Int = 1)
        /// Repeated texts in a message of their own.
        case texts
    }

    /// How a member of JSON becomes a field.
    enum Form {
        case text, flag, texts
        case message(Message)
        case messages(Message)
    }

    /// A field number and its form by the name of the member; extensions go to `extensions`.
    struct Layout {
        var fields: [String: (number: Int, form: Form)]
        var extensions: Int?
    }

    private static func encode(_ value: JSONValue, as message: Message) -> [UInt8] {
        var out = GnosticWriter()
        switch message {
        case .map(let element):
            for (name, member) in value.objectValue ?? [:] { out.field(1, pair(name, encode(member, as: element))) }
        case .wrapped(let inner, let number): out.field(number, encode(value, as: inner))
        case .texts:
            for text in value.arrayValue ?? [value] { out.field(1, text.stringValue ?? "") }
        case .paths:
            for (name, member) in value.objectValue ?? [:] { out.field(2, pair(name, encode(member, as: .pathItem))) }
        case .parameter: parameter(value, to: &out)
        default: members(value, layout(of: message), to: &out)
        }
        return out.bytes
    }

    private static func members(_ value: JSONValue, _ layout: Layout, to out: inout GnosticWriter) {
        for (key, member) in value.objectValue ?? [:] {
            if let (number, form) = layout.fields[key] {
                field(number, member, form, to: &out)
            } else if key.hasPrefix("x-"), let number = layout.extensions {
                var any = GnosticWriter()
                // JSON is YAML too.
                any.field(2, String(decoding: member.jsonBytes(), as: UTF8.self))
                out.field(number, pair(key, any.bytes))
            }
        }
    }

    private static func field(_ number: Int, _ value: JSONValue, _ form: Form, to out: inout GnosticWriter) {
        switch form {
        case .text: out.field(number, value.stringValue ?? "")
        case .flag: out.field(number, value.boolValue ?? false)
        case .texts:
            for text in value.arrayValue ?? [] { out.field(number, text.stringValue ?? "") }
        case .message(let message): out.field(number, encode(value, as: message))
        case .messages(let message):
            for element in value.arrayValue ?? [] { out.field(number, encode(element, as: message)) }
        }
    }

    private static func pair(_ name: String, _ value: [UInt8]) -> [UInt8] {
        var out = GnosticWriter()
        out.field(1, name)
        out.field(2, value)
        return out.bytes
    }

    /// `ParametersItem`: each place of a parameter has a message of its own.
    private static func parameter(_ value: JSONValue, to out: inout GnosticWriter) {
        var inner = GnosticWriter()
        let place = value["in"]?.stringValue ?? ""
        members(value, parameterLayout(place), to: &inner)
        // The fields that lead from the item to the message: parameter, (non-)body, place.
        let path = place == "body" ? [1, 1] : [1, 2, place == "path" ? 4 : 3]
        var bytes = inner.bytes
        for number in path.dropFirst().reversed() {
            var wrapper = GnosticWriter()
            wrapper.field(number, bytes)
            bytes = wrapper.bytes
        }
        out.field(path[0], bytes)
    }
}

/// Appends fields of a protobuf message.
struct GnosticWriter {
    private(set) var bytes: [UInt8] = []

    mutating func field(_ number: Int, _ text: String) { field(number, Array(text.utf8)) }

    mutating func field(_ number: Int, _ value: Bool) {
        guard value else { return }
        varint(number << 3)
        bytes.append(1)
    }

    /// A text or a message that is already encoded.
    mutating func field(_ number: Int, _ content: [UInt8]) {
        varint(number << 3 | 2)
        varint(content.count)
        bytes += content
    }

    private mutating func varint(_ value: Int) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
