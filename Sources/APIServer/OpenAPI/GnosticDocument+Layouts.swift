/// The field numbers of `openapi.v2` (gnostic, OpenAPIv2.proto).
extension GnosticDocument {
    static func layout(of message: Message) -> Layout {
        switch message {
        case .document:
            Layout(fields: [
                "swagger": (1, .text), "info": (2, .message(.info)), "paths": (8, .message(.paths)),
                "definitions": (9, .message(.map(.schema))), "security": (12, .messages(.map(.texts))),
                "securityDefinitions": (13, .message(.map(.wrapped(.securityDefinition, at: 2)))),
            ])
        case .info: Layout(fields: ["title": (1, .text), "version": (2, .text)])
        case .pathItem:
            Layout(
                fields: [
                    "get": (2, .message(.operation)), "put": (3, .message(.operation)),
                    "post": (4, .message(.operation)), "delete": (5, .message(.operation)),
                    "patch": (8, .message(.operation)), "parameters": (9, .messages(.parameter)),
                ], extensions: 10)
        case .operation:
            Layout(
                fields: [
                    "tags": (1, .texts), "description": (3, .text), "operationId": (5, .text),
                    "produces": (6, .texts), "consumes": (7, .texts), "parameters": (8, .messages(.parameter)),
                    "responses": (9, .message(.map(.wrapped(.response)))), "schemes": (10, .texts),
                ], extensions: 13)
        case .response:
            Layout(fields: ["description": (1, .text), "schema": (2, .message(.wrapped(.schema)))], extensions: 5)
        case .schema:
            Layout(
                fields: [
                    "$ref": (1, .text), "format": (2, .text), "description": (4, .text), "uniqueItems": (16, .flag),
                    "required": (19, .texts), "additionalProperties": (21, .message(.wrapped(.schema))),
                    "type": (22, .message(.texts)), "items": (23, .message(.wrapped(.schema))),
                    "properties": (25, .message(.map(.schema))),
                ], extensions: 31)
        case .securityDefinition:
            Layout(fields: ["type": (1, .text), "name": (2, .text), "in": (3, .text), "description": (4, .text)])
        case .paths, .parameter, .map, .wrapped, .texts: Layout(fields: [:])
        }
    }

    static func parameterLayout(_ place: String) -> Layout {
        switch place {
        case "body":
            Layout(
                fields: [
                    "description": (1, .text), "name": (2, .text), "in": (3, .text), "required": (4, .flag),
                    "schema": (5, .message(.schema)),
                ], extensions: 6)
        case "path":
            Layout(
                fields: [
                    "required": (1, .flag), "in": (2, .text), "description": (3, .text), "name": (4, .text),
                    "type": (5, .text), "uniqueItems": (19, .flag),
                ], extensions: 22)
        default:
            Layout(
                fields: [
                    "required": (1, .flag), "in": (2, .text), "description": (3, .text), "name": (4, .text),
                    "type": (6, .text), "uniqueItems": (20, .flag),
                ], extensions: 23)
        }
    }
}
