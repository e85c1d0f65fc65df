import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// Paths at which others learn how service-account tokens are verified.
enum ServiceAccountTokenPath {
    static let configuration = "/.well-known/openid-configuration"
    static let keys = "/openid/v1/jwks"
}

/// The issuer's description and its public keys (OpenID Connect Discovery 1.0, 3 and 4).
struct OpenIDHandler: PathHandler {
    let tokens: ServiceAccountTokens
    let address: PublicAddress
    var paths: [String] { [ServiceAccountTokenPath.configuration, ServiceAccountTokenPath.keys] }

    func respond(to request: ServerRequest, path: String, _ context: RequestContext) async throws -> ServerResponse {
        guard request.method == "GET" || request.method == "HEAD" else { throw APIError.methodNotAllowed }
        let isKeys = path == ServiceAccountTokenPath.keys
        let document = isKeys ? tokens.key.keySet : configuration(address.url(for: request))
        var response = ServerResponse(
            status: 200, contentType: isKeys ? "application/jwk-set+json" : "application/json", document.jsonBytes())
        response.headers[.cacheControl] = "public, max-age=3600"
        return response
    }

    private func configuration(_ url: String) -> JSONValue {
        .object(
            JSONObject(members: [
                ("issuer", .string(tokens.issuer)), ("jwks_uri", .string(url + ServiceAccountTokenPath.keys)),
                ("response_types_supported", ["id_token"]), ("subject_types_supported", ["public"]),
                ("id_token_signing_alg_values_supported", .array([.string(tokens.key.algorithm.name)])),
            ]))
    }
}
