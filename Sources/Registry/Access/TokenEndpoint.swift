import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// `/openshift/token`: gives clients that want a bearer token the one that they have as a password (spec/registry.md I-3).
struct TokenEndpoint: Sendable {
    let authenticator: any Authenticator
    let nestedNames: NestedNames
    let now: @Sendable () -> Timestamp

    /// What clients may rely on, in seconds. A token that ends before is refused when it has, and asked for again.
    private static let lifetime: Int64 = 300
    private static let maximumForm = 64 << 10

    func respond(to request: ServerRequest) async throws -> ServerResponse {
        try RegistryAccess.requireOneAuthorization(request)
        if request.method == "POST" { return try await exchange(request) }
        if let refusal = refusal(of: QueryParameters(request.query).all("scope")) { return refusal }
        guard let header = request.header(.authorization) else { return answer(RegistryAccess.anonymousToken) }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let (user, password) = Credentials.pair(String(parts[1]))
        else { return Self.unauthorized }
        if user.isEmpty && password.isEmpty { return answer(RegistryAccess.anonymousToken) }
        return try await answer(password, request)
    }

    /// OAuth2's form, which some clients try first.
    private func exchange(_ request: ServerRequest) async throws -> ServerResponse {
        guard MediaTypes.essence(request.header(.contentType)) == "application/x-www-form-urlencoded" else {
            return ServerResponse(
                status: 415, contentType: "application/json", Array(#"{"details":"a form is expected"}"#.utf8))
        }
        let body: [UInt8]
        do { body = try await request.body.collect(upTo: Self.maximumForm) } catch BodyReader.Failure.tooLarge {
            throw RegistryError(413, .sizeInvalid, "at most \(Self.maximumForm) bytes of a form are taken")
        }
        let form = QueryParameters(String(decoding: body, as: UTF8.self))
        if let refusal = refusal(of: form.all("scope")) { return refusal }
        let token: String?
        switch form["grant_type"] {
        case "password": token = form["password"]
        case "refresh_token": token = form["refresh_token"]
        default: token = nil
        }
        if form["grant_type"] == "password", form["username"] ?? "" == "", token == "" {
            return answer(RegistryAccess.anonymousToken, scope: form["scope"])
        }
        guard let token, !token.isEmpty else { return Self.unauthorized }
        return try await answer(token, request, scope: form["scope"], isOffline: form["access_type"] == "offline")
    }

    /// The same token back, if somebody is known by it.
    private func answer(
        _ token: String, _ request: ServerRequest, scope: String? = nil, isOffline: Bool = false
    ) async throws -> ServerResponse {
        guard case .token(let token) = Credentials("Bearer \(token)") else { return Self.unauthorized }
        var bearing = request
        bearing.headers[.authorization] = "Bearer \(token)"
        do {
            guard try await authenticator.authenticate(bearing) != nil else { return Self.unauthorized }
        } catch let error as APIError where error.status.code != 401 {
            throw RegistryError.unavailable("unable to validate token")
        } catch {
            return Self.unauthorized
        }
        return answer(token, scope: scope, isOffline: isOffline)
    }

    private func answer(_ token: String, scope: String? = nil, isOffline: Bool = false) -> ServerResponse {
        var out = JSONObject()
        out["token"] = .string(token)
        out["access_token"] = .string(token)
        out["expires_in"] = .integer(Self.lifetime)
        out["issued_at"] = .string(now().description)
        if let scope { out["scope"] = .string(scope) }
        if isOffline { out["refresh_token"] = .string(token) }
        var response = ServerResponse(
            status: 200, contentType: "application/json", JSONValue.object(out).jsonBytes())
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private static let unauthorized = ServerResponse(status: 401)

    /// Names in scopes must have two parts, or more where that is a name; scopes say nothing else that matters, because the token is not narrowed.
    private func refusal(of scopes: [String]) -> ServerResponse? {
        for scope in scopes.flatMap({ $0.split(separator: " ") }) {
            let parts = scope.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, ["repository", "signature"].contains(parts[0].prefix { $0 != "(" }) else {
                continue
            }
            let components = parts[1].split(separator: "/", omittingEmptySubsequences: false).count
            guard components != 2, components < 2 || nestedNames == .refuse else { continue }
            let details: JSONValue = [
                "details": .string("scope \(parts[1]) must be of the format <project>/<name>")
            ]
            return ServerResponse(status: 401, contentType: "application/json", details.jsonBytes())
        }
        return nil
    }
}
