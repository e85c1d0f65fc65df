import APIMachinery
import APIServer

/// `serviceaccounts/token`: gives out a token of a service account (spec/api-machinery.md 9.3). Nothing is stored.
struct TokenRequests: ObjectActionResource {
    /// Seconds.
    private static let standardLifetime: Int64 = 3600
    /// Longer ones are cut, with a warning: nothing but the deletion of the account takes a token back.
    private static let maximumLifetime: Int64 = 365 * 86_400

    let tokens: ServiceAccountTokens
    let accounts: any ServiceAccountLookup
    /// What names the API itself.
    let audiences: [String]
    let descriptor = ResourceDescriptor(
        groupVersion: GroupVersion(group: "", version: "v1"), name: "serviceaccounts", subresource: "token",
        kind: TokenRequest.groupVersionKind, isNamespaced: true)
    var table: TableColumns<TokenRequest>? { nil }

    func create(
        at name: String, _ object: TokenRequest, options: WriteOptions, _ context: RequestContext
    ) async throws -> CreateOutput<TokenRequest> {
        var request = object
        guard ["", name].contains(request.metadata.name) else {
            throw APIError.badRequest(
                "the name of the object (\(request.metadata.name)) does not match the name on the URL (\(name))")
        }
        guard let account = try await accounts.serviceAccount(name, namespace: context.namespace) else {
            throw APIError.notFound(context.resource, name)
        }
        let errors = TokenRequestValidation.validate(request)
        guard errors.isEmpty else { throw APIError.invalid(descriptor.groupKind, request.metadata.name, errors) }
        var identity = ServiceAccountIdentity(namespace: context.namespace, name: name, uid: account.uid)
        if let reference = request.spec.boundObjectRef {
            identity.secret = try await bound(to: reference, account: name, context)
        }
        if request.spec.audiences.isEmpty { request.spec.audiences = audiences }
        let wanted = request.spec.expirationSeconds ?? Self.standardLifetime
        let lifetime = min(wanted, Self.maximumLifetime)
        if lifetime < wanted {
            context.warnings.warn(
                "requested expiration of \(wanted) seconds shortened to \(lifetime) seconds")
        }
        request.spec.expirationSeconds = lifetime
        request.metadata = ObjectMeta(
            name: name, namespace: context.namespace, creationTimestamp: context.now)
        request.status = TokenRequestStatus(
            token: options.isDryRun
                ? ""
                : try tokens.issue(
                    identity, audiences: request.spec.audiences, lifetime: lifetime, now: context.now),
            expirationTimestamp: Timestamp(secondsSince1970: context.now.secondsSince1970 + lifetime))
        return .object(Output(request))
    }

    private func bound(
        to reference: BoundObjectReference, account: String, _ context: RequestContext
    ) async throws -> ServiceAccountIdentity.BoundObject {
        guard reference.apiVersion == "v1", reference.kind == "Secret" else {
            throw APIError.badRequest(
                "cannot bind token for serviceaccount \(goQuoted(account)) to type \(reference.apiVersion), Kind=\(reference.kind)"
            )
        }
        let resource = GroupResource(group: "", resource: "secrets")
        guard let secret = try await accounts.secret(reference.name, namespace: context.namespace) else {
            throw APIError.notFound(resource, reference.name)
        }
        guard reference.uid.isEmpty || reference.uid == secret.uid else {
            throw APIError.conflict(
                resource, reference.name,
                "the UID in the bound object reference (\(reference.uid)) does not match the UID in record. The object might have been deleted and then recreated"
            )
        }
        return .init(name: reference.name, uid: secret.uid)
    }
}
