import APIMachinery
import APIServer
import HTTPTypes
import JSON

/// Who asks the registry, and what they may do (spec/registry.md 3.3, 3.4).
struct RegistryAccess: Sendable {
    let authenticator: any Authenticator
    let authorizer: any Authorizer
    let challenge: Challenge
    let deniedStatus: RegistryConfiguration.DeniedStatus

    /// The word that stands for nobody in a bearer token (I-1).
    static let anonymousToken = "anonymous"

    // MARK: Who

    /// - Parameter seconds: how long ago the token may have expired.
    /// - Throws: 401 with what the client is to do about it.
    func user(
        _ request: ServerRequest, _ records: [AccessRecord], expiredWithin seconds: Int64 = 0
    ) async throws(RegistryError) -> UserInfo {
        try Self.requireOneAuthorization(request)
        let bearing: ServerRequest
        switch Credentials(request.header(.authorization)) {
        case .none: bearing = request
        case .anonymous: return .anonymous
        case .undecodable:
            throw unauthorized(Challenge.basic("failed to decode credentials"))
        case .token(let token):
            var changed = request
            changed.headers[.authorization] = "Bearer \(token)"
            bearing = changed
        }
        do {
            guard let user = try await authenticator.authenticate(bearing, expiredWithin: seconds) else {
                throw unauthorized(challenge.bearer(request, records))
            }
            return user
        } catch let error as RegistryError {
            throw error
        } catch let error as APIError where error.status.code != 401 {
            throw .unavailable("the credentials cannot be looked at now")
        } catch {
            throw unauthorized(Challenge.basic("access denied"))
        }
    }

    /// - Throws: 400 where there are several: a proxy in front may have looked at another one (C-13).
    static func requireOneAuthorization(_ request: ServerRequest) throws(RegistryError) {
        guard request.headers[values: .authorization].count <= 1 else {
            throw RegistryError(400, .unsupported, "there is more than one Authorization header")
        }
    }

    private func unauthorized(_ challenge: String) -> RegistryError {
        var error = RegistryError.unauthorized
        error.headers[.wwwAuthenticate] = challenge
        return error
    }

    // MARK: What

    /// - Throws: 403, for nobody 401: they may have credentials that they have not shown yet.
    func require(
        _ records: [AccessRecord], of user: UserInfo, _ request: ServerRequest
    ) async throws(RegistryError) {
        for record in records {
            guard try await !isAllowed(record, to: user) else { continue }
            if user.name == UserInfo.anonymous.name { throw unauthorized(challenge.bearer(request, records)) }
            if deniedStatus == .unauthorized { throw unauthorized(Challenge.basic("access denied")) }
            throw .denied(Self.text(record, user))
        }
    }

    /// Whether one of the record's permissions is there.
    func isAllowed(_ record: AccessRecord, to user: UserInfo) async throws(RegistryError) -> Bool {
        for permission in record.permissions {
            if try await isAllowed(permission, to: user) { return true }
        }
        return false
    }

    func isAllowed(_ attributes: AccessAttributes, to user: UserInfo) async throws(RegistryError) -> Bool {
        do { return try await authorizer.authorize(user, attributes).isAllowed } catch {
            throw .unavailable("permissions cannot be looked at now")
        }
    }

    /// The text says nothing of what exists: it is the same for a repository that does not.
    private static func text(_ record: AccessRecord, _ user: UserInfo) -> String {
        guard let first = record.permissions.first else { return "requested access to the resource is denied" }
        let resource = first.subresource.isEmpty ? first.resource : "\(first.resource)/\(first.subresource)"
        var text = "user \(goQuoted(user.name)) cannot \(first.verb) \(resource)"
        if !first.name.isEmpty { text += " \(goQuoted(first.name))" }
        if !first.namespace.isEmpty { text += " in namespace \(goQuoted(first.namespace))" }
        return text
    }
}

/// What a registry request says of who sends it (I-1).
enum Credentials: Hashable, Sendable {
    case none
    /// The literal word.
    case anonymous
    /// Basic credentials that are none.
    case undecodable
    /// A token; of basic credentials the password, whoever the user says to be.
    case token(String)

    init(_ header: String?) {
        let parts = (header ?? "").split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard let scheme = parts.first else {
            self = .none
            return
        }
        let value = parts.count == 2 ? String(parts[1].drop { $0 == " " }) : ""
        switch scheme.lowercased() {
        case "bearer" where value.isEmpty: self = .none
        case "bearer": self = value == RegistryAccess.anonymousToken ? .anonymous : Self.checked(value)
        case "basic":
            guard let (_, password) = Self.pair(value), !password.isEmpty else {
                self = .undecodable
                return
            }
            self = Self.checked(password)
        default: self = .none
        }
    }

    /// User and password of basic credentials (RFC 7617); nil for what is none. The last colon parts them: tokens have
    /// none, and the names of service accounts do.
    static func pair(_ value: String) -> (user: String, password: String)? {
        guard case .bytes(let bytes) = Base64.decode(Array(value.utf8)),
            let colon = bytes.lastIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return (
            String(decoding: bytes[..<colon], as: UTF8.self), String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        )
    }

    /// What could not stand in a header is no token of ours, and is refused like any other that is none.
    private static func checked(_ token: String) -> Credentials {
        .token(token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? token : "-")
    }
}
