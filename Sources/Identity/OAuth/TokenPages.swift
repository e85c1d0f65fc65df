import APIMachinery
import APIServer
import HTTPTypes

/// The pages where people get a token with a browser, to paste it elsewhere (spec/clients.md 2.2).
struct TokenPages: PathHandler {
    let server: OAuthServer
    var paths: [String] { [OAuthPath.request, OAuthPath.display, OAuthPath.implicit] }

    func respond(to request: ServerRequest, path: String, _ context: RequestContext) async throws -> ServerResponse {
        let isRead = request.method == "GET" || request.method == "HEAD"
        switch path {
        case OAuthPath.request where isRead: return start(request)
        case OAuthPath.display where isRead: return confirm(request)
        case OAuthPath.display where request.method == "POST": return try await display(request, context)
        case OAuthPath.implicit where isRead: return implicit(request)
        default: throw APIError.methodNotAllowed
        }
    }

    /// Sends the browser to log in.
    private func start(_ request: ServerRequest) -> ServerResponse {
        let issuer = server.address.url(for: request)
        let state = RandomToken.secret()
        let query = FormParameters.encode([
            ("client_id", OAuthClient.browser.rawValue), ("redirect_uri", issuer + OAuthPath.display),
            ("response_type", "code"), ("state", state),
        ])
        var response = ServerResponse.redirect(to: "\(issuer)\(OAuthPath.authorize)?\(query)")
        LoginCookie.state.set(state, in: &response)
        return response
    }

    /// Back from the log-in: a code that this browser asked for becomes a token at the press of a button, so that neither
    /// the address nor the browser's history ever shows one.
    private func confirm(_ request: ServerRequest) -> ServerResponse {
        guard let parameters = try? FormParameters(request.query) else { return failure(request) }
        if let description = parameters["error_description"] ?? parameters["error"] {
            return failure(request, String(description.prefix(500)))
        }
        guard let code = parameters["code"], LoginCookie.state.matches(parameters["state"], in: request) else {
            return failure(request)
        }
        let value = LoginCookie.form.value(in: request) ?? RandomToken.secret()
        var response = HTMLPage.response(
            200, title: "Your token",
            """
            <form method="post" action="\(OAuthPath.display)">
            <input type="hidden" name="code" value="\(code)">
            <input type="hidden" name="form" value="\(value)">
            <button>Display Token</button>
            </form>
            """)
        LoginCookie.form.set(value, in: &response)
        return response
    }

    private func display(_ request: ServerRequest, _ context: RequestContext) async throws -> ServerResponse {
        let fields = try await FormParameters(body: request)
        guard LoginCookie.form.matches(fields["form"], in: request), let code = fields["code"] else {
            return failure(request)
        }
        let issuer = server.address.url(for: request)
        let token: String
        do {
            token = try await server.tokens.redeem(
                .init(client: .browser, code: code), issuer: issuer, lifetime: server.tokenLifetime, context
            ).token
        } catch is OAuthError {
            return failure(request, "The code is not good any more.")
        }
        return HTMLPage.response(
            200, title: "Your token",
            """
            <p>Your API token is</p>
            <pre>\(token)</pre>
            <p>Log in with this token</p>
            <pre>oc login --token=\(token) --server=\(issuer)</pre>
            <p>Use this token directly against the API</p>
            <pre>curl -H "Authorization: Bearer \(token)" "\(issuer)/apis/user.openshift.io/v1/users/~"</pre>
            <p><a href="\(OAuthPath.request)">Request another token</a></p>
            """)
    }

    private func failure(_ request: ServerRequest, _ problem: String = "") -> ServerResponse {
        let error: HTML = problem.isEmpty ? "" : "<p>\(problem)</p>"
        return HTMLPage.response(
            400, title: "No token",
            "<p class=\"error\">This page did not get what it needs.</p>\(error)<p><a href=\"\(OAuthPath.request)\">Request a token</a></p>"
        )
    }

    /// Programs that ask for a token without a browser are sent here, and read the address instead of this.
    private func implicit(_ request: ServerRequest) -> ServerResponse {
        HTMLPage.response(
            200, title: "Not for browsers",
            """
            <p>You have reached this page by following a redirect Location header from an OAuth authorize request.</p>
            <p>If a response token has been granted, it stands in the address behind #access_token.</p>
            <p><a href="\(OAuthPath.request)">Request a token</a> with a browser instead.</p>
            """)
    }
}
