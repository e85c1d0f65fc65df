import APIMachinery
import JSON

extension TypedEndpoint {
    /// Server-side apply (spec/api-machinery.md 6.7, 6.10, 6.13): updates the object, or creates it where it is absent
    /// and can be created.
    func apply(_ call: APICall, body: [UInt8], options: WriteOptions) async throws -> (Output<Object>, created: Bool) {
        guard let updatable else { throw APIError.methodNotSupported(groupResource, verb: "patch") }
        let configuration = try AppliedConfiguration(body, options: options, warnings: call.context.warnings)
        for _ in 1...4 {
            let change = ObjectChange<Object>(isPatch: true) { current in
                let object =
                    try partlyMerged(configuration, current, call, options)
                    ?? wholly(
                        merged: configuration,
                        old: FieldManager.State(
                            try JSONValue.parsed(current.encoded.json),
                            managers: try current.object().metadata.managedFields), call, options)
                return try checked(object, call)
            }
            do {
                return try await updatable.update(call.name, options: options, call.context, change: change)
            } catch let error as APIError where error.isAbsence(of: call.name, groupResource) {
                guard let creatable else { throw error }
                do {
                    return (try await create(configuration, creatable, call, options), true)
                } catch let error as APIError where error.reason == "AlreadyExists" {
                    // Somebody else was quicker: apply to what they made.
                    continue
                }
            }
        }
        throw APIError.conflict(call.context.resource, call.name, APIError.modifiedText)
    }

    private func create(
        _ configuration: AppliedConfiguration, _ creatable: any CreatableResource<Object>, _ call: APICall,
        _ options: WriteOptions
    ) async throws -> Output<Object> {
        var object = try checked(wholly(merged: configuration, old: nil, call, options), call)
        guard object.metadata.uid.isEmpty else {
            throw APIError.conflict(
                call.context.resource, call.name,
                "uid mismatch: the provided object specified uid \(object.metadata.uid), and no existing object was found"
            )
        }
        object.metadata.resourceVersion = ""
        try await requirePermissionToCreate(call)
        switch try await creatable.create(object, options: options, call.context) {
        case .object(let output): return output
        case .status, .document: throw APIError.methodNotSupported(groupResource, verb: "patch")
        }
    }

    /// A request that patches by its verb may turn out to create: that takes both permissions.
    private func requirePermissionToCreate(_ call: APICall) async throws {
        let context = call.context
        let decision = try await environment.authorizer.authorize(
            context.user,
            AccessAttributes(
                verb: "create", group: groupResource.group, resource: groupResource.resource,
                subresource: context.subresource, namespace: context.namespace, name: call.name))
        guard decision.isAllowed else { throw APIError.forbidden(groupResource, call.name, decision.reason) }
    }

    /// By the members that the configuration can reach; nil where it takes the whole object to tell.
    private func partlyMerged(
        _ configuration: AppliedConfiguration, _ current: Output<Object>, _ call: APICall, _ options: WriteOptions
    ) throws -> Object? {
        let managers = try current.object().metadata.managedFields
        guard
            let touched = fields.touchedMembers(
                by: configuration.document, manager: options.fieldManager, managers: managers),
            let before = try PartialDocument(touched, of: current)
        else { return nil }
        let old = FieldManager.State(.object(before.members), managers: managers)
        let applied = try applied(configuration, old: old, call, options)
        guard var object = before.object(from: applied.document) else { return nil }
        object.metadata.managedFields = applied.managers
        return object
    }

    private func applied(
        _ configuration: AppliedConfiguration, old: FieldManager.State?, _ call: APICall, _ options: WriteOptions
    ) throws(APIError) -> FieldManager.Applied {
        do {
            return try fields.apply(
                old: old, patch: configuration.document, manager: options.fieldManager, force: options.force,
                now: call.context.now)
        } catch {
            throw error.apiError
        }
    }

    private func wholly(
        merged configuration: AppliedConfiguration, old: FieldManager.State?, _ call: APICall, _ options: WriteOptions
    ) throws(APIError) -> Object {
        let applied = try applied(configuration, old: old, call, options)
        var object: Object
        do { object = try Object.decode(applied.document.jsonBytes()) } catch {
            throw .badRequest("applied object does not decode: \(error.message)")
        }
        object.metadata.managedFields = applied.managers
        return object
    }

    private func checked(_ object: Object, _ call: APICall) throws(APIError) -> Object {
        var object = object
        try checkNameInBody(object.metadata.name, call)
        try completeNamespace(&object, call)
        return object
    }
}

/// The partial object of an apply request: YAML, of which JSON is a part.
struct AppliedConfiguration: Sendable {
    let document: JSONValue

    /// - Throws: 400 where the body is no mapping, or sets a key twice and the client wants that refused.
    init(_ body: [UInt8], options: WriteOptions, warnings: WarningRecorder) throws(APIError) {
        let (value, duplicates) = try Self.read(body)
        switch value {
        case .null: document = .object(JSONObject())
        case .object: document = value
        default:
            throw .badRequest(
                "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal \(value.typeName) into Go value of type map[string]interface {}"
            )
        }
        if options.fieldValidation == .strict && !duplicates.isEmpty {
            let text = duplicates.map { "  \($0)" }.joined(separator: "\n")
            throw .badRequest("error strict decoding YAML: error unmarshaling JSON: yaml: unmarshal errors:\n\(text)")
        }
        if options.fieldValidation == .warn { for duplicate in duplicates.prefix(100) { warnings.warn(duplicate) } }
    }

    private static func read(_ body: [UInt8]) throws(APIError) -> (JSONValue, [String]) {
        // kubectl and client-go send JSON, which is read much faster as such.
        if body.first == UInt8(ascii: "{") {
            var issues: [JSONIssue] = []
            if let value = try? JSONValue.parse(body, limits: BodyDecoder.limits, issues: &issues), issues.isEmpty {
                return (value, [])
            }
        }
        do {
            let document = try YAML.parse(String(decoding: body, as: UTF8.self))
            return (document.value, document.duplicateKeys)
        } catch {
            throw .badRequest("error decoding YAML: error converting YAML to JSON: \(error.text)")
        }
    }
}

extension APIError {
    /// Whether the object a request names is what was not found, and not its namespace.
    fileprivate func isAbsence(of name: String, _ resource: GroupResource) -> Bool {
        reason == "NotFound" && status.details?.name == name && status.details?.kind != "namespaces"
    }
}
