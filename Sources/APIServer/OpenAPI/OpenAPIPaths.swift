import APIMachinery

/// The paths of one resource or subresource, as they follow from its descriptor and the methods it takes
/// (spec/api-machinery.md 1.2, 8.5).
struct OpenAPIPaths {
    let endpoint: any ResourceEndpoint
    /// The kind of the resource a subresource belongs to; its own for others.
    let parentKind: String
    private let names: OpenAPINames

    init(_ endpoint: any ResourceEndpoint, parentKind: String) {
        self.endpoint = endpoint
        self.parentKind = parentKind
        names = OpenAPINames(endpoint.descriptor.groupVersion)
    }

    private var descriptor: ResourceDescriptor { endpoint.descriptor }
    private var kind: String { descriptor.kind.kind }
    private var namespaced: String { descriptor.isNamespaced ? "Namespaced" : "" }

    var paths: [OpenAPIPath] {
        var paths: [OpenAPIPath?] = [path(.collection), path(.object)]
        if descriptor.isNamespaced { paths.append(path(.allNamespaces)) }
        if descriptor.subresource.isEmpty {
            paths += [path(.watchCollection), path(.watchObject)]
            if descriptor.isNamespaced { paths.append(path(.watchCollection, inAllNamespaces: true)) }
        }
        return paths.compactMap(\.self)
    }

    /// Nil where the resource is not served in that form.
    private func path(_ shape: APICall.Shape, inAllNamespaces: Bool = false) -> OpenAPIPath? {
        let inAll = inAllNamespaces || shape == .allNamespaces
        let operations = endpoint.methods(for: shape).compactMap { operation($0, shape, inAll: inAll) }
        guard !operations.isEmpty else { return nil }
        var text = names.prefix
        var parameters = [OpenAPIParameter.pretty]
        if shape == .watchCollection || shape == .watchObject { text += "watch/" }
        if descriptor.isNamespaced && !inAll {
            text += "namespaces/{namespace}/"
            parameters.append(.namespace)
        }
        text += descriptor.name
        if shape == .object || shape == .watchObject {
            text += "/{name}"
            parameters.append(.objectName(kind: kind))
        }
        if !descriptor.subresource.isEmpty { text += "/\(descriptor.subresource)" }
        return OpenAPIPath(text, parameters: parameters, operations: operations)
    }

    private func operation(_ method: String, _ shape: APICall.Shape, inAll: Bool) -> OpenAPIOperation? {
        let everywhere = inAll ? "ForAllNamespaces" : ""
        let scope = inAll ? "" : namespaced
        switch (method, shape) {
        case ("GET", .collection), ("GET", .allNamespaces):
            return list(names.id("list", scope, kind + everywhere))
        case ("GET", .watchCollection):
            return watch(
                "watchlist", names.id("watch", scope, "\(kind)List\(everywhere)"),
                """
                watch individual changes to a list of \(kind). \
                deprecated: use the 'watch' parameter with a list operation instead.
                """)
        case ("GET", .watchObject):
            return watch(
                "watch", names.id("watch", scope, kind),
                """
                watch changes to an object of kind \(kind). deprecated: use the 'watch' parameter with a list \
                operation instead, filtered to a single item with the 'fieldSelector' parameter.
                """)
        case ("POST", .collection): return create()
        case ("DELETE", .collection): return deleteCollection()
        case ("POST", .object): return action()
        case ("GET", .object): return read()
        case ("PUT", .object): return replace()
        case ("PATCH", .object): return patch()
        case ("DELETE", .object): return delete()
        default: return nil
        }
    }
}

// One function for each verb.
extension OpenAPIPaths {
    private var definition: String { endpoint.schema.openAPIName }
    private var status: String { Status.schema.openAPIName }

    /// `the specified ImageStream` or `status of the specified ImageStream`.
    private var specified: String {
        descriptor.subresource.isEmpty
            ? "the specified \(kind)" : "\(descriptor.subresource) of the specified \(parentKind)"
    }

    /// The end of the names of operations on an object.
    private var objectID: String { parentKind + OpenAPINames.capitalized(descriptor.subresource) }

    private func base(_ method: String, _ action: String, _ id: String, _ description: String) -> OpenAPIOperation {
        OpenAPIOperation(
            method: method, description: description, id: id, tag: names.tag, action: action, kind: descriptor.kind,
            definition: definition)
    }

    private func list(_ id: String) -> OpenAPIOperation {
        let verb = endpoint.verbs.contains("watch") ? "list or watch" : "list"
        var operation = base("get", "list", id, "\(verb) objects of kind \(kind)")
        operation.parameters = OpenAPIParameter.list
        operation.definition = endpoint.listSchema.openAPIName
        operation.produces += OpenAPIOperation.streamTypes
        return operation
    }

    private func watch(_ action: String, _ id: String, _ description: String) -> OpenAPIOperation {
        var operation = base("get", action, id, description)
        operation.parameters = OpenAPIParameter.list
        operation.definition = WellKnownDefinitions.watchEvent
        operation.produces += OpenAPIOperation.streamTypes
        return operation
    }

    private func create() -> OpenAPIOperation {
        let article = kind.first.map { "AEIOU".contains($0) } == true ? "an" : "a"
        var operation = base("post", "post", names.id("create", namespaced, kind), "create \(article) \(kind)")
        operation.parameters = OpenAPIParameter.write
        operation.body = .init(definition: definition)
        operation.codes = [200, 201, 202]
        return operation
    }

    /// What is posted to a subresource of an object.
    private func action() -> OpenAPIOperation {
        let article = parentKind.first.map { "AEIOU".contains($0) } == true ? "an" : "a"
        var operation = base(
            "post", "post", names.id("create", namespaced, objectID),
            "create \(descriptor.subresource) of \(article) \(parentKind)")
        operation.parameters = OpenAPIParameter.write
        operation.body = .init(definition: definition)
        operation.codes = [200, 201, 202]
        return operation
    }

    private func deleteCollection() -> OpenAPIOperation {
        var operation = base(
            "delete", "deletecollection", names.id("delete", "Collection" + namespaced, kind),
            "delete collection of \(kind)")
        operation.parameters = OpenAPIParameter.selection + OpenAPIParameter.delete
        operation.body = .init(definition: DeleteOptions.schema.openAPIName, isRequired: false)
        operation.definition = status
        return operation
    }

    private func read() -> OpenAPIOperation {
        var operation = base("get", "get", names.id("read", namespaced, objectID), "read \(specified)")
        // The published parameters of documents are those of a list.
        if endpoint.isDocument { operation.parameters = OpenAPIParameter.list }
        return operation
    }

    private func replace() -> OpenAPIOperation {
        var operation = base("put", "put", names.id("replace", namespaced, objectID), "replace \(specified)")
        operation.parameters = OpenAPIParameter.write
        operation.body = .init(definition: definition)
        operation.codes = [200, 201]
        return operation
    }

    private func patch() -> OpenAPIOperation {
        var operation = base(
            "patch", "patch", names.id("patch", namespaced, objectID), "partially update \(specified)")
        operation.parameters = OpenAPIParameter.patch
        operation.body = .init(definition: WellKnownDefinitions.patch, mediaTypes: OpenAPIOperation.patchTypes)
        operation.codes = [200, 201]
        return operation
    }

    private func delete() -> OpenAPIOperation {
        let article = kind.first.map { "AEIOU".contains($0) } == true ? "an" : "a"
        var operation = base("delete", "delete", names.id("delete", namespaced, objectID), "delete \(article) \(kind)")
        operation.parameters = OpenAPIParameter.delete
        operation.body = .init(definition: DeleteOptions.schema.openAPIName, isRequired: false)
        operation.codes = [200, 202]
        operation.definition = status
        return operation
    }
}
