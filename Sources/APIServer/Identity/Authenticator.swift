import APIMachinery
import HTTPTypes

/// Finds out who makes a request. One of the seams between stand-alone and aggregated mode (design, section 7).
public protocol Authenticator: Sendable {
    /// - Returns: the user, or `nil` where the request carries no credentials this authenticator knows.
    /// - Throws: `APIError.unauthorized` where it carries credentials that are wrong.
    func authenticate(_ request: ServerRequest) async throws -> UserInfo?

    /// As above, also where the credentials have expired lately: what was begun with them may be ended.
    /// - Parameter seconds: how long ago that may be.
    func authenticate(_ request: ServerRequest, expiredWithin seconds: Int64) async throws -> UserInfo?
}

extension Authenticator {
    /// Where nothing expires.
    public func authenticate(_ request: ServerRequest, expiredWithin seconds: Int64) async throws -> UserInfo? {
        try await authenticate(request)
    }
}

/// Asks several authenticators in turn; the first answer counts. A wrong credential is only final when no other
/// authenticator accepts the request.
public struct AuthenticatorChain: Authenticator {
    private let members: [any Authenticator]
    private let ownPaths: Set<String>

    /// - Parameter ownPaths: where nobody logs in: what is in `Authorization` there is for the handler of the path.
    public init(_ members: [any Authenticator], besides ownPaths: Set<String> = []) {
        self.members = members
        self.ownPaths = ownPaths
    }

    /// Two `Authorization` headers are refused: a proxy in front may have looked at the other one.
    public func authenticate(_ request: ServerRequest) async throws -> UserInfo? {
        try await authenticate(request, expiredWithin: 0)
    }

    public func authenticate(_ request: ServerRequest, expiredWithin seconds: Int64) async throws -> UserInfo? {
        guard request.headers[values: .authorization].count <= 1 else { throw APIError.unauthorized }
        if ownPaths.contains(request.path) { return nil }
        var failure: (any Error)?
        for member in members {
            do {
                if let user = try await member.authenticate(request, expiredWithin: seconds) { return user }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return nil
    }
}
