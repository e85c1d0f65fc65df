import APIMachinery
import APIServer

/// Service accounts of core/v1 (spec/clients.md 0, row 11).
public enum ServiceAccountRules {
    /// Those that every namespace has, as in OpenShift.
    public static let permanent = ["builder", "default", "deployer"]

    static let quotaNames = ["count/serviceaccounts"]

    static let kind = ObjectKind<ServiceAccount>(
        descriptor: ResourceDescriptor(
            groupVersion: GroupVersion(group: "", version: "v1"), name: "serviceaccounts",
            kind: ServiceAccount.groupVersionKind, isNamespaced: true, shortNames: ["sa"], isStored: true),
        keyPrefix: "/core/serviceaccounts/", returnsDeletedObject: true)
}

struct ServiceAccountStrategy: Strategy {
    var isNamespaced: Bool { true }
    var allowsUnconditionalUpdate: Bool { true }

    func prepareForCreate(_ object: inout ServiceAccount, _ context: RequestContext) async throws {
        Self.keepNames(&object)
    }

    func validateForCreate(_ object: inout ServiceAccount, _ context: RequestContext) async throws -> [FieldError] {
        Self.validate(object)
    }

    func prepareForUpdate(
        _ object: inout ServiceAccount, old: ServiceAccount, _ context: RequestContext
    ) async throws {
        Self.keepNames(&object)
    }

    func validateForUpdate(
        _ object: inout ServiceAccount, old: ServiceAccount, _ context: RequestContext
    ) async throws -> [FieldError] {
        Self.validate(object)
    }

    /// Secrets are named, in the account's own namespace; nothing else of a reference means anything.
    static func keepNames(_ account: inout ServiceAccount) {
        account.secrets = account.secrets.map { ObjectReference(name: $0.name) }
    }

    private static func validate(_ account: ServiceAccount) -> [FieldError] {
        ObjectMetaValidation.validate(account.metadata, isNamespaced: true, nameRule: NameRules.subdomain)
    }
}
