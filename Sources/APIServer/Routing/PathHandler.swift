/// Answers at paths of its own, outside the groups of the API and behind the same pipeline: callers are authenticated,
/// and need the permission for the path (`nonResourceURLs`).
public protocol PathHandler: Sendable {
    /// The paths, each exact.
    var paths: [String] { get }

    /// - Parameter path: the one of `paths` that was asked for.
    /// - Throws: `APIError`; anything else becomes an internal error.
    func respond(to request: ServerRequest, path: String, _ context: RequestContext) async throws -> ServerResponse
}
