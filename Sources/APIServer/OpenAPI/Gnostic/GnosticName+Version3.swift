extension GnosticName {
    /// The field numbers of `openapi.v3` (gnostic, OpenAPIv3.proto).
    var version3: GnosticLayout? {
        switch self {
        case .document3:
            GnosticLayout(fields: [
                "openapi": (1, .text), "info": (2, .message(.members(.info3))),
                "paths": (4, .message(.map(.members(.pathItem3)))),
                "components": (5, .message(.members(.components3))),
            ])
        case .info3: GnosticLayout(fields: ["title": (1, .text), "version": (6, .text)])
        case .pathItem3:
            GnosticLayout(
                fields: [
                    "get": (4, .message(.members(.operation3))), "put": (5, .message(.members(.operation3))),
                    "post": (6, .message(.members(.operation3))), "delete": (7, .message(.members(.operation3))),
                    "patch": (10, .message(.members(.operation3))),
                    "parameters": (13, .messages(.wrapped(.members(.parameter3)))),
                ], extensions: 14)
        case .operation3:
            GnosticLayout(
                fields: [
                    "tags": (1, .texts), "description": (3, .text), "operationId": (5, .text),
                    "parameters": (6, .messages(.wrapped(.members(.parameter3)))),
                    "requestBody": (7, .message(.wrapped(.members(.requestBody3)))),
                    "responses": (8, .message(.map(.wrapped(.members(.response3)), at: 2))),
                ], extensions: 13)
        case .parameter3:
            GnosticLayout(
                fields: [
                    "name": (1, .text), "in": (2, .text), "description": (3, .text), "required": (4, .flag),
                    "schema": (10, .message(.schemaOrReference)),
                ], extensions: 14)
        case .requestBody3:
            GnosticLayout(
                fields: ["content": (2, .message(.map(.members(.mediaType3)))), "required": (3, .flag)], extensions: 4)
        case .response3:
            GnosticLayout(
                fields: ["description": (1, .text), "content": (3, .message(.map(.members(.mediaType3))))],
                extensions: 5)
        case .mediaType3: GnosticLayout(fields: ["schema": (1, .message(.schemaOrReference))], extensions: 5)
        case .components3:
            GnosticLayout(
                fields: [
                    "schemas": (1, .message(.map(.schemaOrReference))),
                    "securitySchemes": (7, .message(.map(.wrapped(.members(.security3))))),
                ], extensions: 10)
        case .schema3:
            GnosticLayout(
                fields: [
                    "uniqueItems": (20, .flag), "required": (23, .texts), "type": (25, .text),
                    "allOf": (26, .messages(.schemaOrReference)),
                    "oneOf": (27, .messages(.schemaOrReference)), "items": (30, .message(.wrapped(.schemaOrReference))),
                    "properties": (31, .message(.map(.schemaOrReference))),
                    "additionalProperties": (32, .message(.wrapped(.schemaOrReference))),
                    "default": (33, .message(.defaultValue)), "description": (34, .text), "format": (35, .text),
                ], extensions: 36)
        case .reference3: GnosticLayout(fields: ["$ref": (1, .text)])
        case .security3:
            GnosticLayout(fields: ["type": (1, .text), "description": (2, .text), "name": (3, .text), "in": (4, .text)])
        default: nil
        }
    }
}
