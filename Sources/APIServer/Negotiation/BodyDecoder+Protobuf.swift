import APIMachinery

extension BodyDecoder {
    /// A protobuf body as the JSON that means the same (spec/api-machinery.md 1.6, 1.7).
    ///
    /// Unknown fields are skipped: protobuf has no names for them that `fieldValidation` could tell.
    /// - Throws: 400 where the body is no envelope, or its message none of the type; 415 where the type has no protobuf form.
    func protobufJSON<Object: APIKind>(
        of bytes: [UInt8], _ type: Object.Type, warnings: WarningRecorder
    ) throws(APIError) -> [UInt8] {
        let expected = Object.groupVersionKind
        guard Object.schema.hasProtobuf else {
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml"
            )
        }
        var envelope: ProtobufEnvelope
        do { envelope = try ProtobufEnvelope(parsing: bytes) } catch {
            throw Self.unrecognized(bytes, kind: expected.kind, error.description)
        }
        if envelope.kind.isEmpty { envelope.kind = expected.kind }
        if envelope.apiVersion.isEmpty && envelope.kind == expected.kind { envelope.apiVersion = expected.apiVersion }
        // The message of another kind is not looked at: that it is one is the error, which the caller finds.
        if envelope.kind != expected.kind { envelope.message = [] }
        do {
            let (json, repairsText) = try envelope.json(Object.schema)
            if repairsText { warnings.warn("invalid UTF-8 in the request body was replaced") }
            return json
        } catch {
            throw .badRequest("\(Self.subject(expected)) cannot be handled as a \(expected.kind): \(error)")
        }
    }
}
