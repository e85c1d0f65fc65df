import APIMachinery
import JSON

extension TypedEndpoint {
    func get(_ call: APICall) async throws -> ServerResponse {
        let form = try form(of: call)
        if let documented {
            let options = try call.options.listOptions(isWatch: false)
            let document = try await documented.document(call.name, options: options, call.context)
            return ResponseEncoder(form: form).response(200, document.jsonBytes(), type(of: document).schema)
        }
        guard let gettable else { throw APIError.methodNotSupported(groupResource, verb: "get") }
        let options = try call.options.getOptions()
        let object = try await gettable.get(call.name, options: options, call.context)
        return try render(object, status: 200, form: form, call)
    }

    func list(_ call: APICall) async throws -> ServerResponse {
        if let collectionDocumented {
            let form = try form(of: call).withoutConversion
            let document = try await collectionDocumented.document(call.context)
            return ResponseEncoder(form: form).response(200, document.jsonBytes(), type(of: document).schema)
        }
        guard let listable else { throw APIError.methodNotSupported(groupResource, verb: "list") }
        let form = try form(of: call, listsStreams: true)
        let options = try call.options.listOptions(isWatch: false)
        let list = try await listable.list(options, call.context)
        return try await render(list, form: form, call)
    }

    // MARK: Rendering

    /// One object in the form the client asked for.
    func render(_ output: Output<Object>, status: Int, form: OutputForm, _ call: APICall) throws -> ServerResponse {
        let encoder = ResponseEncoder(form: form)
        switch form.conversion {
        case .none:
            return encoder.response(status, output.encoded.json, Object.schema)
        case .table(let version):
            let renderer = try tableRenderer(version: version, call)
            let object = try output.object()
            let metadata = ListMeta(resourceVersion: object.metadata.resourceVersion)
            return encoder.response(status, try renderer.table([output], metadata: metadata), nil)
        case .partial(let version):
            return encoder.response(
                status, PartialMetadata.object(try output.object().metadata, version: version),
                PartialObjectMetadata.schema)
        case .partialList:
            throw APIError.notAcceptable(
                "you requested PartialObjectMetadataList, but the requested object is not a list (*\(goPackage).\(Object.groupVersionKind.kind))"
            )
        }
    }

    func render(_ list: OutputList<Object>, form: OutputForm, _ call: APICall) async throws -> ServerResponse {
        let encoder = ResponseEncoder(form: form)
        switch form.conversion {
        case .none:
            let encoded = EncodedList(list)
            if let rest = list.rest, encoder.sendsAsEncoded { return encoder.response(encoded, rest: rest) }
            return encoder.response(200, try await encoded.pieces(rest: list.rest), listSchema)
        case .table(let version):
            let renderer = try tableRenderer(version: version, call)
            return encoder.response(200, try await renderer.table(list), nil)
        case .partialList(let version):
            return encoder.response(
                200, PartialMetadata.list(try await list.map { try $0.object().metadata }, list.metadata, version),
                PartialObjectMetadataList.schema)
        case .partial:
            throw APIError.notAcceptable(
                "you requested PartialObjectMetadata, but the requested object is a list (*\(goPackage).\(Object.groupVersionKind.kind)List)"
            )
        }
    }

    func tableRenderer(version: String, _ call: APICall) throws -> TableRenderer<Object> {
        guard let columns = resource.table else { throw APIError.notAcceptable("no table form") }
        let include = call.query["includeObject"] ?? ""
        guard let inclusion = TableRenderer<Object>.Inclusion(rawValue: include.isEmpty ? "Metadata" : include) else {
            throw APIError.badRequest(
                "Unable to convert to Table as requested: includeObject: Invalid value: \(goQuoted(include)): must be 'Metadata', 'Object', 'None', or empty"
            )
        }
        return TableRenderer(columns: columns, inclusion: inclusion, version: version, now: call.context.now)
    }

    /// What the reference calls the package of the internal types, in texts.
    var goPackage: String { KindRegistry.package(of: Object.groupVersionKind.group) }
}
