import JSON

/// OpenAPI documents as the protobuf messages of gnostic, `openapi.v2.Document` and `openapi.v3.Document`, which some
/// clients of Kubernetes ask for (spec/api-machinery.md 8.4, 8.5). Covers what the writers of this folder write.
enum GnosticDocument {
    static func v2(_ document: JSONValue) -> [UInt8] { encode(document, as: .members(.document2)) }
    static func v3(_ document: JSONValue) -> [UInt8] { encode(document, as: .members(.document3)) }

    private static func encode(_ value: JSONValue, as message: GnosticMessage) -> [UInt8] {
        var out = GnosticWriter()
        switch message {
        case .members(let name): members(value, name.layout, to: &out)
        case .map(let element, let number):
            for (name, member) in value.objectValue ?? [:] {
                out.field(number, pair(name, encode(member, as: element)))
            }
        case .wrapped(let inner, let number): out.field(number, encode(value, as: inner))
        case .texts:
            for text in value.arrayValue ?? [value] { out.field(1, text.stringValue ?? "") }
        case .parameter2: parameter(value, to: &out)
        case .schemaOrReference:
            let isReference = value["$ref"] != nil
            out.field(isReference ? 2 : 1, encode(value, as: .members(isReference ? .reference3 : .schema3)))
        case .defaultValue: defaultValue(value, to: &out)
        }
        return out.bytes
    }

    private static func members(_ value: JSONValue, _ layout: GnosticLayout, to out: inout GnosticWriter) {
        for (key, member) in value.objectValue ?? [:] {
            if let (number, form) = layout.fields[key] {
                field(number, member, form, to: &out)
            } else if key.hasPrefix("x-"), let number = layout.extensions {
                var any = GnosticWriter()
                // The field wants YAML, which JSON is too.
                any.field(2, String(decoding: member.jsonBytes(), as: UTF8.self))
                out.field(number, pair(key, any.bytes))
            }
        }
    }

    private static func field(_ number: Int, _ value: JSONValue, _ form: GnosticForm, to out: inout GnosticWriter) {
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

    /// `ParametersItem` of version 2: each place of a parameter has a message of its own.
    private static func parameter(_ value: JSONValue, to out: inout GnosticWriter) {
        let place = value["in"]?.stringValue ?? ""
        let name: GnosticName = place == "body" ? .bodyParameter2 : place == "path" ? .pathParameter2 : .queryParameter2
        // The fields that lead from the item to the message: parameter, (non-)body, place.
        let path = place == "body" ? [1, 1] : [1, 2, place == "path" ? 4 : 3]
        var message = GnosticMessage.members(name)
        for number in path.reversed() { message = .wrapped(message, at: number) }
        out.append(encode(value, as: message))
    }

    /// `DefaultType`: objects have no form there and stay empty, as the reference's do.
    private static func defaultValue(_ value: JSONValue, to out: inout GnosticWriter) {
        switch value {
        case .integer, .double: out.field(1, value.doubleValue ?? 0)
        case .bool(let flag): out.field(2, flag)
        case .string(let text): out.field(3, text)
        default: break
        }
    }
}
