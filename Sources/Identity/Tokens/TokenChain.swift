import APIMachinery
import APIServer

/// All sorts of bearer tokens that a server knows; the first that takes a token for its own and good counts.
public struct TokenChain: Sendable {
    /// No token is longer, in bytes: more is not even looked at.
    public static let maximumBytes = 16_384

    /// What names the API as the audience of tokens.
    public let audiences: [String]
    private let members: [any TokenAuthenticator]

    public init(_ members: [any TokenAuthenticator], audiences: [String]) {
        self.members = members
        self.audiences = audiences
    }

    /// - Parameters:
    ///   - wanted: the audiences asked for; empty for the API.
    ///   - seconds: how long ago the token may have expired.
    /// - Throws: `APIError.unauthorized` for a token that nobody knows or that is not good any more.
    public func authenticate(
        _ token: String, wanted: [String] = [], expiredWithin seconds: Int64 = 0
    ) async throws -> AuthenticatedToken {
        guard !token.isEmpty, token.utf8.count <= Self.maximumBytes else { throw APIError.unauthorized }
        let audiences = TokenAudiences(wanted: wanted, api: self.audiences)
        var failure: any Error = APIError.unauthorized
        for member in members {
            do {
                if var known = try await member.authenticate(token, audiences: audiences, expiredWithin: seconds) {
                    if !known.user.groups.contains(UserInfo.authenticated) {
                        known.user.groups.append(UserInfo.authenticated)
                    }
                    return known
                }
            } catch let error as APIError where error.code == 401 {
                continue
            } catch {
                // Whether the token is good could not be found out: that is no refusal.
                failure = error
            }
        }
        throw failure
    }
}
