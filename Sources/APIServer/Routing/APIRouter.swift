import APIMachinery

/// Finds the endpoint of a path (spec/api-machinery.md 1.2, 2.13).
struct APIRouter: Sendable {
    /// The resources of one group version, by `name` and `name/subresource`.
    struct Group: Sendable {
        var groupVersion: GroupVersion
        var endpoints: [String: any ResourceEndpoint]
    }

    enum Match {
        case endpoint(any ResourceEndpoint, APICall.Shape, namespace: String, name: String)
        /// The path lies below a served group version but names nothing there: a 404 in JSON.
        case unknownResource
        /// The path is known, the method is not.
        case wrongMethod
        /// No group of the API: other handlers, or a 404 in text.
        case notAPI
    }

    /// Few enough that comparing is faster than hashing.
    private let groups: [(prefix: [String], group: Group)]

    init(_ endpoints: [any ResourceEndpoint]) {
        var groups: [[String]: Group] = [:]
        for endpoint in endpoints {
            let version = endpoint.descriptor.groupVersion
            let prefix =
                version.group.isEmpty ? ["api", version.version] : ["apis", version.group, version.version]
            groups[prefix, default: Group(groupVersion: version, endpoints: [:])]
                .endpoints[endpoint.descriptor.path] = endpoint
        }
        self.groups = groups.map { ($0.key, $0.value) }
    }

    /// - Parameter path: the decoded path.
    func match(method: String, path: String) -> Match {
        guard let (group, rest) = group(of: path), !rest.isEmpty else { return .notAPI }
        guard let target = Target(rest, in: group) else { return .unknownResource }
        let methods = target.endpoint.methods(for: target.shape)
        if methods.isEmpty { return .unknownResource }
        guard methods.contains(method) else { return .wrongMethod }
        return .endpoint(target.endpoint, target.shape, namespace: target.namespace, name: target.name)
    }

    /// The group version a path begins with, and the segments behind it.
    private func group(of path: String) -> (Group, [String])? {
        var segments = PathSegments.all(path).dropFirst()
        guard let (prefix, group) = groups.first(where: { segments.starts(with: $0.prefix) }) else { return nil }
        segments = segments.dropFirst(prefix.count)
        // An empty namespace is all of them.
        if segments.count > 1, segments[segments.startIndex] == "namespaces", segments[segments.startIndex + 1].isEmpty
        {
            segments = segments.dropFirst(2)
        }
        return (group, segments.filter { !$0.isEmpty })
    }

    /// What the segments behind a group version name.
    private struct Target {
        var endpoint: any ResourceEndpoint
        var shape: APICall.Shape
        var namespace = ""
        var name = ""

        init?(_ segments: [String], in group: Group) {
            var rest = segments[...]
            let isWatch = rest.first == "watch"
            if isWatch { rest = rest.dropFirst() }
            var namespace: String?
            if rest.first == "namespaces", rest.count > 2, !Self.isNamespaceSubresource(rest, in: group) {
                namespace = rest[rest.startIndex + 1]
                rest = rest.dropFirst(2)
            }
            guard let resource = rest.first, rest.count <= 3 else { return nil }
            let name = rest.count > 1 ? rest[rest.startIndex + 1] : nil
            let path = rest.count > 2 ? "\(resource)/\(rest[rest.startIndex + 2])" : resource
            guard let endpoint = group.endpoints[path] else { return nil }
            self.endpoint = endpoint
            self.namespace = namespace ?? ""
            self.name = name ?? ""
            switch (endpoint.descriptor.isNamespaced, namespace, name) {
            case (false, _?, _): return nil
            case (true, nil, nil): shape = isWatch ? .watchCollection : .allNamespaces
            case (true, nil, _?): return nil
            case (_, _, nil): shape = isWatch ? .watchCollection : .collection
            case (_, _, _?): shape = isWatch ? .watchObject : .object
            }
            if isWatch && rest.count > 2 { return nil }
        }

        /// `namespaces/x/status` and `namespaces/x/finalize` belong to the namespace itself.
        private static func isNamespaceSubresource(_ segments: ArraySlice<String>, in group: Group) -> Bool {
            segments.count == 3 && group.endpoints["namespaces/\(segments[segments.startIndex + 2])"] != nil
        }
    }
}
