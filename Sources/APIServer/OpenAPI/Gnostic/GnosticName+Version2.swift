extension GnosticName {
    /// The field numbers of `openapi.v2` (gnostic, OpenAPIv2.proto).
    var version2: GnosticLayout? {
        switch self {
        case .document2:
            GnosticLayout(fields: [
                "swagger": (1, .text), "info": (2, .message(.members(.info2))),
                "paths": (8, .message(.map(.members(.pathItem2), at: 2))),
                "definitions": (9, .message(.map(.members(.schema2)))), "security": (12, .messages(.map(.texts))),
                "securityDefinitions": (13, .message(.map(.wrapped(.members(.security2), at: 2)))),
            ])
        case .info2: GnosticLayout(fields: ["title": (1, .text), "version": (2, .text)])
        case .pathItem2:
            GnosticLayout(
                fields: [
                    "get": (2, .message(.members(.operation2))), "put": (3, .message(.members(.operation2))),
                    "post": (4, .message(.members(.operation2))), "delete": (5, .message(.members(.operation2))),
                    "patch": (8, .message(.members(.operation2))), "parameters": (9, .messages(.parameter2)),
                ], extensions: 10)
        case .operation2:
            GnosticLayout(
                fields: [
                    "tags": (1, .texts), "description": (3, .text), "operationId": (5, .text),
                    "produces": (6, .texts), "consumes": (7, .texts), "parameters": (8, .messages(.parameter2)),
                    "responses": (9, .message(.map(.wrapped(.members(.response2))))), "schemes": (10, .texts),
                ], extensions: 13)
        case .response2:
            GnosticLayout(
                fields: ["description": (1, .text), "schema": (2, .message(.wrapped(.members(.schema2))))],
                extensions: 5)
        case .schema2:
            GnosticLayout(
                fields: [
                    "$ref": (1, .text), "format": (2, .text), "description": (4, .text), "required": (19, .texts),
                    "additionalProperties": (21, .message(.wrapped(.members(.schema2)))),
                    "type": (22, .message(.texts)), "items": (23, .message(.wrapped(.members(.schema2)))),
                    "properties": (25, .message(.map(.members(.schema2)))),
                ], extensions: 31)
        case .bodyParameter2:
            GnosticLayout(
                fields: [
                    "description": (1, .text), "name": (2, .text), "in": (3, .text), "required": (4, .flag),
                    "schema": (5, .message(.members(.schema2))),
                ], extensions: 6)
        case .pathParameter2:
            GnosticLayout(
                fields: [
                    "required": (1, .flag), "in": (2, .text), "description": (3, .text), "name": (4, .text),
                    "type": (5, .text), "uniqueItems": (19, .flag),
                ], extensions: 22)
        case .queryParameter2:
            GnosticLayout(
                fields: [
                    "required": (1, .flag), "in": (2, .text), "description": (3, .text), "name": (4, .text),
                    "type": (6, .text), "uniqueItems": (20, .flag),
                ], extensions: 23)
        case .security2:
            GnosticLayout(fields: ["type": (1, .text), "name": (2, .text), "in": (3, .text), "description": (4, .text)])
        default: nil
        }
    }
}
