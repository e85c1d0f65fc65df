import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// `/oauth/token`: exchanges a code for a token (RFC 6749, 4.1.3).
struct TokenHandler: PathHandler {
    let server: OAuthServer
    var paths: [String] { [OAuthPath.token] }

    func respond(to request: ServerRequest, path: String, _ context: RequestContext) async throws -> ServerResponse {
        guard request.method == "POST" else { throw APIError.methodNotAllowed }
        do {
            return try await exchange(request, context)
        } catch let error as OAuthError {
            guard error.code == .invalidClient else { return .oauth(400, error) }
            var response = ServerResponse.oauth(401, error)
            response.headers[.wwwAuthenticate] = "Basic realm=\"openshift\""
            return response
        }
    }

    private func exchange(_ request: ServerRequest, _ context: RequestContext) async throws -> ServerResponse {
        let fields: FormParameters
        do { fields = try await FormParameters(body: request) } catch let error as APIError {
            throw OAuthError(.invalidRequest, error.message)
        }
        let client = try client(request, fields)
        guard let grant = fields["grant_type"] else { throw OAuthError(.invalidRequest) }
        guard grant == "authorization_code" else { throw OAuthError(.unsupportedGrantType) }
        guard let code = fields["code"] else { throw OAuthError(.invalidRequest) }
        let (token, scopes) = try await server.tokens.redeem(
            .init(
                client: client, code: code, redirectURI: fields["redirect_uri"], verifier: fields["code_verifier"]),
            issuer: server.address.url(for: request), lifetime: server.tokenLifetime, context)
        let document: JSONValue = .object(
            JSONObject(members: [
                ("access_token", .string(token)), ("expires_in", .integer(server.tokenLifetime)),
                ("scope", .string(scopes.map(\.rawValue).joined(separator: " "))), ("token_type", "Bearer"),
            ]))
        var response = ServerResponse(status: 200, contentType: "application/json", document.jsonBytes())
        response.protectFromCaches()
        return response
    }

    /// The client, by basic authentication with an empty password or by `client_id`. The one of the server's own pages
    /// exchanges its codes by itself, and nobody else does.
    private func client(_ request: ServerRequest, _ fields: FormParameters) throws -> OAuthClient {
        let named = fields["client_id"]
        var name = named
        if request.header(.authorization) != nil {
            guard let credentials = BasicCredentials(request), credentials.password.isEmpty,
                named == nil || named == credentials.name
            else { throw OAuthError(.invalidClient) }
            name = credentials.name
        }
        guard fields["client_secret"] == nil, let client = name.flatMap(OAuthClient.init(rawValue:)),
            client != .browser
        else { throw OAuthError(.invalidClient) }
        return client
    }
}
