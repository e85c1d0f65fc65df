import APIMachinery
import JSON

/// The documents by which clients learn what is served (spec/api-machinery.md 8.1), made once from the descriptors.
struct DiscoveryDocuments: Sendable {
    /// By decoded path without trailing slash.
    private let documents: [String: JSONValue]
    private let groups: [(GroupVersion, [any ResourceEndpoint])]

    init(_ endpoints: [any ResourceEndpoint], serverAddress: String) {
        var byGroup: [GroupVersion: [any ResourceEndpoint]] = [:]
        for endpoint in endpoints { byGroup[endpoint.descriptor.groupVersion, default: []].append(endpoint) }
        let sorted = byGroup.map { ($0.key, $0.value.sorted { $0.descriptor.path < $1.descriptor.path }) }
            .sorted { ($0.0.group.isEmpty ? "" : $0.0.group, $0.0.version) < ($1.0.group, $1.0.version) }
        groups = sorted
        var documents: [String: JSONValue] = [:]
        let named = sorted.filter { !$0.0.group.isEmpty }
        documents["/api"] = Self.versions(
            sorted.filter { $0.0.group.isEmpty }.map(\.0.version), serverAddress: serverAddress)
        documents["/apis"] = Self.object([
            ("kind", "APIGroupList"), ("apiVersion", "v1"),
            ("groups", .array(named.map { Self.object(Self.group($0.0)) })),
        ])
        for (version, endpoints) in sorted {
            if version.group.isEmpty {
                documents["/api/\(version.version)"] = Self.resources(version, endpoints)
            } else {
                documents["/apis/\(version.group)"] = Self.object(
                    [("kind", "APIGroup"), ("apiVersion", "v1")] + Self.group(version))
                documents["/apis/\(version.apiVersion)"] = Self.resources(version, endpoints)
            }
        }
        self.documents = documents
    }

    func document(at path: String) -> JSONValue? { documents[path] }

    /// Paths of all documents, for the index.
    var paths: [String] { documents.keys.sorted() }

    private static func versions(_ versions: [String], serverAddress: String) -> JSONValue {
        object([
            ("kind", "APIVersions"), ("versions", .array(versions.map { .string($0) })),
            (
                "serverAddressByClientCIDRs",
                .array([object([("clientCIDR", "0.0.0.0/0"), ("serverAddress", .string(serverAddress))])])
            ),
        ])
    }

    private static func group(_ version: GroupVersion) -> [(String, JSONValue)] {
        let served = object([
            ("groupVersion", .string(version.apiVersion)), ("version", .string(version.version)),
        ])
        return [("name", .string(version.group)), ("versions", .array([served])), ("preferredVersion", served)]
    }

    private static func resources(_ version: GroupVersion, _ endpoints: [any ResourceEndpoint]) -> JSONValue {
        var head: [(String, JSONValue)] = [("kind", "APIResourceList")]
        if !version.group.isEmpty { head.append(("apiVersion", "v1")) }
        head.append(("groupVersion", .string(version.apiVersion)))
        return object(head + [("resources", .array(endpoints.map { resource($0, in: version) }))])
    }

    private static func resource(_ endpoint: any ResourceEndpoint, in version: GroupVersion) -> JSONValue {
        let descriptor = endpoint.descriptor
        var members: [(String, JSONValue)] = [
            ("name", .string(descriptor.path)), ("singularName", .string(descriptor.singularName)),
            ("namespaced", .bool(descriptor.isNamespaced)),
        ]
        if descriptor.kind.groupVersion != version {
            if !descriptor.kind.group.isEmpty { members.append(("group", .string(descriptor.kind.group))) }
            members.append(("version", .string(descriptor.kind.version)))
        }
        members.append(("kind", .string(descriptor.kind.kind)))
        members.append(("verbs", .array(endpoint.verbs.map { .string($0) })))
        if !descriptor.shortNames.isEmpty {
            members.append(("shortNames", .array(descriptor.shortNames.map { .string($0) })))
        }
        if !descriptor.categories.isEmpty {
            members.append(("categories", .array(descriptor.categories.map { .string($0) })))
        }
        if let hash = descriptor.storageVersionHash { members.append(("storageVersionHash", .string(hash))) }
        return object(members)
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
            members.append((
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
