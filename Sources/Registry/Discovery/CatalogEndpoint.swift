import APIServer
import HTTPTypes
import ImageStreams
import JSON

/// `/v2/_catalog`: the streams that a user may see (spec/registry.md 1.13).
struct CatalogEndpoint: Sendable {
    let core: RegistryCore

    private static let defaultLimit = 100
    private static let maximumLimit = 1_000

    func get(_ call: RegistryCall) async throws -> ServerResponse {
        let page = try PageQuery(call.query)
        let limit = page.limit ?? Self.defaultLimit
        guard limit <= Self.maximumLimit else { throw PageQuery.invalid(call.query["n"] ?? "") }
        let names = limit == 0 ? [] : try await names(after: page.last, limit: limit + 1, call)
        let shown = names.prefix(limit)
        let body: JSONValue = ["repositories": .array(JSONArray(shown.map { .string($0) }))]
        var response = ServerResponse(status: 200, contentType: "application/json", body.jsonBytes())
        if let last = shown.last, names.count > limit {
            response.headers[.link] = PageQuery.next("/v2/_catalog", last: last, limit: limit)
        }
        return response
    }

    /// Repositories in the order of their streams, behind `last`.
    private func names(after last: String, limit: Int, _ call: RegistryCall) async throws -> [String] {
        let seesAll = try await core.access.isAllowed(.catalog, to: call.user)
        if !seesAll, core.configuration.isCatalogForAdministratorsOnly {
            try await core.access.require([.catalog], of: call.user, call.request)
        }
        var found: [String] = []
        var mayList: [String: Bool] = [:]
        let nested = core.configuration.nestedNames
        var position = (try? RepositoryPath(parsing: last, nested: nested))?.description ?? last
        while found.count < limit {
            let page = try await core.streams.names(after: position, limit: Self.maximumLimit)
            guard let end = page.last else { break }
            for (namespace, stream) in page where RepositoryPath.isReachable(namespace: namespace, stream: stream) {
                let path = RepositoryPath(namespace: namespace, stream: stream)
                if !seesAll, try await !isVisible(path, &mayList, call) { continue }
                found.append(try await name(of: path))
                if found.count == limit { break }
            }
            position = "\(end.namespace)/\(end.name)"
        }
        return found
    }

    /// As clients name it. Only a stream whose name was put together has another one.
    private func name(of path: RepositoryPath) async throws -> String {
        guard core.configuration.nestedNames == .flatten, path.stream.utf8.contains(UInt8(ascii: ".")) else {
            return path.name
        }
        return path.named(by: try await core.streams.stream(path.stream, namespace: path.namespace)).name
    }

    private func isVisible(
        _ path: RepositoryPath, _ mayList: inout [String: Bool], _ call: RegistryCall
    ) async throws -> Bool {
        if mayList[path.namespace] == nil {
            let list = AccessAttributes(
                verb: "list", group: ImageStreamsGroup.name, resource: "imagestreams", namespace: path.namespace)
            mayList[path.namespace] = try await core.access.isAllowed(list, to: call.user)
        }
        if mayList[path.namespace] == true { return true }
        return try await core.access.isAllowed(.repository(path, .pull), to: call.user)
    }
}
