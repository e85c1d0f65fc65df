/// A refusal in the words of OAuth (RFC 6749, 4.1.2.1 and 5.2).
struct OAuthError: Error, Sendable, Hashable {
    enum Code: String, Sendable {
        case invalidRequest = "invalid_request"
        case unauthorizedClient = "unauthorized_client"
        case accessDenied = "access_denied"
        case unsupportedResponseType = "unsupported_response_type"
        case invalidScope = "invalid_scope"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case unsupportedGrantType = "unsupported_grant_type"
    }

    var code: Code
    var description: String

    init(_ code: Code, _ description: String? = nil) {
        self.code = code
        self.description = description ?? Self.texts[code] ?? ""
    }

    private static let texts: [Code: String] = [
        .invalidRequest:
            "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.",
        .unauthorizedClient: "The client is not authorized to request a token using this method.",
        .accessDenied: "The resource owner or authorization server denied the request.",
        .unsupportedResponseType:
            "The authorization server does not support obtaining a token using this method.",
        .invalidScope: "The requested scope is invalid, unknown, or malformed.",
        .invalidClient:
            "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method).",
        .invalidGrant:
            "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.",
        .unsupportedGrantType:
            "The authorization grant type is not supported by the authorization server.",
    ]
}
