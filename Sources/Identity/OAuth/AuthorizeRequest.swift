/// A request for a code or token (RFC 6749, 4.1.1 and 4.2.1), checked as far as that goes without knowing who makes it.
struct AuthorizeRequest: Sendable {
    /// What is wrong with a request, and where the client is told so.
    enum Refusal: Error {
        /// Nothing is known that could be trusted with an answer: whoever asks is told.
        case here(OAuthError)
        case redirected(Address, OAuthError)
    }

    /// Where the answer goes.
    struct Address: Sendable {
        var redirect: String
        var state: String?
        /// Behind `#` rather than `?`.
        var isFragment = false

        func url(_ parameters: [(String, String)]) -> String {
            let all = parameters + (state.map { [("state", $0)] } ?? [])
            return redirect + (isFragment ? "#" : "?") + FormParameters.encode(all)
        }

        func url(_ error: OAuthError) -> String {
            url([("error", error.code.rawValue), ("error_description", error.description)])
        }
    }

    /// Longer states come from no client.
    private static let maximumStateBytes = 2048

    let client: OAuthClient
    let address: Address
    let scopes: [OAuthScope]
    let challenge: CodeChallenge?
    let wantsToken: Bool

    /// - Throws: `Refusal`.
    init(_ parameters: FormParameters, issuer: String) throws {
        guard let client = parameters["client_id"].flatMap(OAuthClient.init(rawValue:)) else {
            throw Refusal.here(OAuthError(.unauthorizedClient))
        }
        guard let redirect = parameters["redirect_uri"] ?? client.standardRedirect(issuer: issuer),
            client.permits(redirect: redirect, issuer: issuer),
            (parameters["state"] ?? "").utf8.count <= Self.maximumStateBytes
        else { throw Refusal.here(OAuthError(.invalidRequest)) }
        self.client = client
        var address = Address(redirect: redirect, state: parameters["state"])
        wantsToken = parameters["response_type"] == "token"
        address.isFragment = wantsToken
        self.address = address
        switch parameters["response_type"] {
        case "code": break
        case "token" where client.mayUseImplicitFlow: break
        case nil: throw Refusal.redirected(address, OAuthError(.invalidRequest))
        default: throw Refusal.redirected(address, OAuthError(.unsupportedResponseType))
        }
        let names = (parameters["scope"] ?? OAuthScope.full.rawValue).split(separator: " ")
        scopes = names.compactMap { OAuthScope(String($0)) }
        guard scopes.count == names.count, !scopes.isEmpty, Set(scopes).count == scopes.count else {
            throw Refusal.redirected(address, OAuthError(.invalidScope))
        }
        if let text = parameters["code_challenge"] {
            challenge = CodeChallenge(challenge: text, method: parameters["code_challenge_method"])
            guard challenge != nil else {
                throw Refusal.redirected(address, OAuthError(.invalidRequest, "code_challenge is not usable"))
            }
        } else {
            challenge = nil
        }
        guard !client.requiresChallenge || challenge?.method == .s256 else {
            throw Refusal.redirected(address, OAuthError(.invalidRequest, "code_challenge with S256 is required"))
        }
    }
}
