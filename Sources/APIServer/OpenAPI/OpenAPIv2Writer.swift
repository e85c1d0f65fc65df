import APIMachinery
import JSON

/// Paths and definitions in the form of OpenAPI 2.0 (Swagger).
enum OpenAPIv2Writer {
    private static let reference = "#/definitions/"

    static func path(_ path: OpenAPIPath) -> JSONValue {
        var object = JSONObject(members: path.operations.map { ($0.method, operation($0)) })
        if !path.parameters.isEmpty { object["parameters"] = .array(path.parameters.map(parameter)) }
        return .object(object)
    }

    /// A schema of the newer form: without defaults, and a reference stands beside its description.
    static func schema(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            var result = JSONObject()
            for (key, member) in object {
                switch key {
                case "default": continue
                case "$ref":
                    let name = member.stringValue?.dropFirst(SchemaDefinitions.reference.count) ?? ""
                    result[key] = .string(reference + name)
                case "allOf":
                    for element in member.arrayValue ?? [] {
                        for (inner, value) in schema(element).objectValue ?? [:] { result[inner] = value }
                    }
                case "oneOf":
                    // There is no choice here: the first is the common form.
                    for (inner, value) in schema(member.arrayValue?.first ?? .null).objectValue ?? [:] {
                        result[inner] = value
                    }
                case "properties":
                    // Their keys are names of members, not words of the schema.
                    let properties = (member.objectValue ?? [:]).map { ($0.key, schema($0.value)) }
                    result[key] = .object(JSONObject(members: properties))
                default: result[key] = schema(member)
                }
            }
            return .object(result)
        case .array(let elements): return .array(elements.map(schema))
        default: return value
        }
    }

    private static func operation(_ operation: OpenAPIOperation) -> JSONValue {
        // Only documents that are no resource are read by one type of body.
        let any = operation.action == nil ? OpenAPIOperation.objectTypes : ["*/*"]
        var parameters = operation.parameters.map(parameter)
        if let body = operation.body { parameters.insert(Self.body(body), at: 0) }
        var object: JSONObject = [
            "description": .string(operation.description),
            "consumes": strings(operation.body?.mediaTypes ?? any), "produces": strings(operation.produces),
            "schemes": ["https"], "tags": [.string(operation.tag)], "operationId": .string(operation.id),
        ]
        if !parameters.isEmpty { object["parameters"] = .array(parameters) }
        var responses = JSONObject()
        for code in operation.codes {
            responses["\(code)"] = [
                "description": .string(OpenAPIOperation.text(of: code)),
                "schema": ["$ref": .string(reference + operation.definition)],
            ]
        }
        responses["401"] = ["description": .string(OpenAPIOperation.text(of: 401))]
        object["responses"] = .object(responses)
        for (key, value) in OpenAPIv3Writer.extensions(of: operation) { object[key] = value }
        return .object(object)
    }

    private static func body(_ body: OpenAPIOperation.Body) -> JSONValue {
        var object: JSONObject = [
            "name": "body", "in": "body", "schema": ["$ref": .string(reference + body.definition)],
        ]
        if body.isRequired { object["required"] = true }
        return .object(object)
    }

    private static func parameter(_ parameter: OpenAPIParameter) -> JSONValue {
        var object: JSONObject = [
            "uniqueItems": true, "type": .string(parameter.type.rawValue),
            "description": .string(parameter.description), "name": .string(parameter.name),
            "in": .string(parameter.place.rawValue),
        ]
        if parameter.place == .path { object["required"] = true }
        return .object(object)
    }

    private static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
}
