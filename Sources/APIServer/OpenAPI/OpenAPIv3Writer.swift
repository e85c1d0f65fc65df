import APIMachinery
import JSON

/// Paths in the form of OpenAPI 3.0.
enum OpenAPIv3Writer {
    static func path(_ path: OpenAPIPath) -> JSONValue {
        var object = JSONObject(members: path.operations.map { ($0.method, operation($0)) })
        if !path.parameters.isEmpty { object["parameters"] = .array(path.parameters.map(parameter)) }
        return .object(object)
    }

    private static func operation(_ operation: OpenAPIOperation) -> JSONValue {
        var object: JSONObject = [
            "tags": [.string(operation.tag)], "description": .string(operation.description),
            "operationId": .string(operation.id),
        ]
        if !operation.parameters.isEmpty { object["parameters"] = .array(operation.parameters.map(parameter)) }
        if let body = operation.body {
            var request: JSONObject = ["content": content(body.mediaTypes, body.definition)]
            if body.isRequired { request["required"] = true }
            object["requestBody"] = .object(request)
        }
        var responses = JSONObject()
        for code in operation.codes {
            responses["\(code)"] = [
                "description": .string(OpenAPIOperation.text(of: code)),
                "content": content(operation.produces, operation.definition),
            ]
        }
        responses["401"] = ["description": .string(OpenAPIOperation.text(of: 401))]
        object["responses"] = .object(responses)
        for (key, value) in extensions(of: operation) { object[key] = value }
        return .object(object)
    }

    /// What Kubernetes' clients read of an operation, in either version of OpenAPI.
    static func extensions(of operation: OpenAPIOperation) -> JSONObject {
        var object = JSONObject()
        if let action = operation.action { object["x-kubernetes-action"] = .string(action) }
        if let kind = operation.kind { object["x-kubernetes-group-version-kind"] = SchemaDefinitions.identity(kind) }
        return object
    }

    private static func content(_ mediaTypes: [String], _ definition: String) -> JSONValue {
        let schema: JSONValue = ["schema": ["$ref": .string(SchemaDefinitions.reference + definition)]]
        return .object(JSONObject(members: mediaTypes.sorted().map { ($0, schema) }))
    }

    private static func parameter(_ parameter: OpenAPIParameter) -> JSONValue {
        var object: JSONObject = [
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "description": .string(parameter.description),
        ]
        if parameter.place == .path { object["required"] = true }
        object["schema"] = ["type": .string(parameter.type.rawValue), "uniqueItems": true]
        return .object(object)
    }
}
