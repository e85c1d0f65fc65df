import APIMachinery
import JSON

/// The documents by which clients learn what is served (spec/api-machinery.md 8.1), made once from the descriptors.
struct DiscoveryDocuments: Sendable {
    /// A document and its type.
    struct Document: Sendable {
        let json: [UInt8]
        let schema: TypeSchema

        /// - Parameter namesVersion: documents about the group without a name do not say their own version.
        init<Kind: APIKind>(_ content: Kind, namesVersion: Bool) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("kind")
            writer.write(Kind.groupVersionKind.kind)
            if namesVersion {
                writer.key("apiVersion")
                writer.write(Kind.groupVersionKind.apiVersion)
            }
            content.encodeFields(to: &writer)
            writer.endObject()
            json = writer.finish()
            schema = Kind.schema
        }
    }

    /// By decoded path without trailing slash.
    private let documents: [String: Document]
    private let groups: [(GroupVersion, [any ResourceEndpoint])]

    init(_ endpoints: [any ResourceEndpoint], serverAddress: String) {
        var byGroup: [GroupVersion: [any ResourceEndpoint]] = [:]
        for endpoint in endpoints { byGroup[endpoint.descriptor.groupVersion, default: []].append(endpoint) }
        let sorted = byGroup.map { ($0.key, $0.value.sorted { $0.descriptor.path < $1.descriptor.path }) }
            .sorted { ($0.0.group, $0.0.version) < ($1.0.group, $1.0.version) }
        groups = sorted
        var documents: [String: Document] = [:]
        let named = sorted.filter { !$0.0.group.isEmpty }
        let address = ServerAddressByClientCIDR(clientCIDR: "0.0.0.0/0", serverAddress: serverAddress)
        documents["/api"] = Document(
            APIVersions(
                versions: sorted.filter { $0.0.group.isEmpty }.map(\.0.version), serverAddressByClientCIDRs: [address]),
            namesVersion: false)
        documents["/apis"] = Document(APIGroupList(groups: named.map { Self.group($0.0) }), namesVersion: true)
        for (version, endpoints) in sorted {
            let resources = APIResourceList(
                groupVersion: version.apiVersion, resources: endpoints.map { Self.resource($0, in: version) })
            if version.group.isEmpty {
                documents["/api/\(version.version)"] = Document(resources, namesVersion: false)
            } else {
                documents["/apis/\(version.group)"] = Document(Self.group(version), namesVersion: true)
                documents["/apis/\(version.apiVersion)"] = Document(resources, namesVersion: true)
            }
        }
        self.documents = documents
    }

    func document(at path: String) -> Document? { documents[path] }

    /// Paths of all documents, for the index.
    var paths: [String] { documents.keys.sorted() }

    private static func group(_ version: GroupVersion) -> APIGroup {
        let served = GroupVersionForDiscovery(groupVersion: version.apiVersion, version: version.version)
        return APIGroup(name: version.group, versions: [served], preferredVersion: served)
    }

    private static func resource(_ endpoint: any ResourceEndpoint, in version: GroupVersion) -> APIResource {
        let descriptor = endpoint.descriptor
        let isForeign = descriptor.kind.groupVersion != version
        return APIResource(
            name: descriptor.path, singularName: descriptor.singularName, namespaced: descriptor.isNamespaced,
            group: isForeign ? descriptor.kind.group : "", version: isForeign ? descriptor.kind.version : "",
            kind: descriptor.kind.kind, verbs: endpoint.verbs, shortNames: descriptor.shortNames,
            categories: descriptor.categories, storageVersionHash: descriptor.storageVersionHash ?? "")
    }

    static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(members: members)) }
}

extension DiscoveryDocuments {
    /// The aggregated form of `/api` or `/apis` (spec/api-machinery.md 8.2).
    func aggregated(isCore: Bool, version: String) -> JSONValue {
        let selected = groups.filter { $0.0.group.isEmpty == isCore }
        return Self.object([
            ("kind", "APIGroupDiscoveryList"), ("apiVersion", .string("apidiscovery.k8s.io/\(version)")),
            ("metadata", [:]),
            ("items", .array(selected.map { Self.discovery($0.0, $0.1) })),
        ])
    }

    private static func discovery(_ version: GroupVersion, _ endpoints: [any ResourceEndpoint]) -> JSONValue {
        let parents = endpoints.filter { $0.descriptor.subresource.isEmpty }
        let resources = parents.map { parent in
            let children = endpoints.filter {
                $0.descriptor.name == parent.descriptor.name && !$0.descriptor.subresource.isEmpty
            }
            return discovery(parent, children)
        }
        let metadata: [(String, JSONValue)] =
            version.group.isEmpty
            ? [("creationTimestamp", .null)] : [("name", .string(version.group)), ("creationTimestamp", .null)]
        return object([
            ("metadata", object(metadata)),
            (
                "versions",
                .array([
                    object([
                        ("version", .string(version.version)), ("resources", .array(resources)),
                        ("freshness", "Current"),
                    ])
                ])
            ),
        ])
    }

    private static func discovery(
        _ endpoint: any ResourceEndpoint, _ children: [any ResourceEndpoint]
    ) -> JSONValue {
        let descriptor = endpoint.descriptor
        var members: [(String, JSONValue)] = [
            ("resource", .string(descriptor.name)), ("responseKind", responseKind(descriptor)),
            ("scope", descriptor.isNamespaced ? "Namespaced" : "Cluster"),
            ("singularResource", .string(descriptor.singularName)),
            ("verbs", .array(endpoint.verbs.map { .string($0) })),
        ]
        if !descriptor.shortNames.isEmpty {
            members.append(("shortNames", .array(descriptor.shortNames.map { .string($0) })))
        }
        if !descriptor.categories.isEmpty {
            members.append(("categories", .array(descriptor.categories.map { .string($0) })))
        }
        if !children.isEmpty {
            members.append(
                (
                    "subresources",
                    .array(
                        children.map { child in
                            object([
                                ("subresource", .string(child.descriptor.subresource)),
                                ("responseKind", responseKind(child.descriptor)),
                                ("verbs", .array(child.verbs.map { .string($0) })),
                            ])
                        })
                ))
        }
        return object(members)
    }

    /// Group and version are named only where they differ from those of the resource.
    private static func responseKind(_ descriptor: ResourceDescriptor) -> JSONValue {
        let isOwn = descriptor.kind.groupVersion == descriptor.groupVersion
        return object([
            ("group", .string(isOwn ? "" : descriptor.kind.group)),
            ("version", .string(isOwn ? "" : descriptor.kind.version)), ("kind", .string(descriptor.kind.kind)),
        ])
    }
}
