import APIMachinery
import APIServer

/// Secrets of core/v1 (spec/clients.md 0, row 11).
public enum SecretRules {
    /// Where the store keeps them: what encryption at rest goes by.
    public static let keyPrefix = "/core/secrets/"

    /// The names under which quotas count them.
    static let quotaNames = ["count/secrets", "secrets"]

    static let kind = ObjectKind<Secret>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "", version: "v1"), name: "secrets", kind: Secret.groupVersionKind,
            isNamespaced: true, isStored: true),
        keyPrefix: keyPrefix, selectableFieldNames: ["type"], selectableFields: { ["type": $0.type] })

    /// What the data of a secret must hold, by its type.
    enum KnownType {
        static let opaque = "Opaque"
        static let serviceAccountToken = "kubernetes.io/service-account-token"
        static let dockerConfig = "kubernetes.io/dockercfg"
        static let dockerConfigJSON = "kubernetes.io/dockerconfigjson"
        static let basicAuth = "kubernetes.io/basic-auth"
        static let sshAuth = "kubernetes.io/ssh-auth"
        static let tls = "kubernetes.io/tls"
    }

    /// Bytes of all values of one secret, or of one config map.
    static let maximumBytes = 1 << 20
}

struct SecretStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    /// Strings are a way to write data, and are never seen again.
    func applyDefaults(_ object: inout Secret) {
        if object.type.isEmpty { object.type = SecretRules.KnownType.opaque }
        for (key, text) in object.stringData { object.data[key] = Array(text.utf8) }
        object.stringData = [:]
    }

    func prepareForCreate(_ object: inout Secret, _ context: RequestContext) async throws {}

    func validateForCreate(_ object: inout Secret, _ context: RequestContext) async throws -> [FieldError] {
        SecretValidation.validate(object)
    }

    func prepareForUpdate(_ object: inout Secret, old: Secret, _ context: RequestContext) async throws {}

    func validateForUpdate(
        _ object: inout Secret, old: Secret, _ context: RequestContext
    ) async throws -> [FieldError] {
        SecretValidation.validateUpdate(object, old: old)
    }
}
