import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// `/.well-known/oauth-authorization-server`: where and how to log in (RFC 8414; spec/api-machinery.md 9.10).
struct OAuthMetadata: PathHandler {
    let address: PublicAddress
    var paths: [String] { [OAuthPath.metadata] }

    func respond(to request: ServerRequest, path: String, _ context: RequestContext) async throws -> ServerResponse {
        guard request.method == "GET" || request.method == "HEAD" else { throw APIError.methodNotAllowed }
        let issuer = address.url(for: request)
        let document: JSONValue = .object(
            JSONObject(members: [
                ("issuer", .string(issuer)), ("authorization_endpoint", .string(issuer + OAuthPath.authorize)),
                ("token_endpoint", .string(issuer + OAuthPath.token)),
                ("scopes_supported", .array(OAuthScope.allCases.map { .string($0.rawValue) })),
                ("response_types_supported", ["code", "token"]),
                ("grant_types_supported", ["authorization_code", "implicit"]),
                ("code_challenge_methods_supported", ["plain", "S256"]),
            ]))
        return ServerResponse(
            status: 200, contentType: "application/json", JSONText.indented(document.jsonBytes()))
    }
}
