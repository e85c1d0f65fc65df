import APIMachinery

/// The rules for access tokens that administrators and commands write.
enum OAuthTokenValidation {
    /// `sha256~` and 43 characters of a hash: a plain token must not become a name, where everybody who lists tokens
    /// would read it.
    static func name(_ name: String) -> [String] {
        let messages = NameRules.pathSegment(name)
        guard messages.isEmpty else { return messages }
        guard name.hasPrefix(OAuthTokenName.prefix),
            let hash = Base64URL.decode(String(name.dropFirst(OAuthTokenName.prefix.count))), hash.count == 32
        else { return ["must have the form sha256~HASH, with the SHA-256 of the token in unpadded base64url"] }
        return []
    }

    static func validate(_ token: OAuthAccessToken) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(token.metadata, isNamespaced: false, nameRule: name)
        if token.clientName.isEmpty { errors.append(.required("clientName")) }
        if token.userName.isEmpty {
            errors.append(.required("userName"))
        } else {
            errors += UserValidation.userName(token.userName).map { .invalid("userName", .string(token.userName), $0) }
        }
        if token.userUID.isEmpty { errors.append(.required("userUID")) }
        if token.expiresIn < 0 {
            errors.append(.invalid("expiresIn", .number(token.expiresIn), "must be greater than or equal to 0"))
        }
        // When a token was used last is not kept: better no token than one that outlives its bound.
        if token.inactivityTimeoutSeconds != 0 {
            errors.append(.forbidden("inactivityTimeoutSeconds", "is not supported by this server"))
        }
        if token.scopes.isEmpty { errors.append(.required("scopes", "may not be empty")) }
        for (index, scope) in token.scopes.enumerated() where OAuthScope(scope) == nil {
            errors.append(
                .notSupported("scopes[\(index)]", .string(scope), supported: OAuthScope.allCases.map(\.rawValue)))
        }
        return errors
    }

    /// Nothing but metadata changes: who a token belongs to and how long it lasts stay as they were.
    static func validateUpdate(_ new: OAuthAccessToken, old: OAuthAccessToken) -> [FieldError] {
        var same = old
        same.metadata = new.metadata
        return same == new
            ? [] : [.invalid("", .string(old.metadata.name), "the fields of a token are immutable")]
    }
}
