import APIMachinery
import JSON

/// The OpenAPI documents of a server, made from its endpoints (spec/api-machinery.md 8.4, 8.5).
struct OpenAPIDocuments: Sendable {
    private let groups: [Group]
    private let version: String

    private struct Group: Sendable {
        var version: GroupVersion
        var endpoints: [any ResourceEndpoint]
    }

    /// - Parameter version: the version of the API that the documents name.
    init(_ endpoints: [any ResourceEndpoint], version: String) {
        self.version = version
        groups = Dictionary(grouping: endpoints) { $0.descriptor.groupVersion }
            .map { Group(version: $0.key, endpoints: $0.value.sorted { $0.descriptor.path < $1.descriptor.path }) }
            .sorted { ($0.version.group, $0.version.version) < ($1.version.group, $1.version.version) }
    }

    /// The keys of the index: `apis/image.openshift.io/v1`.
    var keys: [String] { groups.map { Self.key($0.version) } }

    /// Where a group version is found below `/openapi/v3/`.
    private static func key(_ version: GroupVersion) -> String {
        version.group.isEmpty ? "api/\(version.version)" : "apis/\(version.apiVersion)"
    }

    /// The document of one group version, complete in itself; nil for an unknown key.
    func v3(_ key: String) -> JSONValue? {
        guard let group = groups.first(where: { Self.key($0.version) == key }) else { return nil }
        return [
            "openapi": "3.0.0", "info": info,
            "paths": .object(JSONObject(members: paths([group]).map { ($0.path, OpenAPIv3Writer.path($0)) })),
            "components": [
                "schemas": .object(definitions([group])), "securitySchemes": securitySchemes,
            ],
        ]
    }

    /// The one document of everything in the older form.
    var v2: JSONValue {
        let definitions = definitions(groups).map { ($0.key, OpenAPIv2Writer.schema($0.value)) }
        return [
            "swagger": "2.0", "info": info,
            "paths": .object(JSONObject(members: paths(groups).map { ($0.path, OpenAPIv2Writer.path($0)) })),
            "definitions": .object(JSONObject(members: definitions)),
            "securityDefinitions": securitySchemes, "security": [["BearerToken": []]],
        ]
    }

    private var info: JSONValue { ["title": "Weir", "version": .string(version)] }

    private var securitySchemes: JSONValue {
        [
            "BearerToken": [
                "description": "Bearer Token authentication", "type": "apiKey", "name": "authorization", "in": "header",
            ]
        ]
    }

    private func paths(_ groups: [Group]) -> [OpenAPIPath] {
        groups.flatMap { group in
            let names = OpenAPINames(group.version)
            let parents = Dictionary(
                group.endpoints.filter { $0.descriptor.subresource.isEmpty }.map {
                    ($0.descriptor.name, $0.descriptor.kind.kind)
                }, uniquingKeysWith: { first, _ in first })
            let own = group.endpoints.flatMap { endpoint in
                let kind = parents[endpoint.descriptor.name] ?? endpoint.descriptor.kind.kind
                return OpenAPIPaths(endpoint, parentKind: kind).paths
            }
            return [OpenAPIPath(names.prefix, parameters: [], operations: [names.resources])]
                + own.sorted { $0.path < $1.path }
        }
    }

    private func definitions(_ groups: [Group]) -> JSONObject {
        var definitions = SchemaDefinitions(versions: self.groups.map(\.version))
        definitions.insert(APIResourceList.schema)
        for endpoint in groups.flatMap(\.endpoints) {
            definitions.insert(endpoint.schema)
            let verbs = Set(endpoint.verbs)
            if verbs.contains("list") { definitions.insert(endpoint.listSchema) }
            if verbs.contains("watch") { definitions.insert(wellKnown: WellKnownDefinitions.watchEvent) }
            if verbs.contains("patch") { definitions.insert(wellKnown: WellKnownDefinitions.patch) }
            if !verbs.isDisjoint(with: ["delete", "deletecollection"]) {
                definitions.insert(DeleteOptions.schema)
                definitions.insert(Status.schema)
            }
        }
        return definitions.sorted
    }
}
