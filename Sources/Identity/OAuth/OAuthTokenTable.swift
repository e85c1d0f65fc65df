import APIMachinery
import APIServer
import JSON

enum OAuthTokenTable {
    static let accessTokens = TableColumns<OAuthAccessToken>(
        columns: columns(TableColumns<OAuthAccessToken>.nameDescription, user: true),
        cells: { token, now in
            [.string(token.metadata.name), .string(token.userName)] + cells(token, now)
        })

    static let userTokens = TableColumns<UserOAuthAccessToken>(
        columns: columns(TableColumns<UserOAuthAccessToken>.nameDescription, user: false),
        cells: { token, now in
            [.string(token.metadata.name)] + cells(OAuthAccessToken(token), now)
        })

    private static func columns<Object>(
        _ name: String, user: Bool
    ) -> [TableColumns<Object>.Column] {
        var columns: [TableColumns<Object>.Column] = [.init("Name", format: "name", description: name)]
        if user { columns.append(.init("User Name", description: documentation("userName"))) }
        return columns + [
            .init("Client Name", description: documentation("clientName")),
            .init("Created", description: TableColumns<OAuthAccessToken>.createdDescription),
            .init("Expires", description: documentation("expiresIn")),
            .init("Redirect URI", description: documentation("redirectURI")),
            .init("Scopes", description: documentation("scopes")),
        ]
    }

    private static func documentation(_ field: String) -> String { OAuthAccessToken.schema.documentation(of: field) }

    private static func cells(_ token: OAuthAccessToken, _ now: Timestamp) -> [JSONValue] {
        let created = token.metadata.creationTimestamp
        let expires =
            token.expiresIn > 0
            ? Timestamp(secondsSince1970: created.secondsSince1970 &+ token.expiresIn).description : "never"
        return [
            .string(token.clientName), .string(HumanDuration.short(since: created, now: now)), .string(expires),
            .string(token.redirectURI), .string(token.scopes.joined(separator: ", ")),
        ]
    }
}
