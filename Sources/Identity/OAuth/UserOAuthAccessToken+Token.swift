extension UserOAuthAccessToken {
    /// A token as its owner sees it.
    init(_ token: OAuthAccessToken) {
        self.init(
            metadata: token.metadata, clientName: token.clientName, expiresIn: token.expiresIn, scopes: token.scopes,
            redirectURI: token.redirectURI, userName: token.userName, userUID: token.userUID,
            authorizeToken: token.authorizeToken, refreshToken: token.refreshToken,
            inactivityTimeoutSeconds: token.inactivityTimeoutSeconds)
    }
}

extension OAuthAccessToken {
    init(_ token: UserOAuthAccessToken) {
        self.init(
            metadata: token.metadata, clientName: token.clientName, expiresIn: token.expiresIn, scopes: token.scopes,
            redirectURI: token.redirectURI, userName: token.userName, userUID: token.userUID,
            authorizeToken: token.authorizeToken, refreshToken: token.refreshToken,
            inactivityTimeoutSeconds: token.inactivityTimeoutSeconds)
    }
}
