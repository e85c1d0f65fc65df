import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// `/oauth/authorize`: who are you, and where shall the code go (spec/clients.md 2.2, 2.3)?
struct AuthorizeHandler: PathHandler {
    let server: OAuthServer
    var paths: [String] { [OAuthPath.authorize] }

    func respond(to request: ServerRequest, path: String, _ context: RequestContext) async throws -> ServerResponse {
        guard ["GET", "HEAD", "POST"].contains(request.method) else { throw APIError.methodNotAllowed }
        let authorize: AuthorizeRequest
        do {
            authorize = try AuthorizeRequest(
                try FormParameters(request.query), issuer: server.address.url(for: request))
        } catch is FormParameters.Malformed {
            return .oauth(400, OAuthError(.invalidRequest))
        } catch AuthorizeRequest.Refusal.here(let error) {
            return .oauth(400, error)
        } catch AuthorizeRequest.Refusal.redirected(let address, let error) {
            return .redirect(to: address.url(error))
        }
        if authorize.client == .challenging { return try await challenge(request, authorize, context) }
        return try await form(request, authorize, context)
    }

    // MARK: Programs

    /// Basic authentication, for programs that say that they are none of a browser's pages: a browser would show a box of
    /// its own, and answer for any page.
    private func challenge(
        _ request: ServerRequest, _ authorize: AuthorizeRequest, _ context: RequestContext
    ) async throws -> ServerResponse {
        guard request.method == "GET" else { throw APIError.methodNotAllowed }
        guard request.header(.csrfToken)?.isEmpty == false else {
            return .text(
                401,
                """
                A non-empty X-CSRF-Token header is required to receive basic-auth challenges.
                A token can be had at \(server.address.url(for: request))\(OAuthPath.request)

                """)
        }
        guard let credentials = BasicCredentials(request) else { return Self.challenge }
        switch try await server.login(credentials.name, password: credentials.password, request, context) {
        case .user(let user): return try await admit(user, authorize, context)
        case .wrong: return Self.challenge
        case .refused(let seconds): return Self.tooMany(seconds)
        case .barred: return .redirect(to: authorize.address.url(Self.barred))
        }
    }

    private static var challenge: ServerResponse {
        var response = ServerResponse.text(401, "Unauthorized\n")
        response.headers[.wwwAuthenticate] = "Basic realm=\"openshift\""
        response.protectFromCaches()
        return response
    }

    private static func tooMany(_ seconds: Int) -> ServerResponse {
        var response = ServerResponse.text(
            429, "Too many attempts to log in. Try again in \(seconds) seconds.\n")
        response.headers[.retryAfter] = String(seconds)
        response.protectFromCaches()
        return response
    }

    private static let barred = OAuthError(
        .accessDenied, "The user could not be mapped to a user of this server: ask an administrator.")

    // MARK: People

    private func form(
        _ request: ServerRequest, _ authorize: AuthorizeRequest, _ context: RequestContext
    ) async throws -> ServerResponse {
        guard request.method == "POST" else { return page(200, request, authorize) }
        let fields = try await FormParameters(body: request)
        guard LoginCookie.form.matches(fields["form"], in: request) else {
            return page(403, request, authorize, "This form has expired. Try again.")
        }
        guard let name = fields["username"], let password = fields["password"] else {
            return page(401, request, authorize, "Name and password, please.")
        }
        switch try await server.login(name, password: password, request, context) {
        case .user(let user): return try await admit(user, authorize, context)
        case .wrong: return page(401, request, authorize, "Wrong name or password.", name: name)
        case .refused(let seconds):
            var response = page(
                429, request, authorize, "Too many attempts. Try again in \(seconds) seconds.", name: name)
            response.headers[.retryAfter] = String(seconds)
            return response
        case .barred: return .redirect(to: authorize.address.url(Self.barred))
        }
    }

    private func page(
        _ status: Int, _ request: ServerRequest, _ authorize: AuthorizeRequest, _ problem: String = "",
        name: String = ""
    ) -> ServerResponse {
        let value = LoginCookie.form.value(in: request) ?? RandomToken.secret()
        let error: HTML = problem.isEmpty ? "" : "<p class=\"error\">\(problem)</p>"
        let purpose: HTML =
            authorize.client == .cli
            ? "<p>A program on this computer asks for access in your name. Go on only if you have started it.</p>" : ""
        var response = HTMLPage.response(
            status, title: "Log in", formTarget: Self.origin(of: authorize.address.redirect),
            """
            \(error)\(purpose)
            <form method="post" action="\(OAuthPath.authorize)?\(request.query)">
            <input type="hidden" name="form" value="\(value)">
            <label>Name <input name="username" value="\(name)" autocomplete="username" required autofocus></label>
            <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
            <button>Log in</button>
            </form>
            """)
        LoginCookie.form.set(value, in: &response)
        return response
    }

    /// Scheme, host and port, as a policy names them; nil for addresses that policies cannot name.
    private static func origin(of url: String) -> String? {
        guard !url.contains("[") else { return nil }
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.count < 3 ? "" : "\(parts[0])//\(parts[2])"
    }

    // MARK: Answers

    private func admit(
        _ user: User, _ authorize: AuthorizeRequest, _ context: RequestContext
    ) async throws -> ServerResponse {
        guard authorize.wantsToken else {
            let code = try await server.tokens.issueCode(to: user, authorize, context)
            return .redirect(to: authorize.address.url([("code", code)]))
        }
        let token = try await server.tokens.issue(
            to: user, client: authorize.client.rawValue, scopes: authorize.scopes,
            redirectURI: authorize.address.redirect, lifetime: server.tokenLifetime, context)
        return .redirect(
            to: authorize.address.url([
                ("access_token", token), ("expires_in", String(server.tokenLifetime)),
                ("scope", authorize.scopes.map(\.rawValue).joined(separator: " ")), ("token_type", "Bearer"),
            ]))
    }
}

extension FormParameters {
    /// The fields of a form that was sent.
    /// - Throws: `APIError` for a body of another type, or one that is too long or malformed.
    init(body request: ServerRequest) async throws {
        let type = request.header(.contentType)?.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard type == "application/x-www-form-urlencoded" else {
            throw APIError.badRequest("the body must be of type application/x-www-form-urlencoded")
        }
        do {
            let bytes = try await request.body.collect(upTo: Self.maximumBytes)
            try self.init(String(decoding: bytes, as: UTF8.self))
        } catch is BodyReader.Failure {
            throw APIError.badRequest("the body is too long, or ends early")
        } catch is Malformed {
            throw APIError.badRequest("the body is malformed, or names a parameter twice")
        }
    }
}
