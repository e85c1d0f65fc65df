import APIMachinery
import HTTPTypes
import JSON

extension TypedEndpoint {
    func create(_ call: APICall) async throws -> ServerResponse {
        guard creatable != nil || action != nil else {
            throw APIError.methodNotSupported(groupResource, verb: "create")
        }
        let form = try form(of: call)
        let body = try await BodyDecoder.collect(call.request)
        let options = try call.options.writeOptions(kind: "CreateOptions")
        let object = try decode(body, call, options)
        if descriptor.isNamespaced && !resource.ignoresNamespaceState {
            try await environment.namespaces.requireActive(
                call.context.namespace, for: groupResource, object.metadata.name)
        }
        switch try await created(object, options, call) {
        case .object(let output):
            return try render(output, status: 201, form: form, call)
        case .status(let status):
            let code = status.code == 0 ? 201 : Int(status.code)
            return ResponseEncoder(form: form.withoutConversion).response(code, status)
        case .document(let document):
            return ResponseEncoder(form: form.withoutConversion)
                .response(201, document.jsonBytes(), type(of: document).schema)
        }
    }

    private func created(
        _ object: Object, _ options: WriteOptions, _ call: APICall
    ) async throws -> CreateOutput<Object> {
        if let creatable { return try await creatable.create(object, options: options, call.context) }
        guard let action else { throw APIError.methodNotSupported(groupResource, verb: "create") }
        return try await action.create(at: call.name, object, options: options, call.context)
    }

    func replace(_ call: APICall) async throws -> ServerResponse {
        guard let updatable else { throw APIError.methodNotSupported(groupResource, verb: "update") }
        let form = try form(of: call)
        let body = try await BodyDecoder.collect(call.request)
        let options = try call.options.writeOptions(kind: "UpdateOptions")
        let object = try decode(body, call, options)
        try checkNameInBody(object.metadata.name, call)
        let (output, created) = try await updatable.update(
            call.name, options: options, call.context, change: ObjectChange(isPatch: false) { _ in object })
        return try render(output, status: created ? 201 : 200, form: form, call)
    }

    /// The object of a body, with its namespace checked against the URL and filled in.
    private func decode(_ body: [UInt8], _ call: APICall, _ options: WriteOptions) throws -> Object {
        let format = try InputFormat(contentType: call.request.header(.contentType))
        var object = try environment.decoder.decode(
            Object.self, from: body, format: format, options: options, warnings: call.context.warnings)
        if format == .json && body.mentionsManagedFields {
            object.metadata.markReset(if: (try? JSONValue.parse(body)) ?? .null)
        }
        try completeNamespace(&object, call)
        return object
    }

    func completeNamespace(_ object: inout Object, _ call: APICall) throws(APIError) {
        guard descriptor.isNamespaced else {
            object.metadata.namespace = ""
            return
        }
        if object.metadata.namespace.isEmpty { object.metadata.namespace = call.context.namespace }
        guard object.metadata.namespace == call.context.namespace else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    func checkNameInBody(_ name: String, _ call: APICall) throws(APIError) {
        if name.isEmpty {
            throw .badRequest(
                "the name of the object (\(call.name) based on URL) was undeterminable: name must be provided")
        }
        guard name == call.name else {
            throw .badRequest(
                "the name of the object (\(name)) does not match the name on the URL (\(call.name))")
        }
    }

    // MARK: Delete

    func delete(_ call: APICall) async throws -> ServerResponse {
        guard let deletable else { throw APIError.methodNotSupported(groupResource, verb: "delete") }
        let form = try form(of: call)
        let options = try await deleteOptions(of: call)
        switch try await deletable.delete(call.name, options: options, call.context) {
        case .status(let status):
            return ResponseEncoder(form: form.withoutConversion).response(200, status)
        case .object(let output):
            let code = options.orphanDependents == false ? 202 : 200
            return try render(output, status: code, form: form, call)
        }
    }

    func deleteCollection(_ call: APICall) async throws -> ServerResponse {
        guard let collectionDeletable else {
            throw APIError.methodNotSupported(groupResource, verb: "deletecollection")
        }
        let form = try form(of: call)
        let list = try call.options.listOptions(isWatch: false)
        let options = try await deleteOptions(of: call)
        let deleted = try await collectionDeletable.deleteCollection(list, options: options, call.context)
        return try await render(deleted, form: form, call)
    }

    private func deleteOptions(of call: APICall) async throws -> DeleteOptions {
        let body = try await BodyDecoder.collect(call.request)
        guard !body.isEmpty else { return try call.options.deleteOptions(body: nil) }
        let format = try InputFormat(contentType: call.request.header(.contentType))
        let options = try environment.decoder.decodeDeleteOptions(
            from: body, format: format, resource: descriptor.groupVersion, warnings: call.context.warnings)
        return try call.options.deleteOptions(body: options)
    }
}

extension OutputForm {
    /// Status objects are never shown as tables or metadata.
    var withoutConversion: OutputForm {
        OutputForm(mediaType: mediaType, conversion: .none, isPretty: isPretty)
    }
}

extension [UInt8] {
    /// Whether it is worth looking for managed fields: most bodies have none.
    fileprivate var mentionsManagedFields: Bool {
        let marker = Array("\"managedFields\"".utf8)
        return withUnsafeBufferPointer { bytes in
            var index = 0
            while index + marker.count <= bytes.count {
                // The eighth byte is a letter that is rare in other members.
                if bytes[index + 8] == marker[8] && bytes[index] == marker[0]
                    && bytes[index..<(index + marker.count)].elementsEqual(marker)
                {
                    return true
                }
                index += 1
            }
            return false
        }
    }
}
