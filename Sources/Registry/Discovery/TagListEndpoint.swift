import APIServer
import HTTPTypes
import ImageAPI
import JSON

/// `/v2/<name>/tags/list` (spec/registry.md 1.12).
struct TagListEndpoint: Sendable {
    let core: RegistryCore

    /// Tags in an answer where the client does not say how many, and where it does.
    private static let defaultLimit = 10_000
    private static let maximumLimit = 1_000

    func get(_ path: RepositoryPath, _ call: RegistryCall) async throws -> ServerResponse {
        let page = try PageQuery(call.query)
        let repository = try await core.repository(path)
        // What was pushed by digest alone has made the stream too.
        let stream = try repository.requireStream()
        // In the order of bytes, as streams keep them.
        let tags = stream.status.tags.lazy.filter { entry in
            entry.items.contains { !$0.image.isEmpty } && ManifestName.isTag(entry.tag)
                && (page.last.isEmpty || Exactly.precedes(page.last, entry.tag))
        }.map(\.tag)
        let limit = page.limit.map { min($0, Self.maximumLimit) } ?? Self.defaultLimit
        let shown = Array(tags.prefix(limit))
        let body: JSONValue = [
            "name": .string(path.name), "tags": .array(JSONArray(shown.map { .string($0) })),
        ]
        var response = ServerResponse(status: 200, contentType: "application/json", body.jsonBytes())
        if let last = shown.last, tags.dropFirst(limit).first != nil {
            response.headers[.link] = PageQuery.next("/v2/\(path.name)/tags/list", last: last, limit: page.limit)
        }
        return response
    }
}
