import APIMachinery
import JSON

/// The rules of core/v1 for secrets. No text repeats a value.
enum SecretValidation {
    static let accountName = "kubernetes.io/service-account.name"

    static func validate(_ secret: Secret) -> [FieldError] {
        ObjectMetaValidation.validate(secret.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
            + validateData(secret.data) + validateType(of: secret)
    }

    static func validateUpdate(_ new: Secret, old: Secret) -> [FieldError] {
        var errors: [FieldError] = []
        if new.type != old.type { errors.append(.invalid("type", .string(new.type), "field is immutable")) }
        if old.immutable == true {
            if new.immutable != true { errors.append(.isFrozen("immutable")) }
            if new.data != old.data { errors.append(.isFrozen("data")) }
        }
        return errors + validate(new)
    }

    private static func validateData(_ data: [String: [UInt8]]) -> [FieldError] {
        var errors = data.keys.sorted(by: Exactly.precedes).flatMap { key in
            NameRules.configKey(key).map { FieldError.invalid("data[\(key)]", .string(key), $0) }
        }
        if data.values.reduce(0, { $0 + $1.count }) > SecretRules.maximumBytes {
            errors.append(.tooLong("data", "may not be more than \(SecretRules.maximumBytes) bytes"))
        }
        return errors
    }

    private static func validateType(of secret: Secret) -> [FieldError] {
        func missing(_ keys: [String]) -> [FieldError] {
            keys.filter { secret.data[$0] == nil }.map { .required("data[\($0)]") }
        }
        switch secret.type {
        case SecretRules.KnownType.serviceAccountToken:
            guard secret.metadata.annotations[accountName]?.isEmpty ?? true else { return [] }
            return [.required("metadata.annotations[\(accountName)]")]
        case SecretRules.KnownType.dockerConfig: return validateJSON(".dockercfg", of: secret)
        case SecretRules.KnownType.dockerConfigJSON: return validateJSON(".dockerconfigjson", of: secret)
        case SecretRules.KnownType.basicAuth:
            // One of them is enough.
            let errors = missing(["username", "password"])
            return errors.count == 2 ? errors : []
        case SecretRules.KnownType.sshAuth:
            return secret.data["ssh-privatekey"]?.isEmpty ?? true ? [.required("data[ssh-privatekey]")] : []
        case SecretRules.KnownType.tls: return missing(["tls.crt", "tls.key"])
        default: return []
        }
    }

    /// Deeper documents are no configuration of a registry client.
    private static let limits = JSONLimits(depth: 100, bytes: SecretRules.maximumBytes)

    private static func validateJSON(_ key: String, of secret: Secret) -> [FieldError] {
        guard let bytes = secret.data[key] else { return [.required("data[\(key)]")] }
        let problem: String
        do throws(JSONError) {
            switch try JSONValue.parse(bytes, limits: limits) {
            case .object, .null: return []
            case let other:
                problem =
                    "json: cannot unmarshal \(other.goTypeName) into Go value of type map[string]interface {}"
            }
        } catch {
            // Other kinds of failures may quote what is there; of the grammar, at most one character is told.
            problem = error.kind == .syntax || error.kind == .encoding ? error.message : "it cannot be read"
        }
        return [.invalid("data[\(key)]", "<secret contents redacted>", problem)]
    }
}

extension FieldError {
    /// A member of a secret or config map that was declared immutable.
    static func isFrozen(_ field: String) -> FieldError {
        .forbidden(field, "field is immutable when `immutable` is set")
    }
}

extension JSONValue {
    fileprivate var goTypeName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
