import APIMachinery

/// What one method does at one path, before it is written in either version of OpenAPI.
struct OpenAPIOperation: Sendable {
    /// The body of a request.
    struct Body: Sendable {
        /// Name of the definition.
        var definition: String
        var mediaTypes = ["*/*"]
        var isRequired = true
    }

    /// Lower-case HTTP method.
    var method: String
    var description: String
    /// `listImageOpenshiftIoV1NamespacedImageStream`.
    var id: String
    var tag: String
    /// `x-kubernetes-action`; nil for documents that are no resource.
    var action: String?
    var kind: GroupVersionKind?
    var parameters: [OpenAPIParameter] = []
    var body: Body?
    /// Codes of success; each answers with `definition`.
    var codes = [200]
    /// Name of the definition.
    var definition: String
    var produces = objectTypes

    static let objectTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
    static let streamTypes = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"]
    static let patchTypes = [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ]

    /// The description of an answer that has no text of its own.
    static func text(of code: Int) -> String {
        switch code {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        default: "Unauthorized"
        }
    }
}

/// A path and what can be done there.
struct OpenAPIPath: Sendable {
    var path: String
    /// What all operations take.
    var parameters: [OpenAPIParameter]
    var operations: [OpenAPIOperation]

    /// Moves what all operations take to the path. Parameters are sorted by name.
    init(_ path: String, parameters: [OpenAPIParameter], operations: [OpenAPIOperation]) {
        var shared = Set(operations.first?.parameters ?? [])
        for operation in operations { shared.formIntersection(operation.parameters) }
        self.path = path
        self.parameters = (parameters + shared).sorted { $0.name < $1.name }
        self.operations = operations.map { operation in
            var own = operation
            own.parameters = operation.parameters.filter { !shared.contains($0) }.sorted { $0.name < $1.name }
            return own
        }
    }
}
