import APIMachinery

/// The rules for users, groups and identities, as the reference has them.
enum UserValidation {
    /// What is wrong with the name of a user or group.
    static func userName(_ name: String) -> [String] {
        let messages = NameRules.pathSegment(name)
        guard messages.isEmpty else { return messages }
        if name.contains(":") { return [#"may not contain ":""#] }
        if name == "~" { return [#"may not equal "~""#] }
        return []
    }

    static func identityName(_ name: String) -> [String] {
        let messages = NameRules.pathSegment(name)
        guard messages.isEmpty else { return messages }
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            return ["must be in the format <providerName>:<providerUserName>"]
        }
        return []
    }

    private static func providerName(_ name: String) -> [String] {
        let messages = NameRules.pathSegment(name)
        guard messages.isEmpty else { return messages }
        return name.contains(":") ? [#"may not contain ":""#] : []
    }

    static func validate(_ user: User) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(user.metadata, isNamespaced: false, nameRule: userName)
        for (index, name) in user.identities.enumerated() {
            errors += identityName(name).map { .invalid("identities[\(index)]", .string(name), $0) }
        }
        for (index, name) in user.groups.enumerated() {
            errors += userName(name).map { .invalid("groups[\(index)]", .string(name), $0) }
        }
        return errors
    }

    static func validate(_ group: UserGroup) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(group.metadata, isNamespaced: false, nameRule: userName)
        for (index, name) in group.users.enumerated() {
            errors += userName(name).map { .invalid("users[\(index)]", .string(name), $0) }
        }
        return errors
    }

    static func validate(_ identity: ProviderIdentity) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(identity.metadata, isNamespaced: false, nameRule: identityName)
        if identity.providerName.isEmpty {
            errors.append(.required("providerName"))
        } else {
            errors += providerName(identity.providerName).map {
                .invalid("providerName", .string(identity.providerName), $0)
            }
        }
        if identity.providerUserName.isEmpty {
            errors.append(.required("providerUserName"))
        } else {
            errors += NameRules.pathSegment(identity.providerUserName).map {
                .invalid("providerUserName", .string(identity.providerUserName), $0)
            }
        }
        let user = identity.user
        if user.name.isEmpty, !user.uid.isEmpty {
            errors.append(.invalid("user.uid", .string(user.uid), "may not be set if user.name is empty"))
        }
        if !user.namespace.isEmpty {
            errors.append(.invalid("user.namespace", .string(user.namespace), "may not be set"))
        }
        let expected = ProviderIdentityRules.name(provider: identity.providerName, user: identity.providerUserName)
        if !identity.providerName.isEmpty, !identity.providerUserName.isEmpty, identity.metadata.name != expected {
            errors.append(.invalid("metadata.name", .string(identity.metadata.name), "must be \(expected)"))
        }
        return errors
    }

    static func validateUpdate(_ new: ProviderIdentity, old: ProviderIdentity) -> [FieldError] {
        var errors: [FieldError] = []
        if new.providerName != old.providerName {
            errors.append(
                .invalid("providerName", .string(new.providerName), "may not change from \(old.providerName)"))
        }
        if new.providerUserName != old.providerUserName {
            errors.append(
                .invalid(
                    "providerUserName", .string(new.providerUserName),
                    "may not change from \(old.providerUserName)"))
        }
        return errors
    }
}
