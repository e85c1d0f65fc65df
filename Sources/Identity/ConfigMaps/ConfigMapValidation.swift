import APIMachinery
import JSON

/// The rules of core/v1 for config maps.
enum ConfigMapValidation {
    static func validate(_ map: ConfigMap) -> [FieldError] {
        var errors = ObjectMetaValidation.validate(
            map.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
        for key in map.data.keys.sorted(by: Exactly.precedes) {
            errors += keyErrors(key, "data[\(key)]")
            if map.binaryData[key] != nil {
                errors.append(.invalid("data[\(key)]", .string(key), "duplicate of key present in binaryData"))
            }
        }
        for key in map.binaryData.keys.sorted(by: Exactly.precedes) { errors += keyErrors(key, "binaryData[\(key)]") }
        let bytes =
            map.data.values.reduce(0) { $0 + $1.utf8.count } + map.binaryData.values.reduce(0) { $0 + $1.count }
        if bytes > SecretRules.maximumBytes {
            // The reference's name for the whole object.
            errors.append(.tooLong("[]", "may not be more than \(SecretRules.maximumBytes) bytes"))
        }
        return errors
    }

    static func validateUpdate(_ new: ConfigMap, old: ConfigMap) -> [FieldError] {
        var errors: [FieldError] = []
        if old.immutable == true {
            if new.immutable != true { errors.append(.isFrozen("immutable")) }
            if new.data != old.data { errors.append(.isFrozen("data")) }
            if new.binaryData != old.binaryData { errors.append(.isFrozen("binaryData")) }
        }
        return errors + validate(new)
    }

    private static func keyErrors(_ key: String, _ field: String) -> [FieldError] {
        NameRules.configKey(key).map { .invalid(field, .string(key), $0) }
    }
}
