import APIMachinery
import APIServer

enum OAuthTokenRules {
    static let accessTokens = ObjectKind<OAuthAccessToken>(
        descriptor: ResourceDescriptor(
            groupVersion: OAuthAccessToken.groupVersionKind.groupVersion, name: "oauthaccesstokens",
            kind: OAuthAccessToken.groupVersionKind, isNamespaced: false, isStored: true),
        keyPrefix: "/oauth.openshift.io/oauthaccesstokens/",
        selectableFieldNames: ["clientName", "userName", "userUID", "authorizeToken"],
        selectableFields: { token in
            [
                "clientName": token.clientName, "userName": token.userName, "userUID": token.userUID,
                "authorizeToken": token.authorizeToken,
            ]
        })

    /// Codes of log-ins under way; no resource shows them.
    static let authorizeTokens = ObjectKind<OAuthAuthorizeToken>(
        descriptor: ResourceDescriptor(
            groupVersion: OAuthAuthorizeToken.groupVersionKind.groupVersion, name: "oauthauthorizetokens",
            kind: OAuthAuthorizeToken.groupVersionKind, isNamespaced: false, isStored: true),
        keyPrefix: "/oauth.openshift.io/oauthauthorizetokens/")

    /// Whether something made at `created` to last `seconds` is over; 0 lasts for ever.
    /// - Parameter since: for so long at least, in seconds.
    static func isExpired(created: Timestamp, seconds: Int64, now: Timestamp, since: Int64 = 0) -> Bool {
        guard seconds > 0 else { return seconds < 0 }
        let (end, overflow) = created.secondsSince1970.addingReportingOverflow(seconds)
        return !overflow && now.secondsSince1970 - since >= end
    }
}

struct OAuthAccessTokenStrategy: Strategy {
    var isNamespaced: Bool { false }

    func prepareForCreate(_ object: inout OAuthAccessToken, _ context: RequestContext) async throws {}

    func validateForCreate(_ object: inout OAuthAccessToken, _ context: RequestContext) async throws -> [FieldError] {
        OAuthTokenValidation.validate(object)
    }

    func prepareForUpdate(
        _ object: inout OAuthAccessToken, old: OAuthAccessToken, _ context: RequestContext
    ) async throws {}

    func validateForUpdate(
        _ object: inout OAuthAccessToken, old: OAuthAccessToken, _ context: RequestContext
    ) async throws -> [FieldError] {
        OAuthTokenValidation.validate(object) + OAuthTokenValidation.validateUpdate(object, old: old)
    }
}

/// Codes are written by the server alone, and never changed.
struct OAuthAuthorizeTokenStrategy: Strategy {
    var isNamespaced: Bool { false }

    func prepareForCreate(_ object: inout OAuthAuthorizeToken, _ context: RequestContext) async throws {}
    func validateForCreate(
        _ object: inout OAuthAuthorizeToken, _ context: RequestContext
    ) async throws -> [FieldError] { [] }
    func prepareForUpdate(
        _ object: inout OAuthAuthorizeToken, old: OAuthAuthorizeToken, _ context: RequestContext
    ) async throws {}
    func validateForUpdate(
        _ object: inout OAuthAuthorizeToken, old: OAuthAuthorizeToken, _ context: RequestContext
    ) async throws -> [FieldError] { [.forbidden("metadata.name", "codes do not change")] }
}
