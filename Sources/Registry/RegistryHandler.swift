import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// Answers the paths below `/v2/`: OCI distribution.
///
/// So far it is the version check with authentication, which clients need to log in; repositories have no content yet
/// and are answered as unknown.
public struct RegistryHandler: Sendable {
    private let authenticator: any Authenticator

    public init(authenticator: any Authenticator) { self.authenticator = authenticator }

    /// Where whoever prunes images deletes blobs that no image uses any more (spec/clients.md 5.4).
    private static let prunedBlobs = "/admin/blobs/"

    /// Whether a path is the registry's.
    public static func owns(_ path: String) -> Bool {
        path == "/v2" || path.hasPrefix("/v2/") || path.hasPrefix(prunedBlobs)
    }

    public func respond(to request: ServerRequest) async -> ServerResponse {
        var response: ServerResponse
        do {
            response = try await answer(request)
        } catch let error as RegistryError {
            response = error.response
        } catch {
            response = RegistryError.unauthorized.response
        }
        if response.status == 401 { response.headers[.wwwAuthenticate] = "Basic realm=\"weir\"" }
        if let name = HTTPField.Name("Docker-Distribution-Api-Version") { response.headers[name] = "registry/2.0" }
        if request.method == "HEAD" { response.body = .bytes([]) }
        return response
    }

    private func answer(_ request: ServerRequest) async throws -> ServerResponse {
        guard try await authenticator.authenticate(withTokenAsBearer(request)) != nil else {
            throw RegistryError.unauthorized
        }
        if request.path.hasPrefix(Self.prunedBlobs) {
            throw request.method == "DELETE" ? RegistryError.unknownBlob : RegistryError.unsupported
        }
        guard request.path == "/v2/" || request.path == "/v2" else { throw RegistryError.unknownRepository }
        guard request.method == "GET" || request.method == "HEAD" else { throw RegistryError.unsupported }
        return ServerResponse(status: 200, contentType: "application/json", Array("{}".utf8))
    }

    /// Clients of registries send basic authentication; the password is the token, the user name is not looked at.
    private func withTokenAsBearer(_ request: ServerRequest) -> ServerRequest {
        let parts = (request.header(.authorization) ?? "").split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            case .bytes(let bytes) = Base64.decode(Array(parts[1].utf8)),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return request }
        var bearing = request
        let token = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        // What could not stand in a header is no token of ours.
        bearing.headers[.authorization] =
            token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? "Bearer \(token)" : "Bearer -"
        return bearing
    }
}
